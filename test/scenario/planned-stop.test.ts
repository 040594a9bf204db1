/**
 * A protected server is stopped on purpose (SIGTERM to its supervisor) with a failover server connected: it hands over first, records on
 * until then, and takes its cameras back without a hole. Counted access unit by access unit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { HandOverResult } from '../../src/api/contract/hand-over.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import { isRefused } from '../support/is-refused.ts';
import {
  coversOf,
  lostNothing,
  nobodyOwns,
  onlyPlanned,
  PATIENCE_MS,
  recordedUntil,
  serverIdOf,
  startSpares,
} from '../support/spares-site.ts';
import type { SparesSite } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

/** A hot camera is footage only once the ring behind it is. */
const RING_MS = 6000;
const DOWN_MS = 4000;
/** More than the hand-over may take: then it was killed. */
const STOP_WITHIN_MS = 24_000;

test('a planned stop and the way back cost neither a hot nor a warm camera an access unit', async (t) => {
  t.timeout(230_000);
  const site = await startSpares(t, { camerasEach: 4, spares: ['Spare'], standbyLevel: 'hot' });
  const [recorder, spare] = [site.recorders[0], site.failover];
  if (recorder === undefined) throw new Error('a site without a recorder');
  const warm = site.cameras.slice(2).map(({ cameraId }) => cameraId);
  await recorder.box().api.call('PATCH', '/cameras', { ids: warm, change: { standbyLevel: 'warm' } });
  const since = Date.now() + RING_MS;
  await recordedUntil(site, since + 2000);

  await handOverAndBack(t, site);
  await restoreSettings(t, recorder);
  const { api } = recorder.box();
  const handed = (await api.call('POST', '/server/hand-over', {})) as HandOverResult;
  t.like(handed, { safe: true, streams: site.cameras.length, missing: [] }, JSON.stringify(handed));
  // Covering does not wait for its index to be on the disk.
  const isCovered = (): boolean => coversOf(spare).length === site.cameras.length;
  await waitFor('every camera to be covered before anything is stopped', isCovered, PATIENCE_MS);

  const asked = performance.now();
  t.is(await recorder.box().stop(), 0);
  const stopMs = Math.round(performance.now() - asked);
  t.log(`stopped after ${stopMs} ms`);
  t.true(stopMs < STOP_WITHIN_MS, `${stopMs} ms`);
  t.is(coversOf(spare).length, site.cameras.length);
  await sleep(DOWN_MS);
  // It is covered: nothing of it can be given up without a word.
  const refused = async (method: string, path: string, body?: object): Promise<void> => {
    await isRefused(t, async () => await spare.box().api.call(method, path, body), { status: 409, message: /./ });
  };
  await refused('PUT', '/server/mode', { mode: 'recording' });
  await refused('POST', `/servers/${serverIdOf(recorder)}/disable`);
  await refused('DELETE', `/servers/${serverIdOf(recorder)}`);
  await refused('POST', '/failover/drills', { serverId: serverIdOf(recorder) });
  await recorder.start();
  await lostNothing(t, site, since);
  await onlyPlanned(t, spare, since);
});

/** Asked for at the failover server; the server is not stopped after all, and gets its cameras back at once. */
async function handOverAndBack(t: ExecutionContext, site: SparesSite): Promise<void> {
  const [recorder, spare] = [site.recorders[0], site.failover];
  if (recorder === undefined) throw new Error('a site without a recorder');
  const { api } = spare.box();
  const handed = (await api.call('POST', `/servers/${serverIdOf(recorder)}/hand-over`, {})) as HandOverResult;
  t.like(handed, { serverName: recorder.name, safe: true, missing: [] }, JSON.stringify(handed));
  t.deepEqual(
    handed.by.map(({ name, missing }) => ({ name, missing })),
    [{ name: spare.name, missing: 0 }],
  );
  const { items } = (await api.call('GET', '/failover/takeovers?state=running')) as {
    readonly items: readonly { readonly id: string; readonly state: string; readonly reason: string }[];
  };
  t.like(items[0], { state: 'covering', reason: 'planned' });
  await api.call('POST', `/failover/takeovers/${items[0]?.id}/restore`);
  await nobodyOwns(site);
}

/** Cameras that stay the same, or only get another name, are recorded on meanwhile. */
async function restoreSettings(t: ExecutionContext, recorder: SiteServer): Promise<void> {
  const { api } = recorder.box();
  const passphrase = 'four words and more';
  const backup = (await api.fetch('POST', '/server/settings/backup', { passphrase })).toString('base64');
  const { items } = (await api.call('GET', '/cameras')) as { readonly items: readonly { readonly id: string }[] };
  await api.call('PATCH', `/cameras/${items[0]?.id}`, { name: 'Another name' });
  const restored = await api.call('POST', '/server/settings/restore', { backup, passphrase, confirm: recorder.name });
  t.like(restored, { restored: true, cameras: { unchanged: items.length - 1, added: [], removed: [] } });
}

test('a server that nobody watches stops without waiting for anybody', async (t) => {
  t.timeout(120_000);
  const site = await startSpares(t, { camerasEach: 1, spares: ['Spare'], standbyLevel: 'cold' });
  await site.failover.box().stop();
  const [recorder] = site.recorders;
  if (recorder === undefined) throw new Error('a site without a recorder');
  const { api } = recorder.box();
  const isAlone = async (): Promise<boolean> => {
    const { items } = (await api.call('GET', '/servers')) as {
      readonly items: readonly { readonly name: string; readonly connected: boolean }[];
    };
    return items.find(({ name }) => name === site.failover.name)?.connected === false;
  };
  await waitFor('the recorder to miss its failover server', isAlone, PATIENCE_MS);
  const handOver = async (): Promise<unknown> => await api.call('POST', '/server/hand-over', {});
  await isRefused(t, handOver, { status: 409, message: /No failover server .* is connected/ });
  const asked = performance.now();
  t.is(await recorder.box().stop(), 0);
  t.true(performance.now() - asked < 10_000, `${Math.round(performance.now() - asked)} ms`);
});
