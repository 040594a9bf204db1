/** Health of the servers of the site; of the one looked at: what needs attention, volumes with their forecast, processes, its cameras' rates over time. */
import type { VNode } from 'preact';
import type { Server, Volume } from '../../api/api.ts';
import { healthApi } from '../../api/health.ts';
import { siteServers } from '../../api/site.ts';
import { query } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { hostAddress, refreshServer, refreshVolumes, server, volumes } from '../../app/stores.ts';
import { messageOf } from '../../app/toasts.tsx';
import { t as word } from '../../messages/health/words.ts';
import { t } from '../../messages/messages.ts';
import { Notice } from '../../ui/dialog.tsx';
import { useFresh } from '../failover/fresh.ts';
import { Charts } from './charts.tsx';
import { Items, Processes, Volumes } from './parts.tsx';
import { SiteServers, type SiteHealth } from './site-servers.tsx';
import './health.css';

const POLL_MS = 5000;

export function HealthPage(): VNode {
  const site = useSite();
  const own = server.value?.id ?? '';
  const asked = query.value.get('server');
  const chosen = site?.servers.find(({ id }) => id === asked) ?? { id: own, name: server.value?.name ?? '' };
  return (
    <Page title={t('nav.health')}>
      <div class="stack">
        {site !== undefined && site.servers.length > 1 && (
          <>
            <SiteServers site={site} chosen={chosen.id} />
            <h2 class="health-of">{word('of.title', { name: chosen.name })}</h2>
          </>
        )}
        <ToHost />
        <OneServer id={chosen.id} isHere={chosen.id === own} />
      </div>
    </Page>
  );
}

function OneServer({ id, isHere }: { readonly id: string; readonly isHere: boolean }): VNode {
  const { error, box, volumes: disks } = useServer(id, isHere);
  return (
    <>
      {error !== undefined && (
        <Notice tone="warn">
          {messageOf(error)} {box !== undefined && word('of.away')}
        </Notice>
      )}
      {box !== undefined && (
        <>
          <Items items={box.health.items} />
          <div class="health-columns">
            <Volumes volumes={disks} isHere={isHere} />
            <Processes box={box} />
          </div>
        </>
      )}
      {error === undefined && <Charts key={id} serverId={id} />}
    </>
  );
}

/** Only a host knows all of them; whoever may not ask sees this box alone. */
function useSite(): SiteHealth | undefined {
  const isHost = server.value?.mode === 'host';
  const load = async (): Promise<SiteHealth | undefined> => {
    if (!isHost) return undefined;
    const [servers, known] = await Promise.all([siteServers(), healthApi.known().catch(() => [])]);
    return { servers, known: new Map(known.map((one) => [one.id, one])) };
  };
  return useFresh(load, { key: String(isHost), everyMs: POLL_MS }).value;
}

type Seen = {
  readonly box: Server | undefined;
  readonly volumes: readonly Volume[] | undefined;
  readonly error: unknown;
};
/** This box stands in the stores; another one is asked through its host. */
function useServer(id: string, isHere: boolean): Seen {
  const isAsked = !isHere && id !== '';
  const load = async (): Promise<
    { readonly id: string; readonly box: Server; readonly disks: readonly Volume[] } | undefined
  > => {
    if (isHere) await Promise.all([refreshServer(), refreshVolumes()]);
    if (!isAsked) return undefined;
    const [box, disks] = await Promise.all([healthApi.server(id), healthApi.volumes(id)]);
    return { id, box, disks };
  };
  const { value, error } = useFresh(load, { key: `${id} ${String(isAsked)}`, everyMs: POLL_MS });
  if (!isAsked) return { box: server.value, volumes: volumes.value, error: undefined };
  // Until the first answer about another one, that of the one before still stands here.
  return value?.id === id
    ? { box: value.box, volumes: value.disks, error }
    : { box: undefined, volumes: undefined, error };
}

/** A member knows itself only. */
function ToHost(): VNode | null {
  const host = server.value?.site.host;
  if (host === undefined) return null;
  const to = hostAddress(host);
  return (
    <Notice>
      {word('of.host')} {to !== undefined && <a href={`${to}/health`}>{word('of.toHost', { name: host.name })}</a>}
    </Notice>
  );
}
