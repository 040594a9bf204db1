/** The security lock (product A5): every route of the table while the host of this server locks it. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { pathOf } from '../../src/api/admission.ts';
import type { AnyRoute } from '../../src/api/route.ts';
import { addCamera, addUser, OWNER, setUpOwner, startApi } from '../support/api-server.ts';
import type { Api } from '../support/api-server.ts';
import { peerOf } from '../support/memory-settings.ts';

const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Head office', locked: true });

/** What goes on working, and why. A route that is not in here and does more than read must be refused. */
const OPEN: Readonly<Record<string, string>> = {
  'POST /api/v1/setup': 'there is an owner already; it says so',
  'POST /api/v1/sessions': 'signing in',
  'DELETE /api/v1/sessions/current': 'signing out',
  'PATCH /api/v1/users/:id': 'the own password, and only that',
  'POST /api/v1/exports': 'playback',
  'DELETE /api/v1/exports/:id': 'playback',
  'POST /api/v1/exports/:id/link': 'playback: who exports a file may pass it on',
  'POST /api/v1/cameras/:id/snapshots': 'live view',
  'POST /api/v1/site/cameras/:id/snapshots': 'live view',
  'DELETE /api/v1/cameras/:id/snapshots/:snapshot': 'live view',
  'POST /api/v1/failover/plan/simulate': 'a question',
  'POST /api/v1/server/hand-over': 'cameras must be recorded, whoever manages this server',
  'POST /api/v1/servers/:id/hand-over': 'the same',
  'POST /api/v1/failover/takeovers': 'cameras must be recorded, whoever manages this server',
  'POST /api/v1/failover/takeovers/:id/restore': 'the end of the same',
  'POST /api/v1/site/take-host':
    'the host that locks it is gone; while it is heard, this is refused there (test/control/host-taking.test.ts)',
  'POST /api/v1/peers': 'its own host, by its key, authorizes itself again; anybody else is refused there',
};
const nameOf = ({ spec }: AnyRoute): string => `${spec.method} ${pathOf(spec)}`;
const changing = ({ routes }: Api): readonly AnyRoute[] => routes.filter(({ spec }) => spec.method !== 'GET');

async function lockedApi(t: ExecutionContext): Promise<Api & { readonly owner: string; readonly cameraId: string }> {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const cameraId = await addCamera(api, owner);
  await api.settings.peers.update(() => ({ peers: [HOST] }));
  return { ...api, owner, cameraId };
}
const placeOf = (one: AnyRoute, cameraId: string): string =>
  pathOf(one.spec).replace('/cameras/:id', `/cameras/${cameraId}`).replaceAll(/:\w+/g, 'unknown');

test('every route that changes something is refused on a locked server, with the name of the host', async (t) => {
  const api = await lockedApi(t);
  t.deepEqual(
    Object.keys(OPEN).filter((name) => !changing(api).some((one) => nameOf(one) === name)),
    [],
  );
  const before = JSON.stringify([api.settings.server.get(), api.settings.cameras.get(), api.settings.users.get()]);
  for (const one of changing(api)) {
    if (OPEN[nameOf(one)] !== undefined) continue;
    const answer = await api.call(one.spec.method, placeOf(one, api.cameraId), { cookie: api.owner, raw: '{}' });
    t.is(answer.status, 423, nameOf(one));
    t.is(answer.json.code, 'server/locked');
    t.regex(answer.json.detail, /^Head office manages this server and locks it/);
  }
  t.is(JSON.stringify([api.settings.server.get(), api.settings.cameras.get(), api.settings.users.get()]), before);
});

test('who may not call a route is told that, not who manages the server', async (t) => {
  const api = await lockedApi(t);
  const viewer = await viewerBefore(api);
  for (const one of changing(api)) {
    const anonymous = await api.call(one.spec.method, placeOf(one, api.cameraId), { raw: '{}' });
    t.not(anonymous.status, 423, nameOf(one));
    t.notRegex(anonymous.text, /Head office/);
    if (one.spec.access !== 'owner') continue;
    t.is((await api.call(one.spec.method, placeOf(one, api.cameraId), { cookie: viewer, raw: '{}' })).status, 403);
  }
});

async function viewerBefore(api: Awaited<ReturnType<typeof lockedApi>>): Promise<string> {
  await api.settings.peers.update(() => ({ peers: [] }));
  const viewer = await addUser(api, api.owner, 'viewer');
  await api.settings.peers.update(() => ({ peers: [HOST] }));
  return viewer;
}

test('reading, signing in and out, live view, playback and the own password go on', async (t) => {
  const api = await lockedApi(t);
  const viewer = await viewerBefore(api);
  const reading = api.routes.filter(
    ({ spec, kind }) => spec.method === 'GET' && kind === 'http' && spec.path !== '/events',
  );
  for (const one of reading) {
    const answer = await api.call('GET', placeOf(one, api.cameraId), { cookie: api.owner });
    t.not(answer.status, 423, nameOf(one));
  }
  for (const name of Object.keys(OPEN)) {
    const one = changing(api).find((each) => nameOf(each) === name);
    if (one === undefined || name.includes('/users/') || name.includes('/sessions/')) continue;
    t.not(
      (await api.call(one.spec.method, placeOf(one, api.cameraId), { cookie: api.owner, raw: '{}' })).status,
      423,
      name,
    );
  }
  const { user } = (await api.call('GET', '/api/v1/sessions/current', { cookie: viewer })).json;
  const change = async (body: object, cookie = viewer, id: string = user.id): Promise<number> =>
    (await api.call('PATCH', `/api/v1/users/${id}`, { cookie, body })).status;
  const passwords = { password: 'a new long password', currentPassword: 'another long password' };
  t.is(await change({ ...passwords, cameraIds: null }), 423, 'nothing else with it');
  t.is(await change({ role: 'viewer' }), 423);
  t.is(await change({ password: 'taken by the owner' }, api.owner), 423, 'nobody else’s');
  t.is(await change(passwords), 200);
  t.is((await api.call('POST', '/api/v1/sessions', { body: OWNER })).status, 201);
  t.is((await api.call('DELETE', '/api/v1/sessions/current', { cookie: api.owner })).status, 204);
});

test('unlocked by its host, changes are taken at once', async (t) => {
  const api = await lockedApi(t);
  const rename = async (): Promise<number> =>
    (await api.call('PATCH', '/api/v1/server', { cookie: api.owner, body: { name: 'Shop' } })).status;
  t.is(await rename(), 423);
  await api.settings.peers.update(() => ({ peers: [{ ...HOST, locked: false }] }));
  t.is(await rename(), 200);
  await api.settings.peers.update(() => ({ peers: [{ ...HOST, forgottenAt: 1 }] }));
  t.is(await rename(), 200, 'a host that is no host any more locks nothing');
});
