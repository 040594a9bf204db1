/** Trusting the certificate that this box made: compare, download, and what to do with it on each platform. */
import type { VNode } from 'preact';
import { API } from '../../api/client.ts';
import { server } from '../../app/stores.ts';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { fingerprintText } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { SettingsFrame } from './frame.tsx';
import './settings.css';

const PLATFORMS = ['windows', 'mac', 'ios', 'linux', 'firefox', 'android'] as const;
const NSS = 'certutil -d sql:$HOME/.pki/nssdb -A -t "P,," -n understudy -i understudy.crt';

export function TrustPage(): VNode {
  const box = server.value;
  const names = [...new Set([location.hostname, ...(box?.addresses ?? [])])].join(', ');
  return (
    <SettingsFrame>
      <div class="stack trust">
        <p class="muted">{word('trust.why')}</p>
        <section class="card" aria-labelledby="compare">
          <h2 id="compare">{word('trust.compare')}</h2>
          <p class="muted">{word('trust.compareText')}</p>
          <p>{t('first.certificate')}</p>
          <code class="fingerprint">{fingerprintText(box?.fingerprint ?? '')}</code>
        </section>
        <section class="card" aria-labelledby="download">
          <h2 id="download">{word('trust.download')}</h2>
          <p class="muted">{word('trust.downloadText')}</p>
          <p>
            <a class="button primary" href={`${API}/server/certificate`} download="understudy.crt">
              <Icon name="exports" />
              {word('trust.button')}
            </a>
          </p>
        </section>
        <section class="card" aria-labelledby="install">
          <h2 id="install">{word('trust.install')}</h2>
          {PLATFORMS.map((key) => (
            <details key={key} open={key === ownPlatform()}>
              <summary>{word(`trust.${key}`)}</summary>
              <p class="muted">{word(`trust.${key}Text`)}</p>
              {key === 'linux' && <code class="fingerprint">{NSS}</code>}
            </details>
          ))}
          <p class="muted small">{word('trust.name', { names })}</p>
        </section>
      </div>
    </SettingsFrame>
  );
}

/** The one that is likely to be read. */
function ownPlatform(): (typeof PLATFORMS)[number] {
  const agent = navigator.userAgent;
  if (agent.includes('Firefox')) return 'firefox';
  if (agent.includes('Android')) return 'android';
  if (/iPhone|iPad/.test(agent)) return 'ios';
  if (agent.includes('Mac OS')) return 'mac';
  return agent.includes('Windows') ? 'windows' : 'linux';
}
