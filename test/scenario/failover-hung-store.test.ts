/** The disk of a failover server hangs while it covers: told before anything is lost, and nothing is. Real processes, a real disk. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { judgeTimeline } from '../support/failover-oracle.ts';
import { killBox } from '../support/failover-faults.ts';
import { setScene } from '../support/failover-scene.ts';
import type { SiteBox } from '../support/failover-site.ts';
import { recordsFor, takeovers, waitFor } from '../support/failover-views.ts';
import { faultDisk } from '../support/lab.ts';
import { labProblem } from '../support/net-lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An upper bound on a slow machine. */
const PATIENCE_MS = 90_000;
/** Noticed after 0.95 s; a volume is given up only after 6 s, so before that it can only be this. */
const TOLD_WITHIN_MS = 4000;
const HANGS_MS = 4500;
type Told = { readonly code: string; readonly at: string; readonly message: string };
const logged = async (box: SiteBox, code: string): Promise<Told | undefined> =>
  ((await box.api.call('GET', `/log?code=${code}`)) as { items: Told[] }).items[0];
const healthOf = async (box: SiteBox): Promise<readonly Told[]> =>
  ((await box.api.call('GET', '/server')) as { health: { items: Told[] } }).health.items;
const coveredUntil = async (box: SiteBox): Promise<number> =>
  Date.parse((await takeovers(box))[0]?.cameras[0]?.lastFrameAt ?? '1970-01-01T00:00:00.000Z');

const problem = labProblem();
const title =
  'the disk of a failover server hangs while it covers: told within seconds, and no access unit is lost by it';
if (problem === undefined)
  test.serial(title, async (t) => {
    t.timeout(240_000);
    const disk = await faultDisk(await tempDir(t, 'store'), 192);
    t.teardown(disk.down);
    t.teardown(() => disk.control('hang=0'));
    const store = { levels: ['hot' as const], failoverFootage: disk.mount };
    const { protectedBox, failover, cameras } = await setScene(t, store, createRandom(3));
    const [camera] = cameras;
    if (camera === undefined) throw new Error('there is no camera');
    await recordsFor(protectedBox, cameras, 3000);
    const since = Date.now() - 2000;
    const back = await killBox(protectedBox);
    const covers = async (): Promise<boolean> => (await coveredUntil(failover)) > since + 6000;
    await waitFor('the camera to be recorded in its place', covers, PATIENCE_MS);

    const isUnhealthy = async (): Promise<boolean> =>
      (await healthOf(failover)).some(({ code }) => code === 'cover-disk-waiting');
    const hung = Date.now();
    await disk.control('hang=1');
    // Whatever takes its time below: it must not hang until the volume is given up.
    const answers = sleep(Math.max(0, HANGS_MS - (Date.now() - hung))).then(async () => await disk.control('hang=0'));
    const [told] = await Promise.all([
      waitFor('the alarm', async () => await logged(failover, 'cover/disk-waiting'), PATIENCE_MS),
      waitFor('health to say so', isUnhealthy, PATIENCE_MS),
    ]);
    const toldMs = Date.parse(told.at) - hung;
    t.true(toldMs < TOLD_WITHIN_MS, `told after ${toldMs} ms`);
    t.true(told.message.includes(disk.mount), told.message);
    await answers;
    const goesOn = async (): Promise<boolean> => (await coveredUntil(failover)) > hung + HANGS_MS + 2000;
    await waitFor('it to go on', goesOn, PATIENCE_MS);
    await waitFor('health to be good again', async () => !(await isUnhealthy()), PATIENCE_MS);

    await back();
    await recordsFor(protectedBox, cameras, 1000);
    await waitFor('everything to be home', async () => (await takeovers(failover))[0]?.endedAt, PATIENCE_MS);
    const verdict = await judgeTimeline(protectedBox, camera, { start: since, end: Date.now() });
    t.log(JSON.stringify({ toldMs, ...verdict }));
    t.deepEqual(verdict.problems, []);
    t.deepEqual(verdict.causes, {}, 'hot, and what waited was in memory');
  });
else test.skip(`${title} (${problem})`, () => undefined);
