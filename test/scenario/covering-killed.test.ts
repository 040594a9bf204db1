/**
 * A failover server is killed while it covers, real processes on loopback with a host: the next one keeps hot cameras hot all along, so
 * that not one access unit is lost; and it gets out of the way when their own server is back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import {
  coversOf,
  killServer,
  lostNothing,
  oneOwnerEach,
  PATIENCE_MS,
  recordedUntil,
  startSpares,
} from '../support/spares-site.ts';
import type { SparesSite } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

const CAMERAS = 2;
/** A ring is footage only once it has a key frame or two. */
const RING_MS = 6000;

type Counts = { readonly wanted: number; readonly ready: number };
type ServersView = {
  readonly items: readonly { readonly watch?: { readonly standby?: { readonly hot: Counts } } }[];
};
async function hotAt(spare: SiteServer): Promise<Counts> {
  const { items } = (await spare.box().api.call('GET', '/servers')) as ServersView;
  const counts = items.flatMap(({ watch }) => watch?.standby?.hot ?? []);
  const sumOf = (key: keyof Counts): number => counts.reduce((sum, each) => sum + each[key], 0);
  return { wanted: sumOf('wanted'), ready: sumOf('ready') };
}

/** Each camera is hot at one of them, and not at two: until that is so. */
async function hotOnceEach({ spares }: SparesSite): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const counts = await Promise.all(spares.map(hotAt));
    const sumOf = (key: keyof Counts): number => counts.reduce((sum, each) => sum + each[key], 0);
    return sumOf('wanted') === CAMERAS && sumOf('ready') === CAMERAS;
  };
  await waitFor('each camera to be hot at one failover server', isSo, PATIENCE_MS);
}

/** Who covers, and the other one, once what either of them covers is hot at both. */
async function coveredAndNext(site: SparesSite): Promise<readonly [SiteServer, SiteServer]> {
  await oneOwnerEach(site);
  const [a, b] = site.spares;
  if (a === undefined || b === undefined) throw new Error('two failover servers are needed');
  for (const spare of [a, b])
    await waitFor(
      `each camera to be hot at ${spare.name}`,
      async () => (await hotAt(spare)).ready === CAMERAS,
      PATIENCE_MS,
    );
  return coversOf(a).length > 0 ? [a, b] : [b, a];
}

test.serial(
  'killed while it covers a hot camera, a failover server is followed by one that has every access unit',
  async (t) => {
    t.timeout(300_000);
    const site = await startSpares(t, { camerasEach: CAMERAS, standbyLevel: 'hot' });
    const [recorder] = site.recorders;
    if (recorder === undefined) throw new Error('a site without a recorder');
    await hotOnceEach(site);
    const since = Date.now() + RING_MS;
    await recordedUntil(site, since + 2000);
    await killServer(recorder);
    const [covering, next] = await coveredAndNext(site);
    t.log(`${covering.name} covers ${coversOf(covering).length}, ${next.name} ${coversOf(next).length}`);
    await sleep(RING_MS);
    await killServer(covering);
    t.log(`${next.name} has all after ${Math.round(await oneOwnerEach(site, [next]))} ms`);
    await sleep(RING_MS);
    await recorder.start();
    await covering.start();
    await lostNothing(t, site, since);
    await hotOnceEach(site);
  },
);

test.serial(
  'a camera that has no session to spare is its own server’s again when that is back, and no access unit is lost',
  async (t) => {
    t.timeout(300_000);
    // Main and sub stream: its own server needs two, who covers it two, and who keeps it hot one.
    const site = await startSpares(t, {
      camerasEach: CAMERAS,
      standbyLevel: 'hot',
      camera: { maxSessions: 4 },
    });
    const [recorder] = site.recorders;
    if (recorder === undefined) throw new Error('a site without a recorder');
    await hotOnceEach(site);
    const since = Date.now() + RING_MS;
    await recordedUntil(site, since + 2000);
    await killServer(recorder);
    await coveredAndNext(site);
    await sleep(RING_MS);
    await recorder.start();
    await lostNothing(t, site, since);
    await hotOnceEach(site);
  },
);
