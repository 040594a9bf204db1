/**
 * Bad luck while a protected server is covered: a clock that is off by a day, a store that is full, then gone. Real processes in
 * network namespaces, a real disk; at the end the timeline of the protected server is judged as in the campaign.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { FAULTS } from '../support/failover-fault-list.ts';
import { fillDisk, killBox } from '../support/failover-faults.ts';
import { judgeTimeline } from '../support/failover-oracle.ts';
import { playIn } from '../support/failover-play.ts';
import { setScene } from '../support/failover-scene.ts';
import type { SiteBox } from '../support/failover-site.ts';
import { recordsFor, takeovers, waitFor } from '../support/failover-views.ts';
import { faultDisk } from '../support/lab.ts';
import { labProblem } from '../support/net-lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const PATIENCE_MS = 90_000;
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const problem = labProblem();
function labTest(title: string, run: (t: ExecutionContext) => Promise<void>, needs = problem): void {
  if (needs === undefined)
    test.serial(title, async (t) => {
      t.timeout(240_000);
      await run(t);
    });
  else test.skip(`${title} (${needs})`, run);
}

labTest(
  'the footage of a failover server whose clock is a day ahead comes back to where it belongs',
  async (t) => {
    const environment = { LD_PRELOAD: FAKETIME, FAKETIME: '+1d', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const scene = await setScene(t, { levels: ['hot', 'warm'], failoverEnvironment: environment }, createRandom(1));
    const fault = FAULTS.find(({ name }) => name === 'kill-all');
    if (fault === undefined) throw new Error('no such fault');
    const result = await playIn(scene, fault, { seed: 1, lasts: 4000 });
    t.log(JSON.stringify(result));
    t.deepEqual(result.problems, []);
    const told = await waitFor(
      'its clock to be told',
      async () => await logged(scene.failover, 'clock-off'),
      PATIENCE_MS,
    );
    t.regex(told.message, /is 1 day behind that of this server/);
    t.is((await isTold(scene.failover, 'clock-off')).severity, 'warning');
    t.is(result.covers, 1);
    t.is(result.cameras.find(({ level }) => level === 'hot')?.lostFrames, 0);
  },
  problem ?? (existsSync(FAKETIME) ? undefined : 'libfaketime is not installed'),
);

type Told = { readonly code: string; readonly severity: string; readonly message: string };
const healthItem = async (box: SiteBox, code: string): Promise<Told | undefined> =>
  ((await box.api.call('GET', '/server')) as { health: { items: Told[] } }).health.items.find(
    (one) => one.code === code,
  );
const logged = async (box: SiteBox, code: string): Promise<Told | undefined> =>
  ((await box.api.call('GET', `/log?code=${code}`)) as { items: Told[] }).items[0];
const isTold = async (box: SiteBox, code: string): Promise<Told> =>
  await waitFor(`the alarm ${code}`, async () => await healthItem(box, code), PATIENCE_MS);
const isOver = async (box: SiteBox, code: string): Promise<void> => {
  await waitFor(`the alarm ${code} to be over`, async () => (await healthItem(box, code)) === undefined, PATIENCE_MS);
};
const filesBelow = (path: string): readonly string[] =>
  existsSync(path)
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mp4'))
    : [];

/** Footage of a covered camera that this server has durable; wall milliseconds. */
const coveredUntil = async (box: SiteBox): Promise<number> =>
  Date.parse((await takeovers(box))[0]?.cameras[0]?.lastFrameAt ?? '1970-01-01T00:00:00.000Z');
async function coversFor(box: SiteBox, ms: number): Promise<void> {
  const until = Date.now() + ms;
  await waitFor('the camera to be recorded in its place', async () => (await coveredUntil(box)) > until, PATIENCE_MS);
}

labTest(
  'a store that is full, then gone, while it covers: told by name, nothing that is owed is lost, and every second is accounted for',
  async (t) => {
    const disk = await faultDisk(await tempDir(t, 'store'), 192);
    t.teardown(disk.down);
    const store = disk.mount;
    const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', store], { encoding: 'utf8' }).trim();
    const scene = await setScene(t, { levels: ['warm'], failoverFootage: store }, createRandom(2));
    const { protectedBox, failover, cameras } = scene;
    const [camera] = cameras;
    if (camera === undefined) throw new Error('there is no camera');
    await recordsFor(protectedBox, cameras, 3000);
    const since = Date.now() - 2000;
    const back = await killBox(protectedBox);
    await coversFor(failover, 4000);

    const owed = filesBelow(store);
    const full = Date.now();
    const heal = fillDisk(store);
    const alarm = await isTold(failover, 'volume-full');
    t.is(alarm.severity, 'error');
    t.true(alarm.message.includes(store) && alarm.message.includes('free space'), alarm.message);
    const held = await waitFor(
      'what is owed to be held',
      async () => await logged(failover, 'covered-footage-full'),
      PATIENCE_MS,
    );
    t.true(held.message.includes(store) && /add a volume/i.test(held.message), held.message);
    await sleep(5000);
    t.deepEqual(
      owed.filter((name) => !filesBelow(store).includes(name)),
      [],
      'not one file that is owed was deleted',
    );
    await heal();
    await coversFor(failover, 2000);
    await isOver(failover, 'volume-full');
    const fullMs = Date.now() - full;

    // As its processes see it: each box of the lab has mounts of its own, and a umount outside does not reach them.
    const [pid = 0] = failover.pids();
    const inside = ['-t', String(pid), '-m'];
    const takeAway = (): void => void execFileSync('nsenter', [...inside, 'umount', '-l', store]);
    const bringBack = (): void => void execFileSync('nsenter', [...inside, 'mount', device, store]);
    const gone = Date.now();
    takeAway();
    const missed = await isTold(failover, 'volume-gone');
    t.true(missed.message.includes(store), missed.message);
    await sleep(5000);
    t.deepEqual(readdirSync(`/proc/${pid}/root${store}`), [], 'not one byte goes to the system disk');
    bringBack();
    await coversFor(failover, 2000);
    const goneMs = Date.now() - gone;
    await isOver(failover, 'volume-gone');

    takeAway();
    await isTold(failover, 'volume-gone');
    await back();
    await recordsFor(protectedBox, cameras, 1000);
    await waitFor(
      'the camera to be handed back',
      async () => (await takeovers(failover))[0]?.cameras[0]?.covered === false,
      PATIENCE_MS,
    );
    await sleep(3000);
    t.is((await takeovers(failover))[0]?.endedAt, undefined, 'what is away is waited for');
    bringBack();
    await waitFor('everything to be home', async () => (await takeovers(failover))[0]?.endedAt, PATIENCE_MS);
    await recordsFor(protectedBox, cameras, 1000);

    const verdict = await judgeTimeline(protectedBox, camera, { start: since, end: Date.now() });
    t.log(JSON.stringify({ fullMs, goneMs, ...verdict }));
    t.deepEqual(verdict.problems, []);
    t.true((verdict.causes['volume-full'] ?? 0) > 4, 'the store was full for 5 s');
    t.true((verdict.causes['volume-gone'] ?? 0) > 4, 'and gone for 5 s');
  },
);
