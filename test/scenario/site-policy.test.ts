/**
 * A host, two recording servers and two failover servers, real processes on loopback: what the host decides holds at its members,
 * lists say who protects whom, and its plan and status say what is so.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { KnownServer, plan } from '../../src/api/contract/failover.ts';
import type { SiteServerView } from '../../src/api/contract/site.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import {
  allIsHome,
  killServer,
  nobodyOwns,
  ownersIn,
  PATIENCE_MS,
  serverIdOf,
  startSpares,
} from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';
import type { z } from 'zod';

type Plan = z.infer<typeof plan>;
const get = async <T>(server: SiteServer, path: string): Promise<T> => (await server.box().api.call('GET', path)) as T;
const until = async (what: string, is: () => Promise<boolean>): Promise<void> => {
  await waitFor(
    what,
    async () => {
      if (await is().catch(() => false)) return true;
      await new Promise((done) => setTimeout(done, 200));
      return false;
    },
    PATIENCE_MS,
  );
};
const statusOf = async (host: SiteServer): Promise<readonly SiteServerView[]> =>
  (await get<{ items: SiteServerView[] }>(host, '/site/status')).items;
const planned = ({ servers }: Plan, serverId: string): readonly (string | undefined)[] =>
  servers.find((server) => server.serverId === serverId)?.cameras.map(({ coveredBy }) => coveredBy) ?? [];
const watchedBy = async (server: SiteServer): Promise<readonly string[]> =>
  (await get<{ items: KnownServer[] }>(server, '/servers')).items
    .flatMap(({ id, watched }) => (watched ? [id] : []))
    .sort();
async function refused(t: ExecutionContext, call: Promise<unknown>, status: number, words: RegExp): Promise<void> {
  const error = await t.throwsAsync(call, { instanceOf: UnderstudyError, message: words });
  t.is(error?.context['status'], status);
}

test('what the host decides holds at its members, and its plan and status say what is so', async (t) => {
  t.timeout(280_000);
  const site = await startSpares(t, { recorders: ['Recorder', 'Second'], camerasEach: 2 });
  const { host } = site;
  const [recorder, second] = site.recorders;
  const [a, b] = site.spares;
  if (!recorder || !second || !a || !b) throw new Error('two of each are needed');
  const [recorderId, secondId, idA, idB] = [recorder, second, a, b].map(serverIdOf) as [string, string, string, string];
  const hostApi = host.box().api;

  const hasAll = ({ mode, cameras, watches, lastBackupAt }: SiteServerView): boolean =>
    mode === 'failover'
      ? watches.length === 2
      : mode === 'host' || (cameras?.recording === 2 && lastBackupAt !== undefined);
  const isKnown = (view: SiteServerView): boolean =>
    view.state === 'online' && ![view.lastContactAt, view.version, view.load].includes(undefined);
  let all: readonly SiteServerView[] = [];
  await until('the host to know all cameras and backups, and to hear from everybody', async () => {
    all = await statusOf(host);
    return all.length === 5 && all.every((view) => hasAll(view) && isKnown(view));
  });
  t.deepEqual(all.map(({ name, state }) => `${name} ${state}`).sort(), [
    'Host online',
    'Recorder online',
    'Second online',
    'Spare A online',
    'Spare B online',
  ]);
  t.true(
    all.every(
      ({ lastContactAt, version, load }) => lastContactAt !== undefined && version !== undefined && load !== undefined,
    ),
  );
  const found = await get<{ items: SiteServerView[]; counts: { total: number } }>(
    host,
    '/site/status?mode=failover&text=SPARE%20b',
  );
  t.deepEqual([found.counts.total, found.items.map(({ name }) => name)], [5, ['Spare B']]);
  await until('the host to plan for every camera', async () => {
    const whole = await get<Plan>(host, '/failover/plan');
    const by = [...planned(whole, recorderId), ...planned(whole, secondId)];
    return by.length === 4 && by.every((id) => id === idA || id === idB);
  });

  // The policy of the site stands over the settings of a member, and is changed at the host only.
  await hostApi.call('PATCH', '/site', {
    policy: { automaticRestore: true, footagePolicy: 'return', standbyLevels: { high: 'hot' } },
  });
  await until(
    'the policy to hold at a member',
    async () => 'footagePolicy' in (await get<{ policy: object }>(a, '/site')).policy,
  );
  await refused(
    t,
    a.box().api.call('PATCH', '/failover/settings', { footagePolicy: 'keep' }),
    409,
    /Host decides this/,
  );
  await refused(t, a.box().api.call('PATCH', '/site', { policy: {} }), 409, /changed at its host, Host/);

  // Failover settings of a member, from the host.
  const remote = `/servers/${idA}/failover-settings`;
  await hostApi.call('PATCH', remote, { hotSeconds: 45 });
  t.like(await get(a, '/failover/settings'), { hotSeconds: 45, footagePolicy: 'return' });
  t.like(await get(host, remote), { hotSeconds: 45 });
  await refused(t, hostApi.call('PATCH', remote, { footagePolicy: 'keep' }), 409, /Host decides this/);
  await refused(t, a.box().api.call('GET', `/servers/${recorderId}/failover-settings`), 409, /does not manage/);

  // Spare B protects the second server only.
  await hostApi.call('PATCH', '/site', { protection: { [idB]: [secondId] } });
  await until('the list to hold', async () => (await watchedBy(b)).join() === secondId);
  t.deepEqual(await watchedBy(a), [recorderId, secondId].sort());
  await until('the plan to follow the list', async () => {
    const by = planned(await get<Plan>(host, '/failover/plan'), recorderId);
    return by.length === 2 && by.every((id) => id === idA);
  });
  const simulated = (await hostApi.call('POST', '/failover/plan/simulate', { failed: [recorderId, idA] })) as Plan;
  t.deepEqual(
    simulated.servers.flatMap(({ cameras }) => cameras.map(({ detail }) => detail)),
    Array.from({ length: 2 }, () => 'No failover server that is there has this server in its list.'),
  );
  await refused(t, hostApi.call('POST', '/failover/plan/simulate', { failed: ['nobody'] }), 404, /nobody/);

  await killServer(recorder);
  await until('Spare A alone to cover the first server', async () => {
    const owners = await Promise.resolve(ownersIn(site));
    return site.cameras
      .filter(({ server }) => server === recorder)
      .every(({ cameraId }) => owners.get(cameraId)?.join() === 'Spare A');
  });
  await until('the host to say so', async () => {
    const states = new Map((await statusOf(host)).map(({ name, state }) => [name, state]));
    return (
      states.get('Recorder') === 'covered' && states.get('Spare A') === 'covering' && states.get('Spare B') === 'online'
    );
  });
  await refused(
    t,
    hostApi.call('PATCH', '/site', { protection: { [idA]: [secondId] } }),
    409,
    /Spare A has footage of Recorder/,
  );
  await recorder.start();
  await nobodyOwns(site);
  await allIsHome(site);
});
