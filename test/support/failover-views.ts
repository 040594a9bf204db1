/** What servers of a site say over their API, and waiting for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Simulation, SiteBox, SiteCamera } from './failover-site.ts';
import { waitFor as waitOften } from './wait-for.ts';

const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 150;
/** Asks a server, not a variable: less often than other waits. */
export const waitFor: typeof waitOften = async (what, look, timeoutMs) =>
  await waitOften(
    what,
    async () => {
      const value = await look();
      if (value === undefined || value === false) await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
      return value;
    },
    timeoutMs,
  );

export type ServerView = {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  readonly detachPending?: object;
  readonly unsuited?: { readonly code: string };
  readonly watch?: {
    readonly state: string;
    readonly cameras: number;
    readonly covered: number;
    readonly backupAt?: string;
    readonly standby?: { readonly hot: { readonly wanted: number; readonly ready: number } };
  };
};
export async function serverView(by: SiteBox, name: string): Promise<ServerView | undefined> {
  const { items } = (await by.api.call('GET', '/servers')) as { items: ServerView[] };
  return items.find((server) => server.name === name);
}

export type TakeoverView = {
  readonly id: string;
  readonly serverName: string;
  readonly state: string;
  readonly reason: string;
  readonly suspectedAt: string;
  readonly declaredAt?: string;
  readonly endedAt?: string;
  readonly cameras: readonly {
    readonly cameraId: string;
    readonly covered: boolean;
    readonly firstFrameAt?: string;
    readonly lastFrameAt?: string;
  }[];
};
export async function takeovers(by: SiteBox): Promise<readonly TakeoverView[]> {
  return ((await by.api.call('GET', '/failover/takeovers')) as { items: TakeoverView[] }).items;
}

/** Ids of the cameras that it covers now, by what it keeps on disk. */
export function coveredBy({ dataDir }: SiteBox): readonly string[] {
  try {
    const file = JSON.parse(readFileSync(join(dataDir, 'settings', 'covers.json'), 'utf8')) as {
      readonly data: { readonly covered: readonly { readonly cameraId: string; readonly to?: number }[] };
    };
    return file.data.covered.filter(({ to }) => to === undefined).map(({ cameraId }) => cameraId);
  } catch {
    return [];
  }
}

type CameraView = { readonly state: string; readonly lastFrameAt?: string };
/** Until the server recorded every one of these for `ms` more than now. */
export async function recordsFor(box: SiteBox, cameras: readonly SiteCamera[], ms: number): Promise<void> {
  const wanted = new Date(Date.now() + ms).toISOString();
  for (const { cameraId } of cameras)
    await waitFor(
      `${box.name} to record ${cameraId}`,
      async () => {
        const view = (await box.api.call('GET', `/cameras/${cameraId}`).catch(() => undefined)) as
          | CameraView
          | undefined;
        return (view?.lastFrameAt ?? '') > wanted;
      },
      PATIENCE_MS,
    );
}

/** Until `by` watches `server`, has its settings, and keeps its cameras ready as they ask. */
export async function isReady(
  by: SiteBox,
  server: SiteBox,
  cameras: readonly SiteCamera[],
  simulation: Simulation,
): Promise<void> {
  await waitFor(
    `${by.name} to watch ${server.name}`,
    async () => {
      const watch = (await serverView(by, server.name))?.watch;
      return watch?.state === 'alive' && watch.backupAt !== undefined && watch.cameras === cameras.length;
    },
    PATIENCE_MS,
  );
  const hot = cameras.filter(({ level }) => level === 'hot');
  await waitFor(
    'hot cameras to be recorded twice',
    async () => {
      for (const { id } of hot) if ((await openSessions(simulation, id, by.net.address)) === 0) return false;
      // A session that plays has no key frame yet.
      const ring = (await serverView(by, server.name))?.watch?.standby?.hot;
      return ring === undefined || ring.ready === ring.wanted;
    },
    PATIENCE_MS,
  );
}

type SessionView = { readonly stream: string; readonly client: string; readonly end?: number };
/** Sessions of the main stream that play now to this address. */
export async function openSessions(simulation: Simulation, id: string, address: string): Promise<number> {
  const { sessions } = (await simulation.order({ sessions: id })) as { sessions: SessionView[] };
  return sessions.filter(
    ({ stream, client, end }) => stream === 'main' && end === undefined && client.includes(address),
  ).length;
}
