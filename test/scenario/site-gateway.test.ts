/**
 * The site gateway between real boxes on loopback: one sign-in at the host reaches the cameras, footage and live pictures of a member that
 * knows nothing of that account; the member is killed, dials in, leaves; the accounts go with the role of the host.
 */
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { addCameras, DEMO_USER } from '../../src/demo/demo-box.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import {
  addToSite,
  pairWithSite,
  at,
  browserAt,
  PATIENCE_MS,
  reached,
  startSiteBox,
  statusOf,
  WEBSOCKET,
} from '../support/gateway-boxes.ts';
import type { Browser, SiteBox } from '../support/gateway-boxes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

type Cast = { readonly H: SiteBox; readonly R: SiteBox; readonly cameraId: string; readonly anna: Browser };
const ANNA = { username: 'anna', password: 'long enough for anna' };

async function hostWithMember(t: ExecutionContext): Promise<Cast> {
  const dir = await tempDir(t, 'gateway');
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [{ id: 'cam-1' }]);
  t.teardown(() => simulator.stop());
  const [H, R] = await Promise.all([startSiteBox(t, dir, 'Front', 'host'), startSiteBox(t, dir, 'Yard', 'recording')]);
  const [cameraId = ''] = await addCameras(R.box().api, simulator, ['Gate']);
  await addToSite(H, R);
  await H.box().api.call('POST', '/users', { ...ANNA, role: 'operator', cameraIds: [cameraId] });
  const anna = await browserAt(H, ANNA.username, ANNA.password);
  if (anna === undefined) throw new Error('anna cannot sign in');
  t.is(await browserAt(R, ANNA.username, ANNA.password), undefined, 'the member does not know her');
  return { H, R, cameraId, anna };
}

/** Live pictures begin to come; the socket of the browser. */
async function watchLive({ R, cameraId, anna }: Cast): Promise<Duplex> {
  // A server that just started answers 503: the camera has not sent a picture yet.
  const [response, socket] = await waitFor(
    'a live view',
    async () => await upgraded(anna.open(at(R, `/cameras/${cameraId}/live?stream=main`), WEBSOCKET)),
    PATIENCE_MS,
  );
  if (response.headers['sec-websocket-accept'] !== 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=') throw new Error('no WebSocket');
  let bytes = 0;
  socket.on('data', (part: Buffer) => (bytes += part.length)).on('error', () => undefined);
  await waitFor('live pictures', () => bytes > 100_000, PATIENCE_MS);
  return socket;
}

async function upgraded(asked: ClientRequest): Promise<[IncomingMessage, Duplex] | undefined> {
  return await new Promise((resolve) => {
    asked.once('upgrade', (response: IncomingMessage, socket: Duplex) => resolve([response, socket]));
    asked.once('response', (response) => resolve(void response.resume()));
    asked.once('close', () => resolve(undefined));
  });
}

/** What is played through the host is what lies at the member, to the byte. */
async function playFootage(t: ExecutionContext, { H, R, cameraId }: Cast): Promise<void> {
  const start = Date.now();
  const span = `start=${new Date(start - 60_000).toISOString()}&end=${new Date(start + 60_000).toISOString()}`;
  await waitFor(
    'footage',
    async () => {
      const recordings = (await H.box().api.call('GET', at(R, `/cameras/${cameraId}/recordings?${span}`))) as {
        items: { start: string; end: string }[];
      };
      const [first] = recordings.items;
      return first !== undefined && Date.parse(first.end) - Date.parse(first.start) > 3000;
    },
    PATIENCE_MS,
  );
  const playlist = (await H.box().api.read(at(R, `/cameras/${cameraId}/playlist.m3u8?${span}`))).toString();
  const segment = /^[^#\s].*$/m.exec(playlist)?.[0] ?? '';
  t.truthy(segment, playlist);
  const path = `/cameras/${cameraId}/${segment.replace(/^.*cameras\/[^/]+\//, '').replace(/^\//, '')}`;
  const range = { first: 100, last: 50_099 };
  const through = await H.box().api.read(at(R, path), range);
  t.is(through.length, 50_000);
  t.true(through.equals(await R.box().api.read(path, range)));
}

test('one sign-in at the host: cameras, footage, live pictures and events of a member, until it is detached', async (t) => {
  t.timeout(235_000);
  const cast = await hostWithMember(t);
  const { H, R, cameraId, anna } = cast;
  t.is(await anna.status(at(R, `/cameras/${cameraId}`)), 200);
  t.is(await anna.status(at(R, '/cameras/cam-other')), 403);
  t.is(await anna.status(at(R, '/server/settings')), 403);
  const live = await watchLive(cast);
  await playFootage(t, cast);

  await H.box().api.call('PATCH', at(R, `/cameras/${cameraId}`), { name: 'Back gate' });
  const { items } = (await R.box().api.call('GET', '/log?limit=20')) as { items: { code: string; user?: string }[] };
  t.true(
    items.some(({ user }) => user === `${DEMO_USER} (at Front)`),
    JSON.stringify(items.slice(0, 3)),
  );

  const N = await startSiteBox(t, await tempDir(t, 'gateway-nat'), 'Shed', 'recording');
  await pairWithSite(H, N);
  const { items: known } = (await H.box().api.call('GET', '/servers')) as { items: { id: string; host?: string }[] };
  t.is(known.find(({ id }) => id === N.id)?.host, undefined, 'the host knows no address: it dials in');
  t.like(await H.box().api.call('GET', at(N, '/server')), { id: N.id, name: 'Shed' });

  const closed = once(live, 'close');
  await R.kill();
  await closed;
  t.is(await anna.status(at(R, '/server')), 503);
  await R.start();
  await reached(H, R);
  const again = await watchLive(cast);
  const { response: events } = await anna.ask(at(R, '/events'));
  t.is(events.statusCode, 200);
  const ended = Promise.all([once(again, 'close'), new Promise((done) => events.resume().once('close', done))]);

  await H.box().api.call('POST', `/servers/${R.id}/detach`, { cameras: 'keep' });
  const from = performance.now();
  await ended;
  t.true(performance.now() - from < 5000, `${performance.now() - from} ms`);
  t.is(await statusOf(H, at(R, '/server')), 404);
});

type HostView = { readonly here: { readonly canTake: boolean } };
const hostAt = async ({ box }: SiteBox): Promise<HostView> => (await box().api.call('GET', '/site/host')) as HostView;
const canTake = async (server: SiteBox): Promise<boolean> => (await hostAt(server)).here.canTake;
const isMember = async ({ box }: SiteBox): Promise<boolean> =>
  ((await box().api.call('GET', '/server')) as { readonly site: { readonly kind: string } }).site.kind === 'member';

test('accounts of the site are at its host: who takes the role has them, whoever yields has its own again', async (t) => {
  t.timeout(235_000);
  const { H, R, anna } = await hostWithMember(t);
  const dir = await tempDir(t, 'gateway-spare');
  const F = await startSiteBox(t, dir, 'Spare', 'failover');
  await F.box().api.call('POST', '/users', { username: 'nora', password: 'long enough for nora', role: 'viewer' });
  await addToSite(H, F);
  await H.box().api.call('POST', '/users', { username: 'otto', password: 'long enough for otto', role: 'owner' });
  await waitFor('a copy of the site', async () => await canTake(F), PATIENCE_MS);
  const copy = async (): Promise<string> =>
    await readFile(join(dir, 'Spare', 'site-copy.json'), 'utf8').catch(() => '');
  await waitFor('a copy with otto', async () => (await copy()).includes('"otto"'), PATIENCE_MS);
  const { response: events } = await anna.ask(at(R, '/events'));
  const ended = new Promise((done) => events.resume().once('close', done));
  await H.kill();
  await ended;

  await F.box().api.call('POST', '/site/take-host', { confirm: 'Front' });
  await reached(F, R);
  const there = await browserAt(F, ANNA.username, ANNA.password);
  t.is(await there?.status(at(R, '/cameras')), 200, 'her account went along, with what it may');
  t.is(await there?.status(at(R, '/server/settings')), 403);
  t.truthy(await browserAt(F, 'otto', 'long enough for otto'));
  t.truthy(await browserAt(F, DEMO_USER, H.password), 'the owner of the site signs in as at the old host');
  t.is(await browserAt(F, DEMO_USER, F.password), undefined, 'of two with one name the one of the site counts');
  t.is(await browserAt(F, 'nora', 'long enough for nora'), undefined, 'she was allowed to see this box, not the site');

  await H.start();
  await waitFor('the old host to yield', async () => await isMember(H), PATIENCE_MS);
  t.is(await statusOf(H, at(R, '/server')), 404, 'it carries nothing any more');
  await reached(F, H);
  t.is(await statusOf(F, at(H, '/server')), 200);
  await waitFor('a copy at the old host', async () => await canTake(H), PATIENCE_MS);
  await H.box().api.call('POST', '/site/take-host', { confirm: 'Spare' });
  await reached(H, R);
  await waitFor('the failover server to be host no more', async () => await isMember(F), PATIENCE_MS);
  t.truthy(await browserAt(F, 'nora', 'long enough for nora'), 'it has its own accounts again');
  t.is(await browserAt(F, ANNA.username, ANNA.password), undefined);
  t.truthy(await browserAt(F, DEMO_USER, F.password));
});
