/** What the box of this page is: its mode, its site, and where servers are managed if not here. */
import type { VNode } from 'preact';
import type { Server } from '../../../api/api.ts';
import { server } from '../../../app/stores.ts';
import { plural, t } from '../../../messages/servers/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import type { SetOpen } from './open.ts';
import { isHost, isOwner, rows } from './store.ts';
import { urlOf } from './places.ts';
import { MODE_ICONS } from './server-chip.tsx';

export function ThisBox({ onOpen }: { readonly onOpen: SetOpen }): VNode | null {
  const box = server.value;
  if (box === undefined) return null;
  return (
    <section class="this-box" aria-label={t('thisBox')}>
      <Icon name={MODE_ICONS[box.mode]} />
      <p class="grow">
        <span class="strong">{t(`thisBox.${box.mode}`, { name: box.name })}</span> <Site />
      </p>
      {isOwner.value && (
        <button type="button" class="button quiet" onClick={() => onOpen({ kind: 'mode' })}>
          {t('mode.change')}
        </button>
      )}
    </section>
  );
}

function Site(): VNode | null {
  const { site } = server.value ?? {};
  if (isHost.value) return <span class="muted">{plural(site?.members ?? 0, 'site.hostOne', 'site.hostMany')}</span>;
  if (site?.host !== undefined) return <Member host={site.host} isLocked={site.locked} />;
  return (rows.value?.length ?? 1) > 1 ? <span class="muted">{t('site.none')}</span> : null;
}

type MemberProps = { readonly host: NonNullable<Server['site']['host']>; readonly isLocked: boolean };
function Member({ host, isLocked }: MemberProps): VNode {
  const { name, address, httpPort, connected } = host;
  const url = urlOf(address, httpPort);
  return (
    <>
      <span class="muted">{t(connected ? 'site.member' : 'site.memberAway', { host: name })}</span>{' '}
      {isLocked && <span class="muted">{t('site.locked', { host: name })} </span>}
      {url !== undefined && (
        <a href={`${url}/failover`} target="_blank" rel="noreferrer">
          {t('site.openHost', { host: name })}
        </a>
      )}
    </>
  );
}
