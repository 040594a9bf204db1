/**
 * A protected server is stopped on purpose (SIGTERM to its supervisor) with a failover server connected: it hands over first, records on
 * until then, and takes its cameras back without a hole. Counted access unit by access unit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { isRefused } from '../support/is-refused.ts';
import {
  allIsHome,
  coversOf,
  judgeAll,
  nobodyOwns,
  recordedUntil,
  serverIdOf,
  startSpares,
  takeoversOf,
} from '../support/spares-site.ts';

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
  await nobodyOwns(site);
  await allIsHome(site);
  t.true((await takeoversOf(spare)).every(({ reason }) => reason === 'planned'));

  const end = Date.now();
  await recordedUntil(site, end + 1000);
  for (const { cameraId, missing, doubled, reordered, altered, problems } of await judgeAll(site, since, end))
    t.deepEqual(
      { cameraId, missing, doubled, reordered, altered, problems },
      { cameraId, missing: 0, doubled: 0, reordered: 0, altered: 0, problems: [] },
    );
});

test('a server that nobody watches stops without waiting for anybody', async (t) => {
  t.timeout(120_000);
  const site = await startSpares(t, { camerasEach: 1, spares: ['Spare'], standbyLevel: 'cold' });
  await site.failover.box().stop();
  const asked = performance.now();
  t.is(await site.recorders[0]?.box().stop(), 0);
  t.true(performance.now() - asked < 10_000, `${Math.round(performance.now() - asked)} ms`);
});
