/**
 * Licences at a site of real processes on loopback: the host's seats limit what its two failover servers cover, a new licence counts at
 * once, and one that expires in the middle of a cover, with a failover server killed on top, stops nothing that runs.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { Licence, Licences } from '../../src/api/contract/licences.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import type { LicenceTerms } from '../../src/site/licence.ts';
import { isRefused } from '../support/is-refused.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import {
  allIsHome,
  coversOf,
  judgeAll,
  killServer,
  nobodyOwns,
  PATIENCE_MS,
  recordedUntil,
  startSpares,
  takeoversOf,
} from '../support/spares-site.ts';
import type { SparesSite } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

const ISSUER = createIssuer();
const CAMERAS = 4;
/** Time in which a failover server would step in for whom nobody records. */
const STEP_IN_MS = 6000;
/** From the making of the licence until it expires: the cover begins in between. */
const LASTS_MS = 35_000;

const licencesOf = async (server: SiteServer): Promise<Licences> =>
  (await server.box().api.call('GET', '/licences')) as Licences;
const add = async (server: SiteServer, terms: Partial<LicenceTerms>): Promise<Licence> =>
  (await server.box().api.call('POST', '/licences', { licence: licenceOf(ISSUER, terms) })) as Licence;
const coversIn = ({ spares }: SparesSite): readonly number[] => spares.map((spare) => coversOf(spare).length);
const coveredIn = ({ spares }: SparesSite): readonly string[] =>
  [...new Set(spares.flatMap((spare) => coversOf(spare).map(({ cameraId }) => cameraId)))].toSorted();

async function seatsAre(site: SparesSite, expected: readonly (number | undefined)[]): Promise<void> {
  for (const [index, spare] of site.spares.entries())
    await waitFor(
      `${spare.name} to have its seats`,
      async () => {
        const id = ((await spare.box().api.call('GET', '/server')) as { readonly id: string }).id;
        const own = (await licencesOf(spare)).covering.find(({ serverId }) => serverId === id);
        return own !== undefined && own.seats === expected[index];
      },
      PATIENCE_MS,
    );
}

/** Each of these is recorded somewhere beyond this moment. */
async function coversGrow(site: SparesSite, cameraIds: readonly string[]): Promise<void> {
  const now = Date.now();
  for (const cameraId of cameraIds)
    await waitFor(
      `the cover of ${cameraId} to grow`,
      async () => {
        for (const spare of site.spares) {
          const views = await takeoversOf(spare).catch(() => []);
          const camera = views
            .filter(({ state }) => state !== 'ended')
            .flatMap(({ cameras }) => cameras)
            .find((one) => one.cameraId === cameraId) as { readonly lastFrameAt?: string } | undefined;
          if (Date.parse(camera?.lastFrameAt ?? '') > now + 1000) return true;
        }
        return false;
      },
      PATIENCE_MS,
    );
}

/** Cameras that somebody covers, by the plan that the host shows. */
async function plannedAtHost({ host }: SparesSite): Promise<readonly string[]> {
  const plan = (await host.box().api.call('GET', '/failover/plan')) as Plan;
  const cameras = plan.servers.flatMap((server) => server.cameras);
  return cameras.flatMap(({ cameraId, coveredBy }) => (coveredBy === undefined ? [] : [cameraId])).toSorted();
}
type Plan = {
  readonly servers: readonly { readonly cameras: readonly { cameraId: string; coveredBy?: string }[] }[];
};

async function expiriesBooked({ host }: SparesSite): Promise<number> {
  const log = (await host.box().api.call('GET', '/log?code=licence-expired')) as { readonly items: readonly object[] };
  return log.items.length;
}

async function refusals(t: ExecutionContext, site: SparesSite): Promise<void> {
  const { host, failover } = site;
  const call = async (server: SiteServer, licence: string): Promise<unknown> =>
    await server.box().api.call('POST', '/licences', { licence });
  await isRefused(t, async () => await call(host, licenceOf(ISSUER)), { status: 422, message: /trusts no issuer/ });
  await appendFile(join(host.dataDir, 'keys', 'licence-issuers.pem'), ISSUER.pem);
  const expired = licenceOf(ISSUER, { expiresAt: '2026-01-02T00:00:00Z' });
  await isRefused(t, async () => await call(host, expired), { status: 422, message: /expired on 2026-01-02/ });
  const altered = licenceOf(ISSUER).replace(/\.[^.]*$/, `.${'A'.repeat(86)}`);
  await isRefused(t, async () => await call(host, altered), {
    status: 422,
    message: /signature of this licence is wrong/,
  });
  await isRefused(t, async () => await call(failover, licenceOf(ISSUER)), {
    status: 409,
    message: /Host manages this server/,
  });
  t.deepEqual((await licencesOf(host)).items, []);
}

test('seats of the site limit a cover; a licence that expires in the middle of it stops nothing, not even over a restart', async (t) => {
  t.timeout(230_000);
  const site = await startSpares(t, { camerasEach: CAMERAS });
  const [spare, other] = site.spares;
  const [recorder] = site.recorders;
  if (spare === undefined || other === undefined || recorder === undefined) throw new Error('the site is not whole');
  const since = Date.now() + 1000;
  await recordedUntil(site, since + 2000);
  await refusals(t, site);
  await seatsAre(site, [undefined, undefined]);
  await add(site.host, { id: 'two', seats: { coveredCameras: 2 } });
  await seatsAre(site, [1, 1]);

  await killServer(recorder);
  await waitFor('two cameras to be covered', () => coveredIn(site).length === 2, PATIENCE_MS);
  await sleep(STEP_IN_MS);
  t.deepEqual(coversIn(site), [1, 1], 'no more than there are seats');
  const saysWhy = async (): Promise<boolean> =>
    (await takeoversOf(spare)).some(({ cameras }) =>
      cameras.some((camera) => 'cause' in camera && camera.cause === 'not-covered-seat'),
    );
  await waitFor('the incident to say why the others are not covered', saysWhy, PATIENCE_MS);

  const expiresAt = new Date(Date.now() + LASTS_MS).toISOString();
  await add(site.host, { id: 'short', expiresAt, seats: { coveredCameras: 8 } });
  await waitFor('all cameras to be covered', () => coveredIn(site).length === CAMERAS, PATIENCE_MS);
  const all = coveredIn(site);
  await waitFor('the licence to expire', () => Date.now() > Date.parse(expiresAt), PATIENCE_MS);
  await seatsAre(site, [1, 1]);
  await coversGrow(site, all);
  t.deepEqual(coveredIn(site), all);
  // The host hears of the seats, and of who covers, at different moments.
  const isPlanned = async (): Promise<boolean> => (await plannedAtHost(site)).join() === all.join();
  await waitFor('the plan of the host to leave out nothing that is recorded', isPlanned, PATIENCE_MS);

  await killServer(spare);
  await spare.start();
  await seatsAre(site, [1, 1]);
  await coversGrow(site, all);
  t.deepEqual(coveredIn(site), all, 'started again it goes on, without a seat for each');
  // The host looks every few seconds which licences have turned.
  await waitFor('the host to book that it expired', async () => (await expiriesBooked(site)) > 0, PATIENCE_MS);
  t.is(await expiriesBooked(site), 1);

  await recorder.start();
  await nobodyOwns(site);
  await allIsHome(site);
  const end = Date.now();
  await recordedUntil(site, end + 1000);
  for (const verdict of await judgeAll(site, since, end)) {
    t.log(`${verdict.cameraId}: ${JSON.stringify(verdict.causes)}, longest hole ${verdict.longestHole} s`);
    t.deepEqual(verdict.problems, []);
    t.is(verdict.doubled, 0);
  }
});
