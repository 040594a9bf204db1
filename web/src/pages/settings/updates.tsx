/** Which releases run in the site, and how a newer one gets there. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { besideOurs, type Beside } from '../../../../src/site/version.ts';
import { siteServers, type SiteServerView } from '../../api/site.ts';
import { updates, type Updates as Seen } from '../../api/updates.ts';
import { can } from '../../app/session.ts';
import { refreshServer, server } from '../../app/stores.ts';
import { t } from '../../messages/settings/words.ts';
import { Notice } from '../../ui/dialog.tsx';
import { useFresh } from '../failover/fresh.ts';
import { OwnReleases } from './updates/own-releases.tsx';
import { SiteUpdates } from './updates/site-updates.tsx';

const LOOK_EVERY_MS = 2000;
const SITE_EVERY_MS = 10_000;

export function Updates(): VNode | null {
  const box = server.value;
  const site = useFresh(siteServers, { key: box?.id ?? '', everyMs: SITE_EVERY_MS, on: ['server'] });
  const others = site.value?.filter(({ id }) => id !== box?.id);
  // A link from elsewhere leads here, and the page was not there yet when the browser looked for it.
  useEffect(() => {
    if (location.hash === '#updates') document.getElementById('updates')?.scrollIntoView();
  }, [others === undefined]);
  if (box === undefined) return null;
  return (
    <section class="card" aria-labelledby="updates">
      <div class="card-head">
        <h2 id="updates">{t('updates.title')}</h2>
      </div>
      <p>{t('updates.own', { version: box.version })}</p>
      <OtherRelease version={box.version} />
      {others !== undefined && others.length > 0 && <Others others={others} own={box.version} />}
      {can('change') && <Changing others={others ?? []} onSite={site.refresh} />}
      {others !== undefined && others.length > 0 && <p class="muted small">{t('updates.order')}</p>}
    </section>
  );
}

/** The scripts of this page are of the release that ran when it was opened. */
function OtherRelease({ version }: { readonly version: string }): VNode | null {
  const first = useRef(version);
  if (first.current === version) return null;
  return (
    <Notice>
      {t('updates.reload', { version })}{' '}
      <button type="button" class="button small-button" onClick={() => location.reload()}>
        {t('updates.reloadDo')}
      </button>
    </Notice>
  );
}

type ChangingProps = { readonly others: readonly SiteServerView[]; readonly onSite: () => void };
function Changing({ others, onSite }: ChangingProps): VNode | null {
  const load = async (abort: AbortSignal): Promise<Seen> => {
    const seen = await updates.view(abort);
    // It may be another box by now, so to say.
    if (seen.version !== server.peek()?.version) void refreshServer().catch(() => undefined);
    return seen;
  };
  const { value: seen, refresh } = useFresh(load, { everyMs: LOOK_EVERY_MS, on: ['server'] });
  const onChange = (): void => {
    refresh();
    onSite();
  };
  if (seen === undefined) return null;
  return (
    <>
      <OwnReleases {...{ seen, onChange }} />
      <SiteUpdates {...{ seen, others, onChange }} />
    </>
  );
}

type OthersProps = { readonly others: readonly SiteServerView[]; readonly own: string };
function Others({ others, own }: OthersProps): VNode {
  const those = (beside: Beside): readonly SiteServerView[] =>
    others.filter(({ version }) => version !== undefined && besideOurs(version, own) === beside);
  const [older, newer] = [those('older'), those('newer')];
  const unknown = others.filter(({ version }) => version === undefined).length;
  return (
    <ul class="updates">
      {older.length > 0 && (
        <li class="warn">{t('updates.older', { n: older.length, all: others.length, names: namesOf(older) })}</li>
      )}
      {newer.length > 0 && (
        <li>{t('updates.newer', { n: newer.length, all: others.length, names: namesOf(newer) })}</li>
      )}
      {older.length + newer.length + unknown === 0 && <li>{t('updates.same', { all: others.length })}</li>}
      {unknown > 0 && <li>{t('updates.unknown', { n: unknown, all: others.length })}</li>}
    </ul>
  );
}

const MAX_NAMES = 20;
function namesOf(servers: readonly SiteServerView[]): string {
  const shown = servers.slice(0, MAX_NAMES).map(({ name, version }) => `${name} (${version ?? '?'})`);
  return [...shown, ...(servers.length > MAX_NAMES ? ['…'] : [])].join(', ');
}
