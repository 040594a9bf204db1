/**
 * The host of a site dies, real processes on loopback: a failover server takes its role by hand, recording and covering notice nothing,
 * the old host yields when it is back, and may have the role again.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { Server } from '../../src/api/contract/server.ts';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { ROUNDS_OF_TERM } from '../../src/coordination/epoch-claim.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import { addCameras } from '../../src/demo/demo-box.ts';
import { issuedByHost, SLOTS } from '../../src/failover/epochs.ts';
import {
  PATIENCE_MS,
  allIsHome,
  coversOf,
  judgeAll,
  killServer,
  nobodyOwns,
  oneOwnerEach,
  recordedUntil,
  serversOf,
  startSpares,
} from '../support/spares-site.ts';
import type { SparesSite } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

const hostAt = async (server: SiteServer): Promise<SiteHostView> =>
  (await server.box().api.call('GET', '/site/host')) as SiteHostView;
const serverAt = async (server: SiteServer): Promise<Server> =>
  (await server.box().api.call('GET', '/server')) as Server;

async function refusalOf(server: SiteServer, body: object): Promise<string> {
  try {
    await server.box().api.call('POST', '/site/take-host', body);
    return 'taken';
  } catch (error) {
    return error instanceof UnderstudyError ? `${String(error.context['code'])}: ${error.message}` : String(error);
  }
}
/** Until all of these say that this one is the host. */
async function allFollow(servers: readonly SiteServer[], host: SiteServer): Promise<void> {
  for (const server of servers)
    await waitFor(
      `${server.name} to have ${host.name} as its host`,
      async () => {
        const view = await hostAt(server);
        if (view.host?.name === host.name && view.isHost === (server === host)) return true;
        await new Promise((done) => setTimeout(done, 100));
        return false;
      },
      PATIENCE_MS,
    );
}
/** As soon as there are any: a role is in force a moment before it is told. */
const loggedAt = async (server: SiteServer, code: string): Promise<readonly { message: string }[]> =>
  await waitFor(
    `${server.name} to tell ${code}`,
    async () => {
      const { items } = (await server.box().api.call('GET', `/log?code=${code}&limit=10`)) as {
        items: readonly { message: string }[];
      };
      return items.length > 0 && items;
    },
    PATIENCE_MS,
  );

type Played = { readonly t: ExecutionContext; readonly site: SparesSite; readonly spare: SiteServer };

/** Covers that begin under the new host have epochs that the old one could not issue. */
async function coverUnderNewHost({ t, site }: Played): Promise<void> {
  for (const server of site.recorders) await killServer(server);
  await oneOwnerEach(site);
  const ownIds = new Set(site.cameras.map(({ cameraId }) => cameraId));
  const epochs = (): readonly number[] =>
    site.spares.flatMap((one) => coversOf(one).flatMap(({ cameraId, epoch }) => (ownIds.has(cameraId) ? [epoch] : [])));
  await waitFor('the new host to issue every epoch', () => epochs().every(issuedByHost), PATIENCE_MS);
  t.true(
    epochs().every((epoch) => epoch > ROUNDS_OF_TERM * SLOTS),
    epochs().join(' '),
  );
  for (const server of site.recorders) await server.start();
}

test('the host is killed, a failover server takes its role, nobody loses a frame, and the old host yields', async (t) => {
  t.timeout(235_000);
  const site = await startSpares(t, { camerasEach: 2 });
  const { host, recorders } = site;
  const [spare, other] = site.spares;
  if (spare === undefined || other === undefined) throw new Error('two failover servers are needed');
  const [gate] = site.simulator.cameras;
  if (gate === undefined) throw new Error('no camera');
  const [gateId = ''] = await addCameras(host.box().api, { ...site.simulator, cameras: [gate] }, ['gate']);
  await waitFor(
    'the settings of the host, its camera too, to be backed up',
    async () => {
      const { items } = (await spare.box().api.call('GET', '/servers')) as {
        items: readonly { name: string; watch?: { state: string; cameras: number } }[];
      };
      const seen = items.find(({ name }) => name === host.name)?.watch;
      return seen?.state === 'alive' && seen.cameras === 1;
    },
    PATIENCE_MS,
  );
  await waitFor('a copy of the site', async () => (await hostAt(spare)).here.canTake, PATIENCE_MS);
  await waitFor(
    'copies at all',
    async () => {
      const { successors } = await hostAt(host);
      const names = successors.flatMap(({ name, hasCopy }) => (hasCopy === true ? [name] : []));
      return names.length === successors.length && site.spares.every(({ name }) => names.includes(name));
    },
    PATIENCE_MS,
  );
  t.regex(await refusalOf(spare, {}), /^site\/host-heard: Host was heard/);
  t.regex(await refusalOf(host, {}), /^site\/is-host/);

  const since = Date.now() + 1000;
  await recordedUntil(site, since + 2000);
  await killServer(host);
  await waitFor(
    'the camera of the host to be covered',
    () => site.spares.some((one) => coversOf(one).some(({ cameraId }) => cameraId === gateId)),
    PATIENCE_MS,
  );
  t.regex(await refusalOf(spare, { confirm: 'Hos' }), /^site\/host-heard/);
  await spare.box().api.call('POST', '/site/take-host', { confirm: host.name });
  await allFollow([spare, other, ...recorders], spare);
  t.like(await serverAt(spare), { mode: 'failover', site: { kind: 'host' } });
  t.true(site.spares.some((one) => coversOf(one).some(({ cameraId }) => cameraId === gateId)));
  t.is((await hostAt(other)).term, 2);
  const place = (await hostAt(recorders[0] ?? other)).host;
  t.is(place?.httpPort, spare.box().port());
  t.is(place?.address, '127.0.0.1');
  t.is((await loggedAt(other, 'host-changed')).length, 1);

  await coverUnderNewHost({ t, site, spare });
  await host.start();
  await allFollow(serversOf(site), spare);
  t.like(await serverAt(host), { mode: 'recording', site: { kind: 'member', host: { name: spare.name } } });
  t.regex((await loggedAt(host, 'host-yielded'))[0]?.message ?? '', /^Spare A took the role of the host/);
  const isTold = async (): Promise<boolean> =>
    (await serverAt(host)).health.items.some(({ code }) => code === 'host-yielded');
  await waitFor('health to say so', isTold, PATIENCE_MS);
  const setup = (await host.box().api.call('GET', '/setup')) as { readonly host?: { readonly name: string } };
  t.is(setup.host?.name, 'Spare A', 'the sign-in page names who followed');
  await nobodyOwns(site);
  await allIsHome(site);
  const end = Date.now();
  await recordedUntil(site, end + 1000);
  for (const verdict of await judgeAll(site, since, end)) {
    t.deepEqual(verdict.problems, []);
    t.is(verdict.doubled, 0);
    t.log(`${verdict.cameraId}: ${verdict.accessUnits} access units, longest hole ${verdict.longestHole} s`);
  }

  await waitFor('the old host to have a copy', async () => (await hostAt(host)).here.canTake, PATIENCE_MS);
  await host.box().api.call('POST', '/site/take-host', { confirm: spare.name });
  await allFollow(serversOf(site), host);
  t.is((await hostAt(other)).term, 3);
  t.like(await serverAt(spare), { mode: 'failover', site: { kind: 'member', host: { name: host.name } } });
});
