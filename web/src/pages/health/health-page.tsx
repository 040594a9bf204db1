/** Health of the servers of the site; of the one looked at: what needs attention, volumes with their forecast, processes, its cameras' rates over time. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
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

/** At once, and again every few seconds while somebody looks. */
function usePolling(work: () => Promise<void>, key: string): void {
  useEffect(() => {
    const run = (): void => {
      if (!document.hidden) void work().catch(() => undefined);
    };
    run();
    const timer = setInterval(run, POLL_MS);
    return () => clearInterval(timer);
  }, [key]);
}

/** Only a host knows all of them; whoever may not ask sees this box alone. */
function useSite(): SiteHealth | undefined {
  const [site, setSite] = useState<SiteHealth>();
  const isHost = server.value?.mode === 'host';
  usePolling(async () => {
    if (!isHost) return;
    const [servers, known] = await Promise.all([siteServers(), healthApi.known().catch(() => [])]);
    setSite({ servers, known: new Map(known.map((one) => [one.id, one])) });
  }, String(isHost));
  return isHost ? site : undefined;
}

type Seen = {
  readonly id: string;
  readonly box: Server | undefined;
  readonly volumes: readonly Volume[] | undefined;
  readonly error: unknown;
};
/** This box stands in the stores; another one is asked through its host. */
function useServer(id: string, isHere: boolean): Seen {
  const [seen, setSeen] = useState<Seen>({ id, box: undefined, volumes: undefined, error: undefined });
  usePolling(async () => {
    if (id === '') return;
    if (isHere) {
      await Promise.all([refreshServer(), refreshVolumes()]);
      return;
    }
    try {
      const [box, disks] = await Promise.all([healthApi.server(id), healthApi.volumes(id)]);
      setSeen({ id, box, volumes: disks, error: undefined });
    } catch (error) {
      setSeen((before) =>
        before.id === id ? { ...before, error } : { id, box: undefined, volumes: undefined, error },
      );
    }
  }, id);
  if (isHere || id === '') return { id, box: server.value, volumes: volumes.value, error: undefined };
  return seen.id === id ? seen : { id, box: undefined, volumes: undefined, error: undefined };
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
