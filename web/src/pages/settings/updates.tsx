/** Which releases run in the site, and how a newer one gets there. Nothing is installed from here. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { besideOurs, type Beside } from '../../../../src/site/version.ts';
import { siteServers, type SiteServerView } from '../../api/site.ts';
import { server } from '../../app/stores.ts';
import { t } from '../../messages/settings/words.ts';

export function Updates(): VNode | null {
  const box = server.value;
  const [others, setOthers] = useState<readonly SiteServerView[]>();
  useEffect(() => {
    if (box !== undefined)
      void siteServers()
        .then((all) => setOthers(all.filter(({ id }) => id !== box.id)))
        .catch(() => undefined);
  }, [box?.id]);
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
      {others !== undefined && others.length > 0 && <Others others={others} own={box.version} />}
      <p class="muted small">{t('updates.how')}</p>
      {others !== undefined && others.length > 0 && <p class="muted small">{t('updates.order')}</p>}
    </section>
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
