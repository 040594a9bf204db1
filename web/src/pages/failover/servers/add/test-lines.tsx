/** What the test of a connection found, a line a check; the certificate to compare; switching management on where it is off. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ConnectionCheck } from '../../../../api/servers.ts';
import { plural, t, tOr } from '../../../../messages/adding/words.ts';
import { Notice } from '../../../../ui/dialog.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { Fingerprint } from '../fingerprint.tsx';
import type { AddressForm } from './use-address.ts';

export function TestLines({ form }: { readonly form: AddressForm }): VNode | null {
  const { result, confirmed, draft, busy } = form;
  const place = useRef<HTMLElement>(null);
  // The form above may fill the dialog.
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [result]);
  if (result === undefined) return null;
  const { checks, httpsFingerprint } = result;
  const isOff = checks.some(({ name, ok }) => name === 'managed' && !ok);
  const hasAccount = draft.username !== '' && draft.password !== '';
  return (
    <section class="stack" aria-label={t('result')} role="status" ref={place}>
      <Verdict checks={checks} isConfirmed={confirmed !== undefined && hasAccount} />
      <Checks checks={checks} />
      {httpsFingerprint !== undefined && httpsFingerprint !== confirmed && (
        <Confirm fingerprint={httpsFingerprint} onConfirm={() => form.confirm(httpsFingerprint)} />
      )}
      {confirmed !== undefined && !hasAccount && <Notice>{t('accountNext')}</Notice>}
      {isOff && confirmed !== undefined && hasAccount && (
        <Notice tone="warn">
          <p>{t('enable.text')}</p>
          <p>
            <button type="button" class="button" disabled={busy !== 'no'} onClick={() => void form.enable()}>
              {t('enable')}
            </button>
          </p>
        </Notice>
      )}
    </section>
  );
}

/** What all lines together come to. */
function Verdict({
  checks,
  isConfirmed,
}: {
  readonly checks: readonly ConnectionCheck[];
  readonly isConfirmed: boolean;
}): VNode {
  const failed = checks.some(({ ok, code }) => !ok && code !== undefined);
  const remarks = checks.filter(({ ok, code }) => !ok && code === undefined).length;
  if (failed) return <p class="strong bad">{t('verdict.failed')}</p>;
  if (!isConfirmed) return <p class="strong">{t('verdict.there')}</p>;
  return (
    <p class="strong good">
      {remarks === 0 ? t('verdict.good') : plural(remarks, 'verdict.remark', 'verdict.remarks')}
    </p>
  );
}

export function Checks({ checks }: { readonly checks: readonly ConnectionCheck[] }): VNode {
  return (
    <ul class="server-checks">
      {checks.map(({ name, ok, detail, code }) => {
        const tone = ok ? 'good' : code === undefined ? 'warn' : 'bad';
        return (
          <li key={name}>
            <span class={tone}>
              <Icon name={ok ? 'check' : code === undefined ? 'alert' : 'close'} />
              <span class="hidden-text">{t(`check.${tone}`)}</span>
            </span>
            <span class="strong">{tOr(`check.${name}`, name)}</span>
            <span class={ok ? 'muted' : tone}>{detail}</span>
          </li>
        );
      })}
    </ul>
  );
}

function Confirm({ fingerprint, onConfirm }: { readonly fingerprint: string; readonly onConfirm: () => void }): VNode {
  return (
    <Notice tone="warn">
      <p>{t('confirm.text')}</p>
      <p>
        <Fingerprint hex={fingerprint} />
      </p>
      <p>
        <button type="button" class="button" onClick={onConfirm}>
          {t('confirm.same')}
        </button>
      </p>
    </Notice>
  );
}
