/** What a test of a camera found: each check with its time, the picture, the certificate to trust. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { TestCameraResult } from '../../api/api.ts';
import { t, tOr } from '../../messages/messages.ts';
import { Notice } from '../../ui/dialog.tsx';
import { fingerprintText } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';

type Props = {
  readonly result: TestCameraResult;
  readonly trusted: string | undefined;
  readonly onTrust: (fingerprint: string) => void;
};

export function TestResult({ result, trusted, onTrust }: Props): VNode {
  const { fingerprint } = result;
  return (
    <section class="stack test-result" aria-label={t('camera.testResult')} role="status">
      <ul class="checks">
        {result.checks.map(({ check, ok, message, milliseconds }) => (
          <li key={check}>
            <span class={ok ? 'good' : 'bad'}>
              <Icon name={ok ? 'check' : 'close'} />
              <span class="hidden-text">{t(ok ? 'camera.checkOk' : 'camera.checkFailed')}</span>
            </span>
            <span class="strong">{tOr(`check.${check}`, check)}</span>
            <span class={ok ? 'muted' : 'bad'}>{message}</span>
            <span class="muted small">{Math.round(milliseconds)} ms</span>
          </li>
        ))}
      </ul>
      {fingerprint !== undefined && fingerprint !== trusted && (
        <Notice tone="warn">
          <p>{t('camera.trustText')}</p>
          <code class="mono small">{fingerprintText(fingerprint)}</code>
          <p>
            <button type="button" class="button" onClick={() => onTrust(fingerprint)}>
              {t('camera.trust')}
            </button>
          </p>
        </Notice>
      )}
      {result.preview !== undefined && <Preview base64={result.preview} codec={result.codec} />}
    </section>
  );
}

/** A picture that came as base64, as an address that a <video> can show. */
export function useMovie(base64: string): string {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0);
    const made = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [base64]);
  return url;
}

function Preview({ base64, codec }: { readonly base64: string; readonly codec: string | undefined }): VNode {
  const url = useMovie(base64);
  const [failed, setFailed] = useState(false);
  useEffect(() => setFailed(false), [base64]);
  if (failed) return <Notice>{t('camera.noPreview', { codec: codec ?? '' })}</Notice>;
  return (
    <video
      class="preview"
      src={url}
      muted
      playsInline
      preload="auto"
      aria-label={t('camera.preview')}
      onError={() => url !== '' && setFailed(true)}
    />
  );
}
