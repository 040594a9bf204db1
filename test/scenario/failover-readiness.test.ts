/**
 * Whether a server could be covered, while nothing is wrong yet: told without anybody asking. Real processes in network namespaces, a
 * store of a size that changes, cameras that know who asked them.
 */
import { execFileSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { killProcess } from '../support/failover-faults.ts';
import { setScene } from '../support/failover-scene.ts';
import type { Scene } from '../support/failover-scene.ts';
import type { Simulation, SiteBox } from '../support/failover-site.ts';
import { waitFor } from '../support/failover-views.ts';
import { mountTmpfs } from '../support/lab.ts';
import { labProblem } from '../support/net-lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A change is seen within a minute and told when it has been so for half of one; the rest is for a slow machine. */
const PATIENCE_MS = 180_000;
const problem = labProblem();
function labTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (problem === undefined)
    test.serial(title, async (t) => {
      t.timeout(600_000);
      await run(t);
    });
  else test.skip(`${title} (${problem})`, run);
}

type Told = { readonly code: string; readonly severity: string; readonly message: string; readonly at: string };
type Check = { readonly check: string; readonly ok: boolean; readonly message: string; readonly checkedAt: string };
type Asked = {
  readonly cameraId: string;
  readonly at: string;
  readonly ok: boolean;
  readonly message: string;
  readonly milliseconds?: number;
};
type Readiness = { readonly items: readonly Asked[]; readonly servers: readonly Check[] };

const readiness = async (box: SiteBox): Promise<Readiness> =>
  (await box.api.call('GET', '/failover/probes')) as Readiness;
async function spaceOf(box: SiteBox): Promise<Check> {
  const found = (await readiness(box)).servers.find(({ check }) => check === 'space');
  if (found === undefined) throw new Error('its space was never checked');
  return found;
}
const logged = async (box: SiteBox, code: string): Promise<readonly Told[]> =>
  ((await box.api.call('GET', `/log?code=${code}`)) as { items: Told[] }).items;
const alarms = async (box: SiteBox): Promise<readonly Told[]> =>
  ((await box.api.call('GET', '/server')) as { health: { items: Told[] } }).health.items.filter(
    ({ code }) => code === 'readiness-failed',
  );
/** As the owner of its disks would: the file system itself grows or shrinks, for every process of it. */
const resize = (store: string, size: string): void => void execFileSync('mount', ['-o', `remount,size=${size}`, store]);

/** The newest one, as soon as there is one. */
const entryOf = async (box: SiteBox, code: string): Promise<Told> =>
  await waitFor(`the log to have ${code}`, async () => (await logged(box, code))[0], PATIENCE_MS);
/** When the check of space was taken. */
const allPassed = async (box: SiteBox): Promise<string> =>
  await waitFor(
    'every check to be taken and passed',
    async () => {
      const { servers } = await readiness(box);
      const space = servers.length === 5 && servers.every(({ ok }) => ok) ? servers[0] : undefined;
      return space?.checkedAt;
    },
    PATIENCE_MS,
  );
/** Not waited for the next minute; a volume looks at itself every 2 s. */
async function passesByHand(box: SiteBox, serverId: string): Promise<void> {
  const ask = async (): Promise<boolean> => {
    const { servers } = (await box.api.call('POST', '/failover/probes', { serverId })) as Readiness;
    return servers.some(({ check, ok }) => check === 'space' && ok);
  };
  await waitFor('the check to pass when it is asked for', ask, PATIENCE_MS);
}

async function startsAgain(box: SiteBox): Promise<void> {
  await killProcess(box, 'control')();
  const isTold = async (): Promise<boolean> => (await alarms(box).catch(() => [])).length > 0;
  await waitFor('health to say so after a start too', isTold, PATIENCE_MS);
}

labTest('a store that gets too small is told with server, check and remedy, and again when it is fit', async (t) => {
  const store = await tempDir(t, 'store');
  t.teardown(await mountTmpfs(store, 'size=50g'));
  const { failover, protectedBox } = await setScene(t, { levels: ['warm'], failoverFootage: store }, createRandom(4));
  const checkedAt = await allPassed(failover);
  t.is((await spaceOf(failover)).checkedAt, checkedAt, 'who looks is shown what was taken');
  t.deepEqual(await logged(failover, 'readiness-failed'), []);

  resize(store, '1g');
  const short = Date.now();
  // Nobody asks: the log alone is read.
  const told = await entryOf(failover, 'readiness-failed');
  t.log(JSON.stringify({ toldAfterMs: Date.parse(told.at) - short, message: told.message }));
  t.is(told.severity, 'warning');
  t.regex(told.message, /cover R \(room for footage\): \d GB are free .* \d GB are needed for an hour\. .*free room/);
  t.deepEqual(
    (await alarms(failover)).map(({ severity, message }) => ({ severity, message })),
    [{ severity: 'warning', message: told.message }],
  );
  const failed = await spaceOf(failover);
  t.false(failed.ok);
  t.true(Date.parse(failed.checkedAt) >= short);

  await startsAgain(failover);
  t.is((await logged(failover, 'readiness-failed')).length, 2, 'once at each start that finds it unfit');

  resize(store, '50g');
  const wide = Date.now();
  await passesByHand(failover, await protectedBox.id());
  const again = await entryOf(failover, 'readiness-recovered');
  t.log(JSON.stringify({ fitAfterMs: Date.parse(again.at) - wide, message: again.message }));
  t.is((await logged(failover, 'readiness-recovered')).length, 1);
  t.is(again.severity, 'info');
  t.regex(again.message, /fit again to cover R \(room for footage\): \d\d GB are free/);
  t.deepEqual(await alarms(failover), []);
  t.is((await logged(failover, 'readiness-failed')).length, 2);
});

type Session = { readonly stream: string; readonly client: string };
/** Of all time, of one address. */
async function sessionsFrom({ order }: Simulation, camera: string, address: string): Promise<number> {
  const { sessions } = (await order({ sessions: camera })) as { sessions: readonly Session[] };
  return sessions.filter(({ client }) => client.includes(address)).length;
}

type Asking = { readonly scene: Scene; readonly serverId: string };
/** Has all cameras asked now; the answers of the two, as everybody is shown them. */
async function asked(t: ExecutionContext, { scene, serverId }: Asking): Promise<readonly [Asked, Asked]> {
  const since = Date.now();
  await scene.failover.api.call('POST', '/failover/probes', { serverId });
  const { items } = await readiness(scene.failover);
  t.is(items.length, 2);
  const [well, mute] = scene.cameras.map(({ cameraId }) => items.find((item) => item.cameraId === cameraId));
  if (well === undefined || mute === undefined) throw new Error('a camera was not asked');
  for (const { at } of [well, mute]) t.true(Date.parse(at) >= since, 'it is of now');
  return [well, mute];
}

labTest('a probe says of each camera what is true: who answers was really asked, who is mute is named', async (t) => {
  const scene = await setScene(t, { levels: ['cold', 'cold'] }, createRandom(5));
  const { failover, cameras, simulation } = scene;
  const [well, mute] = cameras;
  if (well === undefined || mute === undefined) throw new Error('there are two cameras');
  const asking = { scene, serverId: await scene.protectedBox.id() };
  const from = async (id: string): Promise<number> => await sessionsFrom(simulation, id, failover.net.address);

  const before = [await from(well.id), await from(mute.id)] as const;
  const [first, second] = await asked(t, asking);
  for (const one of [first, second]) t.true(one.ok, one.message);
  t.true((first.milliseconds ?? 0) > 0);
  t.true((await from(well.id)) > before[0], 'the camera saw it');
  t.true((await from(mute.id)) > before[1], 'the camera saw it');
  t.deepEqual(await logged(failover, 'probe-failed'), []);

  await simulation.order({ camera: mute.id, fault: { kind: 'mute' } });
  const silent = [await from(well.id), await from(mute.id)] as const;
  const [still, none] = await asked(t, asking);
  t.true(still.ok, still.message);
  t.true((await from(well.id)) > silent[0]);
  t.false(none.ok);
  t.regex(none.message, /did not answer/);
  t.is(await from(mute.id), silent[1], 'no session came of it');
  const [failed, ...others] = await logged(failover, 'probe-failed');
  t.deepEqual(others, []);
  t.like(failed, { severity: 'warning', cameraId: mute.cameraId });
  t.true(failed?.message.startsWith('R, camera ') === true && failed.message.includes(none.message), failed?.message);
  t.log(JSON.stringify({ ms: first.milliseconds, mute: none.message, after: none.milliseconds }));

  await simulation.order({ camera: mute.id, fault: { kind: 'heal' } });
  const [, back] = await asked(t, asking);
  t.true(back.ok, back.message);
  t.is((await logged(failover, 'probe-recovered')).length, 1);
});
