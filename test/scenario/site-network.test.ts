/**
 * A site whose cables are cut while everybody lives: real processes in network namespaces, a host, a recording server with a hot
 * camera, two failover servers. Joining by address, the lock, a change of hosts after which both are alive, a server that is detached
 * while it is cut off, one that is replaced while it is.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { Server } from '../../src/api/contract/server.ts';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import { isoOf } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { playedUnits } from '../../src/demo/played-units.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport } from '../../src/simulator/check.ts';
import { cutOneWay, pullCable } from '../support/failover-faults.ts';
import type { Heal } from '../support/failover-faults.ts';
import { judgeTimeline } from '../support/failover-oracle.ts';
import { addSiteCameras, createFailoverSite, HTTP_PORT, PASSWORD, signal } from '../support/failover-site.ts';
import type { FailoverSite, Simulation, SiteBox, SiteCamera } from '../support/failover-site.ts';
import { coveredBy, openSessions, recordsFor, serverView, takeovers, waitFor } from '../support/failover-views.ts';
import type { TakeoverView } from '../support/failover-views.ts';
import { labProblem } from '../support/net-lab.ts';

const PATIENCE_MS = 90_000;
const ACCOUNT = { username: 'owner', password: PASSWORD };
/** Of the first and of the last segment of a span that is judged. */
const EDGE_MS = 10_000;
const problem = labProblem();

type Played = {
  readonly t: ExecutionContext;
  readonly site: FailoverSite;
  readonly simulation: Simulation;
  readonly cameras: readonly SiteCamera[];
  readonly host: SiteBox;
  readonly recorder: SiteBox;
  readonly spares: readonly SiteBox[];
};

/** Who changes hosts gets the accounts of the site, and signs everybody out. */
async function ask(box: SiteBox, path: string): Promise<unknown> {
  return await box.api.call('GET', path).catch(async () => {
    await box.api.call('POST', '/sessions', ACCOUNT);
    return await box.api.call('GET', path);
  });
}
const serverOf = async (box: SiteBox): Promise<Server> => (await ask(box, '/server')) as Server;
const hostAt = async (box: SiteBox): Promise<SiteHostView> => (await ask(box, '/site/host')) as SiteHostView;

async function add(host: SiteBox, member: SiteBox, more: object = {}): Promise<void> {
  const place = { host: member.net.address, httpPort: HTTP_PORT };
  const { httpsFingerprint } = (await host.api.call('POST', '/servers/test', place)) as { httpsFingerprint: string };
  await host.api.call('POST', '/servers', { ...place, httpsFingerprint, ...ACCOUNT, ...more });
}

/** Until every one of these says that this one, and nobody else, is the host. */
async function allFollow(boxes: readonly SiteBox[], host: SiteBox): Promise<void> {
  for (const box of boxes)
    await waitFor(
      `${box.name} to have ${host.name} as its host`,
      async () => {
        const view = await hostAt(box).catch(() => undefined);
        return view?.host?.name === host.name && view.isHost === (box === host);
      },
      PATIENCE_MS,
    );
}

/** A failover server has the ring of every hot camera, and takes part in its stream. */
async function isReady({ simulation, cameras, recorder, spares }: Played): Promise<void> {
  const isRing = async (spare: SiteBox): Promise<boolean> => {
    const watch = (await serverView(spare, recorder.name).catch(() => undefined))?.watch;
    if (watch?.state !== 'alive' || watch.standby?.hot.ready !== cameras.length) return false;
    for (const { id } of cameras) if ((await openSessions(simulation, id, spare.net.address)) === 0) return false;
    return true;
  };
  await waitFor(
    'the hot camera to be ready at a failover server',
    async () => (await Promise.all(spares.map(isRing))).includes(true),
    PATIENCE_MS,
  );
}

const isConnected = async (by: SiteBox, other: SiteBox): Promise<boolean | undefined> =>
  (await serverView(by, other.name))?.connected;

/** Not one frame of the hot camera is missing, twice, or booked for nothing. */
async function lostNothing({ t, recorder, cameras }: Played, span: { start: number; end: number }): Promise<void> {
  await recordsFor(recorder, cameras, 2000);
  for (const camera of cameras) {
    const verdict = await waitFor(
      'all of it to be home',
      async () => {
        const judged = await judgeTimeline(recorder, camera, span);
        return judged.problems.length === 0 && judged.missing === 0 && judged;
      },
      PATIENCE_MS,
    ).catch(async () => await judgeTimeline(recorder, camera, span));
    const { problems, missing, accessUnits, until } = verdict;
    t.log(`${accessUnits} access units in ${span.end - span.start} ms, ${missing} missing`);
    t.deepEqual(problems, []);
    t.is(missing, 0);
    t.true(accessUnits * camera.frameMs > span.end - span.start - EDGE_MS, 'and they are of all of that time');
    t.true(until > span.end - EDGE_MS);
  }
}

async function setUp(t: ExecutionContext, names: readonly string[]): Promise<Played> {
  const site = await createFailoverSite(t);
  const simulation = await site.cameras(1);
  const [host, recorder, ...spares] = await Promise.all([
    site.box({ name: 'H', mode: 'host' }),
    site.box({ name: 'R', mode: 'recording' }),
    ...names.map(async (name) => await site.box({ name, mode: 'failover' })),
  ]);
  const cameras = await addSiteCameras(recorder, simulation.cameras, ['hot']);
  return { t, site, simulation, cameras, host, recorder, spares };
}

async function isLockedBy({ t, recorder }: Played, host: SiteBox): Promise<void> {
  await waitFor('the lock', async () => (await serverOf(recorder)).site.locked, PATIENCE_MS);
  const refused = await t.throwsAsync(recorder.api.call('PATCH', '/server', { name: 'Mine' }));
  t.true(refused?.message.startsWith(`${host.name} manages this server and locks it`), refused?.message);
}

/** The cable of the host is cut; meanwhile a failover server takes its role; then there are two, and one of them yields. */
async function changeHosts(played: Played, next: SiteBox): Promise<void> {
  const { t, site, host, recorder, spares, cameras } = played;
  await waitFor('a copy of the site', async () => (await hostAt(next)).here.canTake, PATIENCE_MS);
  const heal = pullCable(site.lab, host.net);
  await waitFor('it to be missed', async () => (await isConnected(next, host)) === false, PATIENCE_MS);
  await recordsFor(recorder, cameras, 2000);
  await isReady(played);
  await next.api.call('POST', '/site/take-host', { confirm: host.name });
  await allFollow([next, recorder, ...spares], next);
  await isLockedBy(played, next);
  await recordsFor(recorder, cameras, 2000);
  await isReady(played);
  await heal();
  await allFollow([next, host, recorder, ...spares], next);
  const told = (await serverOf(host)).site;
  t.like(told, { kind: 'member', host: { name: next.name } });
  t.is((await hostAt(host)).term, 2);
}

const FOR_BROWSERS = 'spare.example.org';
async function sayWhereBrowsersGo(box: SiteBox): Promise<void> {
  await box.api.call('PATCH', '/failover/settings', { clientAddress: FOR_BROWSERS });
}
/** Where people are told that this server is. */
async function toldOf(at: SiteBox, server: SiteBox): Promise<string | undefined> {
  const { items } = (await ask(at, '/site/status')) as { items: { name: string; clientAddress?: string }[] };
  return items.find(({ name }) => name === server.name)?.clientAddress;
}

const hasFootage = ({ endedAt, cameras }: TakeoverView): boolean =>
  endedAt === undefined && cameras.some(({ covered, firstFrameAt }) => covered && firstFrameAt !== undefined);

type Detached = { readonly state: string; readonly message: string };
/** While the server is cut off it can only be marked; what was recorded for it stays known, and it leaves when it hears of it. */
async function detachCutOff({ t, site, recorder, spares, cameras }: Played, host: SiteBox): Promise<void> {
  const id = await recorder.id();
  const heal = pullCable(site.lab, recorder.net);
  const isCovered = (): boolean => spares.some((spare) => coveredBy(spare).includes(cameras[0]?.cameraId ?? ''));
  await waitFor('the camera to be covered', isCovered, PATIENCE_MS);
  await waitFor('the host to miss it', async () => (await isConnected(host, recorder)) === false, PATIENCE_MS);
  const detach = async (more: object): Promise<Detached> =>
    (await host.api.call('POST', `/servers/${id}/detach`, { cameras: 'keep', ...more })) as Detached;
  await waitFor(
    'footage of it',
    async () => (await Promise.all(spares.map(takeovers))).flat().some(hasFootage),
    PATIENCE_MS,
  );
  const refused = await t.throwsAsync(detach({}));
  t.regex(refused?.message ?? '', /has footage of R/);
  t.is((await detach({ confirm: recorder.name })).state, 'pending');
  await waitFor('nobody to cover it any more', () => !isCovered(), PATIENCE_MS);
  for (const pid of host.pids()) signal(pid, 'SIGKILL');
  await waitFor('the host to be gone', () => host.pids().length === 0, PATIENCE_MS);
  await host.start();
  t.true((await serverView(host, recorder.name))?.detachPending !== undefined, 'the wish is on disk');
  await takeovers(host);
  t.false(isCovered(), 'nor after a restart');
  await heal();
  await waitFor(
    'the host to know it by name only',
    async () => {
      const view = await serverView(host, recorder.name);
      return view?.detachPending === undefined && view?.connected === false;
    },
    PATIENCE_MS,
  );
  await waitFor('it to be alone', async () => (await serverOf(recorder)).site.kind === 'undefined', PATIENCE_MS);
  t.false((await serverOf(recorder)).site.locked);
  await t.notThrowsAsync(recorder.api.call('PATCH', '/server', { name: 'Mine' }), 'the lock went too');
  await recordsFor(recorder, cameras, 2000);
  const isHeld = async (): Promise<boolean> =>
    (await Promise.all(spares.map(serverOf))).some(({ health }) =>
      health.items.some(({ code }) => code === 'footage-held'),
    );
  await waitFor('what was covered to be told as held, by name', isHeld, PATIENCE_MS);
  await add(host, recorder);
  await waitFor('it to go home once it is of the site again', async () => !(await isHeld()), PATIENCE_MS);
  await waitFor('the restoration', async () => (await restorationsOf(host)).includes('done'), PATIENCE_MS);
}
const restorationsOf = async ({ api }: SiteBox): Promise<readonly string[]> =>
  ((await api.call('GET', '/failover/restorations')) as { items: { state: string }[] }).items.map(({ state }) => state);

(problem === undefined ? test.serial : test.serial.skip)(
  'cables of a site are cut: its host is succeeded while it lives and yields, nothing is lost, and who is away is detached',
  async (t) => {
    t.timeout(240_000);
    const played = await setUp(t, ['F1', 'F2']);
    const { host, recorder, spares, cameras } = played;
    const [next] = spares;
    if (next === undefined) throw new Error('a failover server is needed');
    for (const box of spares) await add(host, box);
    await add(host, recorder, { lock: true });
    await allFollow([host, recorder, ...spares], host);
    await isLockedBy(played, host);
    await isReady(played);
    await recordsFor(recorder, cameras, 1000);
    await sayWhereBrowsersGo(next);
    await waitFor('the host to tell it', async () => (await toldOf(host, next)) === FOR_BROWSERS, PATIENCE_MS);
    const start = Date.now();
    await changeHosts(played, next);
    for (const box of [recorder, host]) t.is((await serverOf(box)).site.host?.address, FOR_BROWSERS, box.name);
    t.is((await hostAt(recorder)).host?.address, FOR_BROWSERS);
    const end = Date.now();
    t.log(`the role changed hands in ${end - start} ms`);
    await lostNothing(played, { start, end });
    // The host itself is left to cover it, which nobody tells what its servers are to it.
    const nobody = Object.fromEntries(await Promise.all(spares.slice(1).map(async (other) => [await other.id(), []])));
    await next.api.call('PATCH', '/site', { protection: nobody });
    await isReady({ ...played, spares: [next] });
    await detachCutOff({ ...played, spares: [next] }, next);
  },
);

/** Cut off from the servers, not from its camera: it records on. */
function cutFromServers({ site, host, recorder, spares }: Played): Heal {
  const heals = [host, ...spares].flatMap((other) => [
    cutOneWay(site.lab, recorder.net, other.net),
    cutOneWay(site.lab, other.net, recorder.net),
  ]);
  return async () => {
    for (const heal of heals) await heal();
  };
}

/** The host lists the successor by the name of the original, and the original no more. */
async function hasOneOwner({ host, recorder }: Played, { id, name }: SuccessorName): Promise<void> {
  const original = await recorder.id();
  await waitFor(
    'the host to list the successor instead of the original',
    async () => {
      const { items } = (await ask(host, '/servers')) as { items: readonly SuccessorName[] };
      return items.some((one) => one.id === id && one.name === name) && !items.some((one) => one.id === original);
    },
    PATIENCE_MS,
  );
}
type SuccessorName = { readonly id: string; readonly name: string };

(problem === undefined ? test.serial : test.serial.skip)(
  'a server that is cut off and records on is replaced: one owner, no frame lost or twice, and it stops when it hears of it',
  async (t) => {
    t.timeout(240_000);
    const played = await setUp(t, ['F1']);
    const { host, recorder, spares, simulation, cameras } = played;
    const [spare] = spares;
    const [camera] = cameras;
    if (spare === undefined || camera === undefined) throw new Error('a failover server with a camera is needed');
    for (const box of [spare, recorder]) await add(host, box);
    await isReady(played);
    const since = Date.now();
    await recordsFor(recorder, cameras, 3000);
    const heal = cutFromServers(played);
    await waitFor('footage of it', async () => (await takeovers(spare)).some(hasFootage), PATIENCE_MS);
    await waitFor('the host to miss it', async () => (await isConnected(host, recorder)) === false, PATIENCE_MS);
    const [original, by] = [await recorder.id(), await spare.id()];
    const asked = { by, confirm: recorder.name };
    await host.api.call('POST', `/servers/${original}/replace`, asked, PATIENCE_MS);
    await hasOneOwner(played, { id: by, name: recorder.name });
    await waitFor('the successor to have the name', async () => (await serverOf(spare)).name === 'R', PATIENCE_MS);
    await recordsFor(recorder, cameras, 2000);
    t.is((await serverOf(recorder)).replacedBy, undefined, 'it does not know yet');
    await heal();
    const told = await waitFor(
      'the original to be told',
      async () => (await serverOf(recorder)).replacedBy,
      PATIENCE_MS,
    );
    t.like(told, { id: by, name: 'R' });
    const sessionsOf = async (box: SiteBox): Promise<number> =>
      await openSessions(simulation, camera.id, box.net.address);
    await waitFor('it to record nothing', async () => (await sessionsOf(recorder)) === 0, PATIENCE_MS);
    await recordsFor(spare, cameras, 2000);
    t.is(await sessionsOf(recorder), 0);
    t.true((await sessionsOf(spare)) > 0);
    await hasOneOwner(played, { id: by, name: recorder.name });
    await continuesWithoutLoss(t, { recorder, spare, camera, since });
  },
);

type Continued = {
  readonly recorder: SiteBox;
  readonly spare: SiteBox;
  readonly camera: SiteCamera;
  readonly since: number;
};
/** What the successor plays begins before the cut, and lacks nothing until now. */
async function continuesWithoutLoss(t: ExecutionContext, { recorder, spare, camera, since }: Continued): Promise<void> {
  const range = { start: isoOf(epochMs(since)), end: isoOf(epochMs(Date.now())) };
  const expectation = { cameraId: camera.id, stream: 'main', codec: 'h264' } as const;
  const reportOf = async ({ api }: SiteBox): Promise<CheckReport> =>
    checkRecording(await playedUnits(api, { cameraId: camera.cameraId, ...range }), expectation);
  const [before, after] = [await reportOf(recorder), await reportOf(spare)];
  t.log(`original ${before.first} to ${before.last}, successor ${after.first} to ${after.last}`);
  for (const { missing, doubled, reordered, altered } of [before, after])
    t.deepEqual([missing, doubled, reordered, altered], [[], [], [], []]);
  t.true((after.first ?? Infinity) <= (before.last ?? 0) + 1, 'nothing lies between');
  t.true((after.last ?? 0) > (before.last ?? Infinity), 'and the successor goes on');
}
