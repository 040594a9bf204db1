/** Security rows 10 and 11: every route of the table against every role and a camera that is not permitted. */
import { Readable } from 'node:stream';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { pathOf } from '../../src/api/admission.ts';
import type { ExportJob } from '../../src/api/contract/footage.ts';
import type { AnyRoute } from '../../src/api/route.ts';
import { reaches, ROLES } from '../../src/site/account.ts';
import type { Role } from '../../src/site/account.ts';
import { addCamera, addUser, setUpOwner, startApi } from '../support/api-server.ts';
import type { Answer, Api } from '../support/api-server.ts';

/** What each route needs at least. A route that is not in here fails the test below: decide first. */
const EXPECTED: Readonly<Record<string, 'public' | Role>> = {
  'DELETE /api/v1/servers/:id': 'owner',
  'GET /api/v1/failover/drills': 'operator',
  'GET /api/v1/failover/plan': 'operator',
  'GET /api/v1/failover/probes': 'operator',
  'GET /api/v1/failover/restorations': 'operator',
  'GET /api/v1/failover/return-share': 'admin',
  'GET /api/v1/failover/settings': 'operator',
  'GET /api/v1/failover/takeovers': 'operator',
  'GET /api/v1/incidents': 'operator',
  'GET /api/v1/licences': 'operator',
  'GET /api/v1/updates': 'admin',
  'PUT /api/v1/updates/upload': 'owner',
  'DELETE /api/v1/updates/releases/:version': 'owner',
  'POST /api/v1/updates/online': 'owner',
  'POST /api/v1/updates/online/fetch': 'owner',
  'DELETE /api/v1/updates/online/fetch': 'owner',
  'POST /api/v1/updates/install': 'owner',
  'POST /api/v1/updates/servers': 'owner',
  'DELETE /api/v1/updates/servers': 'owner',
  'POST /api/v1/licences': 'owner',
  'DELETE /api/v1/licences/:id': 'owner',
  'GET /api/v1/incidents/:id/report': 'operator',
  'GET /api/v1/servers': 'operator',
  'GET /api/v1/servers/:id/failover-settings': 'operator',
  'PATCH /api/v1/servers/:id/failover-settings': 'admin',
  'GET /api/v1/log/export': 'viewer',
  'GET /api/v1/server/certificate': 'viewer',
  'GET /api/v1/site': 'operator',
  'GET /api/v1/site/status': 'operator',
  'GET /api/v1/site/cameras': 'viewer',
  'GET /api/v1/site/cameras/:id': 'viewer',
  'GET /api/v1/site/cameras/:id/ledger': 'viewer',
  'GET /api/v1/site/cameras/:id/live': 'viewer',
  'GET /api/v1/site/cameras/:id/playlists': 'viewer',
  'GET /api/v1/site/cameras/:id/snapshot.jpg': 'viewer',
  'POST /api/v1/site/cameras/:id/snapshots': 'operator',
  'GET /api/v1/site/timeline': 'viewer',
  'GET /api/v1/site/host': 'viewer',
  'POST /api/v1/site/take-host': 'owner',
  'PATCH /api/v1/site': 'owner',
  'GET /api/v1/servers/:id': 'operator',
  'PATCH /api/v1/failover/settings': 'admin',
  'POST /api/v1/failover/drills': 'admin',
  'POST /api/v1/failover/plan/simulate': 'operator',
  'POST /api/v1/failover/probes': 'admin',
  'POST /api/v1/failover/restorations/:id/stop': 'owner',
  'POST /api/v1/failover/takeovers': 'admin',
  'POST /api/v1/server/hand-over': 'admin',
  'POST /api/v1/servers/:id/hand-over': 'admin',
  'POST /api/v1/failover/takeovers/:id/restore': 'admin',
  // A host needs the owner: told by what it asks for (below).
  'POST /api/v1/peers': 'admin',
  'POST /api/v1/servers': 'owner',
  'POST /api/v1/servers/:id/authorize': 'owner',
  'POST /api/v1/servers/:id/backup': 'admin',
  'POST /api/v1/servers/:id/deauthorize': 'owner',
  'POST /api/v1/servers/:id/detach': 'owner',
  'POST /api/v1/servers/:id/detach/cancel': 'owner',
  'PATCH /api/v1/servers/:id': 'admin',
  'POST /api/v1/servers/bulk': 'admin',
  'POST /api/v1/servers/:id/disable': 'admin',
  'POST /api/v1/servers/:id/enable': 'admin',
  'POST /api/v1/servers/:id/replace': 'owner',
  'GET /api/v1/replacements': 'operator',
  'POST /api/v1/server/replaced/clear': 'owner',
  'POST /api/v1/servers/pair': 'owner',
  'POST /api/v1/servers/pairing-code': 'owner',
  'POST /api/v1/servers/search': 'admin',
  'POST /api/v1/servers/test': 'admin',
  'POST /api/v1/servers/batch': 'owner',
  'POST /api/v1/servers/enable': 'owner',
  'POST /api/v1/servers/:id/rename': 'admin',
  'PUT /api/v1/failover/return-share': 'admin',
  'GET /api/v1/setup': 'public',
  'POST /api/v1/setup': 'public',
  'POST /api/v1/sessions': 'public',
  'GET /api/v1/sessions/current': 'viewer',
  'DELETE /api/v1/sessions/current': 'viewer',
  'GET /api/v1/users': 'admin',
  'POST /api/v1/users': 'admin',
  'GET /api/v1/users/:id': 'admin',
  'PATCH /api/v1/users/:id': 'viewer',
  'DELETE /api/v1/users/:id': 'admin',
  'GET /api/v1/tokens': 'admin',
  'POST /api/v1/tokens': 'admin',
  'DELETE /api/v1/tokens/:id': 'admin',
  'GET /api/v1/cameras': 'viewer',
  'POST /api/v1/cameras': 'admin',
  'PATCH /api/v1/cameras': 'admin',
  'DELETE /api/v1/cameras': 'admin',
  'POST /api/v1/cameras/discover': 'admin',
  'POST /api/v1/cameras/test': 'admin',
  'GET /api/v1/cameras/:id': 'viewer',
  'PATCH /api/v1/cameras/:id': 'admin',
  'DELETE /api/v1/cameras/:id': 'admin',
  'GET /api/v1/server': 'viewer',
  'PATCH /api/v1/server': 'admin',
  'PUT /api/v1/server/mode': 'owner',
  'GET /api/v1/server/settings': 'admin',
  'PATCH /api/v1/server/settings': 'owner',
  'POST /api/v1/server/settings/backup': 'owner',
  'POST /api/v1/server/settings/restore': 'owner',
  'GET /api/v1/volumes': 'operator',
  'POST /api/v1/volumes': 'admin',
  'GET /api/v1/volumes/suggestions': 'admin',
  'GET /api/v1/volumes/:id': 'operator',
  'PATCH /api/v1/volumes/:id': 'admin',
  'DELETE /api/v1/volumes/:id': 'admin',
  'GET /api/v1/log': 'viewer',
  'GET /api/v1/events': 'viewer',
  'GET /healthz': 'public',
  'GET /metrics': 'public',
  'GET /api/v1/openapi.json': 'public',
  'GET /api/v1/cameras/:id/export.mp4': 'operator',
  'GET /api/v1/cameras/:id/ledger': 'viewer',
  'GET /api/v1/cameras/:id/live': 'viewer',
  'GET /api/v1/cameras/:id/playlist.m3u8': 'viewer',
  'GET /api/v1/cameras/:id/playlists': 'viewer',
  'GET /api/v1/cameras/:id/recordings': 'viewer',
  'GET /api/v1/cameras/:id/segments/:segment': 'viewer',
  'GET /api/v1/cameras/:id/snapshot.jpg': 'viewer',
  'GET /api/v1/cameras/:id/snapshots': 'viewer',
  'POST /api/v1/cameras/:id/snapshots': 'operator',
  'GET /api/v1/cameras/:id/snapshots/:snapshot': 'viewer',
  'DELETE /api/v1/cameras/:id/snapshots/:snapshot': 'operator',
  'GET /api/v1/timeline': 'viewer',
  'GET /api/v1/exports': 'viewer',
  'POST /api/v1/exports': 'operator',
  'GET /api/v1/exports/:id': 'viewer',
  'GET /api/v1/exports/:id/manifest': 'viewer',
  'GET /api/v1/exports/:id/video': 'viewer',
  'POST /api/v1/exports/:id/link': 'operator',
  'GET /api/v1/shared-exports/:id/manifest': 'public',
  'GET /api/v1/shared-exports/:id/video': 'public',
  'DELETE /api/v1/exports/:id': 'operator',
};

/** It would get all passwords, and make accounts. */
const HOST = { id: '00000000-0000-4000-8000-000000000009', name: 'Site', mode: 'host', fingerprint: '9'.repeat(64) };

const nameOf = ({ spec }: AnyRoute): string => `${spec.method} ${pathOf(spec)}`;

test('every route is in the matrix with the role it needs, and the matrix has no other', async (t) => {
  const { routes } = await startApi(t);
  t.deepEqual(Object.fromEntries(routes.map((one) => [nameOf(one), one.spec.access])), { ...EXPECTED });
  t.is(new Set(routes.map(nameOf)).size, routes.length);
});

test('every route with a camera in its path asks for the permission', async (t) => {
  const { routes } = await startApi(t);
  for (const one of routes) {
    if (!/^(\/site)?\/cameras\/:/.test(one.spec.path)) continue;
    t.truthy(one.spec.camera, nameOf(one));
    t.true(one.spec.path.includes(`:${one.spec.camera}`), nameOf(one));
  }
});

/** Nothing behind it runs: sockets and event streams would not end by themselves. */
async function tryRoute({ call }: Api, one: AnyRoute, cameraId: string, cookie: string | undefined): Promise<Answer> {
  const path = pathOf(one.spec).replace('/cameras/:id', `/cameras/${cameraId}`).replaceAll(/:\w+/g, 'unknown');
  return await call(one.spec.method, path, { cookie, raw: one.spec.method === 'GET' ? undefined : '{}' } as never);
}
const isStream = ({ kind, spec }: AnyRoute): boolean => kind === 'socket' || spec.path === '/events';

/** Who may call these is signed out by it, as asked. */
const ENDS_SESSIONS = /^DELETE .*\/sessions/;

/** The role is asked first, then of whom the account is: tried below. */
const LOOKS_FURTHER = new Set(['PATCH /api/v1/users/:id']);

test('default deny: every route refuses the anonymous and every weaker role, and hears the others', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const cameraId = await addCamera(api, owner);
  for (const one of api.routes) {
    if (isStream(one)) continue;
    const { access } = one.spec;
    const anonymous = await tryRoute(api, one, cameraId, undefined);
    if (access === 'public') t.not(anonymous.status, 403, nameOf(one));
    else t.is(anonymous.status, 401, nameOf(one));
    if (access === 'public') continue;
    for (const role of ROLES) {
      judge(t, { one, access, role, answer: await tryRoute(api, one, cameraId, await cookieFor(api, owner, role)) });
      if (ENDS_SESSIONS.test(nameOf(one))) cookies.get(api)?.delete(role);
    }
  }
});

type Tried = { readonly one: AnyRoute; readonly access: Role; readonly role: Role; readonly answer: Answer };
function judge(t: ExecutionContext, { one, access, role, answer: { status, json, text } }: Tried): void {
  const name = `${nameOf(one)} as ${role}`;
  if (!reaches(role, access)) t.deepEqual([status, json.code], [403, 'auth/role'], name);
  else if (LOOKS_FURTHER.has(nameOf(one))) t.not(json.code, 'auth/required', name);
  else t.notRegex(json?.code ?? '', /^auth\//, `${name}: ${text}`);
}

const cookies = new WeakMap<Api, Map<Role, string>>();
async function cookieFor(api: Api, owner: string, role: Role): Promise<string> {
  const known = cookies.get(api) ?? new Map<Role, string>();
  cookies.set(api, known);
  const cookie = known.get(role) ?? (await addUser(api, owner, role));
  known.set(role, cookie);
  return cookie;
}

test('an account for one camera gets 403 for any other on every camera route', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const mine = await addCamera(api, owner);
  const other = await addCamera(api, owner);
  const limited = await addUser(api, owner, 'operator', [mine]);
  for (const one of api.routes.filter(({ spec, kind }) => spec.camera !== undefined && kind === 'http')) {
    t.is((await tryRoute(api, one, other, limited)).status, 403, nameOf(one));
    t.is((await tryRoute(api, one, 'cam-unknown', limited)).status, 403, `${nameOf(one)}: existence is not told`);
  }
  t.is((await api.call('GET', `/api/v1/cameras/${mine}`, { cookie: limited })).status, 200);
  for (const path of ['/cameras', '/site/cameras']) {
    const list = await api.call('GET', `/api/v1${path}`, { cookie: limited });
    t.deepEqual(
      list.json.items.map((one: { id: string }) => one.id),
      [mine],
      path,
    );
  }
  for (const path of ['/timeline', '/site/timeline']) {
    const drawn = `/api/v1${path}?day=2026-11-21&cameras=${mine}`;
    t.is((await api.call('GET', drawn, { cookie: limited })).status, 200, path);
    t.is((await api.call('GET', `${drawn},${other}`, { cookie: limited })).status, 403, path);
  }
});

test('an account for one camera makes, sees, fetches and deletes no export of another', async (t) => {
  const jobs = new Map<string, ExportJob>();
  const deleted: string[] = [];
  const api = await startApi(t, {
    exports: {
      isCamera: () => true,
      createExport: ({ cameraId, stream }) => {
        const job = exportOf(`export-${jobs.size + 1}`, cameraId, stream);
        jobs.set(job.id, job);
        return job;
      },
      listExports: () => [...jobs.values()],
      exportOf: (id) => jobs.get(id),
      openExport: async () =>
        await Promise.resolve({ name: 'a.mp4', mediaType: 'video/mp4', bytes: 1, body: Readable.from(['x']) }),
      deleteExport: async (id) => {
        deleted.push(id);
        await Promise.resolve();
      },
    },
  });
  const owner = await setUpOwner(api);
  const mine = await addCamera(api, owner);
  const other = await addCamera(api, owner);
  const limited = await addUser(api, owner, 'operator', [mine]);
  const make = async (cookie: string, ...cameraIds: string[]): Promise<Answer> =>
    await api.call('POST', '/api/v1/exports', { cookie, body: { ...EXPORTED, cameraIds } });
  const foreign = (await make(owner, other)).json.items[0].id as string;
  for (const ids of [[other], [mine, other], ['cam-unknown']]) {
    const refused = await make(limited, ...ids);
    t.is(refused.status, 403, ids.join(' '));
    t.is(refused.json.code, 'auth/camera');
  }
  t.is(jobs.size, 1, 'nothing was begun, not even for the camera that is allowed');
  const made = await make(limited, mine);
  t.is(made.status, 201);
  const own = made.json.items[0].id as string;
  const listed = (await api.call('GET', '/api/v1/exports', { cookie: limited })).json.items;
  t.deepEqual(
    listed.map(({ id }: { id: string }) => id),
    [own],
  );
  const tries = [
    ['GET', ''],
    ['GET', '/manifest'],
    ['GET', '/video'],
    ['POST', '/link'],
    ['DELETE', ''],
  ] as const;
  for (const [method, part] of tries) {
    const at = (id: string): string => `/api/v1/exports/${id}${part}`;
    const sent = method === 'POST' ? { cookie: limited, body: {} } : { cookie: limited };
    const refused = await api.call(method, at(foreign), sent);
    t.is(refused.status, 404, `${method} ${part}`);
    const unknown = await api.call(method, at('export-9'), sent);
    t.deepEqual([refused.json.code, refused.json.detail], [unknown.json.code, unknown.json.detail]);
    t.true((await api.call(method, at(own), sent)).status < 300, `${method} ${part}, their own`);
  }
  t.deepEqual(deleted, [own]);
});

const EXPORTED = { start: '2026-11-21T10:00:00.000Z', end: '2026-11-21T10:01:00.000Z' };
const exportOf = (id: string, cameraId: string, stream: ExportJob['stream']): ExportJob => ({
  id,
  cameraId,
  stream,
  ...EXPORTED,
  state: 'done',
  progress: 1,
  createdAt: EXPORTED.end,
  files: [],
});

test('nobody gives or takes a role that is not below their own', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const admin = await addUser(api, owner, 'admin');
  const viewer = await addUser(api, owner, 'viewer');
  const { items } = (await api.call('GET', '/api/v1/users', { cookie: owner })).json;
  const idOf = (role: Role): string => items.find((one: { role: Role }) => one.role === role).id;
  const user = (role: Role) => ({ username: `new-${role}`, password: 'a long password', role });
  const tries: readonly (readonly [string, string, string, unknown, number])[] = [
    [admin, 'POST', '/users', user('owner'), 403],
    [admin, 'POST', '/users', user('admin'), 403],
    [admin, 'POST', '/users', user('operator'), 201],
    [admin, 'POST', '/tokens', { name: 'x', role: 'owner' }, 403],
    [admin, 'POST', '/tokens', { name: 'x', role: 'admin' }, 403],
    [admin, 'PATCH', `/users/${idOf('owner')}`, { role: 'viewer' }, 403],
    [admin, 'PATCH', `/users/${idOf('owner')}`, { password: 'taken over now' }, 403],
    [admin, 'PATCH', `/users/${idOf('admin')}`, { role: 'owner' }, 403],
    [admin, 'PATCH', `/users/${idOf('viewer')}`, { role: 'admin' }, 403],
    [admin, 'DELETE', `/users/${idOf('owner')}`, undefined, 403],
    [admin, 'POST', '/peers', { peer: HOST, role: 'manages' }, 403],
    [viewer, 'PATCH', `/users/${idOf('viewer')}`, { role: 'operator' }, 403],
    [viewer, 'PATCH', `/users/${idOf('viewer')}`, { cameraIds: null }, 403],
    [viewer, 'PATCH', `/users/${idOf('admin')}`, { password: 'taken over now' }, 403],
    [owner, 'DELETE', `/users/${idOf('owner')}`, undefined, 409],
    [owner, 'PATCH', `/users/${idOf('owner')}`, { role: 'admin' }, 409],
  ];
  for (const [cookie, method, path, body, status] of tries) {
    const answer = await api.call(method, `/api/v1${path}`, body === undefined ? { cookie } : { cookie, body });
    t.is(answer.status, status, `${method} ${path} ${JSON.stringify(body)}: ${answer.text}`);
  }
});
