/** The host of the site: gone, well, or another one than before; and a box in whose place another one is. */
import type { VNode } from 'preact';
import type { SiteHostView } from '../../../api/activity.ts';
import { server } from '../../../app/stores.ts';
import { t } from '../../../messages/activity/words.ts';
import { dateAndTime, duration } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { serverUrl } from '../../../api/server-url.ts';
import { isOwner, Section, type Open } from './parts.tsx';

/** Below that it may only be starting again (src/site/host-role.ts). */
const GONE_SECONDS = 30;
export const isHostGone = ({ isHost, host, here }: SiteHostView): boolean =>
  !isHost && host !== undefined && !host.connected && (here.silentSeconds ?? 0) >= GONE_SECONDS;

type Props = { readonly view: SiteHostView; readonly open: Open };
export function HostGone({ view, open }: Props): VNode | null {
  const { host, here } = view;
  if (host === undefined || !isHostGone(view)) return null;
  return (
    <section class="notice warn act-banner">
      <Icon name="alert" />
      <div class="grow">
        <p class="strong">{t('host.gone', { host: host.name, time: duration(here.silentSeconds ?? 0) })}</p>
        <p>
          {t(here.canTake ? 'host.goneCanTake' : 'host.goneText')}{' '}
          {here.automaticAfterSeconds !== undefined &&
            t('host.automatic', { time: duration(here.automaticAfterSeconds) })}
        </p>
        {!here.canTake && here.reason !== undefined && <p class="muted">{here.reason}</p>}
      </div>
      {here.canTake && isOwner() && (
        <button type="button" class="button primary" onClick={() => open({ kind: 'take-host' })}>
          {t('host.take')}
        </button>
      )}
    </section>
  );
}

export function Fenced({ open }: { readonly open: Open }): VNode | null {
  const by = server.value?.replacedBy;
  if (by === undefined) return null;
  return (
    <section class="notice bad act-banner">
      <Icon name="alert" />
      <div class="grow">
        <p class="strong">
          {t('fenced', { server: server.value?.name ?? '', by: by.name, time: dateAndTime(Date.parse(by.at)) })}
        </p>
        <p>{t('fenced.text')}</p>
      </div>
      {isOwner() && (
        <button type="button" class="button" onClick={() => open({ kind: 'clear' })}>
          {t('fenced.clear')}
        </button>
      )}
    </section>
  );
}

/** Who is the host, and who may follow it; calm, at the end of the page. */
export function HostSection({ view, open }: Props): VNode | null {
  const { host, isHost, since, successors, here } = view;
  if (host === undefined) return null;
  return (
    <Section
      title={t('host')}
      aside={
        !isHost &&
        isOwner() &&
        !isHostGone(view) && (
          <button type="button" class="button quiet" onClick={() => open({ kind: 'take-host' })}>
            {t('host.take')}
          </button>
        )
      }
    >
      <div class="card">
        <dl class="facts">
          <dt>{t('host.now')}</dt>
          <dd>
            <HostName view={view} />{' '}
            {since !== undefined && <span class="muted">{t('since', { time: dateAndTime(Date.parse(since)) })}</span>}
          </dd>
          <dt>{t('host.successors')}</dt>
          <dd>{successors.length === 0 ? t('host.nobody') : <Successors view={view} />}</dd>
          {!isHost && here.copyAt !== undefined && (
            <>
              <dt>{t('host.copy')}</dt>
              <dd>{dateAndTime(Date.parse(here.copyAt))}</dd>
            </>
          )}
        </dl>
      </div>
    </Section>
  );
}

function HostName({ view: { host, isHost } }: { readonly view: SiteHostView }): VNode {
  const name = host?.name ?? '';
  if (isHost) return <span>{t('host.own', { host: name })}</span>;
  const url = serverUrl(host);
  return url === undefined ? <span>{name}</span> : <a href={url}>{name}</a>;
}

function Successors({ view: { successors } }: { readonly view: SiteHostView }): VNode {
  return (
    <ul class="row wrap">
      {successors.map(({ id, name, connected, hasCopy }) => (
        <li key={id} class={`chip ${connected && hasCopy !== false ? 'good' : 'warn'}`}>
          <span class="dot" />
          <span class="name">{name}</span>
          {!connected ? t('host.away') : hasCopy === false ? t('host.noCopy') : ''}
        </li>
      ))}
    </ul>
  );
}
