/**
 * Security rows 10 and 11 through the site gateway: every route of a member against every role and camera of accounts of its host. And
 * many slow requests that starve nobody.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import test from 'ava';
import { isCarried } from '../../src/api/gateway-paths.ts';
import type { AnyRoute } from '../../src/api/route.ts';
import { MAX_CARRIED_PER_CALLER } from '../../src/control/site-gateway.ts';
import { reaches, ROLES } from '../../src/site/account.ts';
import type { Role } from '../../src/site/account.ts';
import { addCamera, addUser, setUpOwner } from '../support/api-server.ts';
import type { Answer } from '../support/api-server.ts';
import { ask, openAt, startGatewayRig } from '../support/gateway-rig.ts';
import type { GatewayRig } from '../support/gateway-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const nameOf = ({ spec }: AnyRoute): string => `${spec.method} ${spec.path}`;
const isStream = ({ kind, spec }: AnyRoute): boolean => kind === 'socket' || spec.path === '/events';

/** What no host asks of a member. A route that is added is carried unless it is named here and in gateway-paths.ts: decide first. */
const NEVER = [
  'GET /setup',
  'POST /setup',
  'POST /sessions',
  'GET /sessions/current',
  'DELETE /sessions/current',
  'GET /users',
  'POST /users',
  'GET /users/:id',
  'PATCH /users/:id',
  'DELETE /users/:id',
  'GET /tokens',
  'POST /tokens',
  'DELETE /tokens/:id',
  'POST /peers',
  'POST /server/settings/backup',
  'POST /server/settings/restore',
  'PUT /server/mode',
  'GET /shared-exports/:id/video',
  'GET /shared-exports/:id/manifest',
  'GET /healthz',
  'GET /metrics',
];

test('accounts, keys, the mode and what stands beside the API are the routes that are never carried, with those of the site', async (t) => {
  const { member } = await startGatewayRig(t);
  const never = member.routes.filter(({ spec }) => !isCarried(spec));
  const beside = never.filter(({ spec }) => !spec.path.startsWith('/site'));
  t.deepEqual(beside.map(nameOf).toSorted(), NEVER.toSorted());
  const ofSite = member.routes.filter(({ spec }) => spec.path === '/site' || spec.path.startsWith('/site/'));
  t.true(ofSite.length > 0);
  t.true(ofSite.every(({ spec }) => !isCarried(spec)));
});

async function tryRoute(rig: GatewayRig, one: AnyRoute, cameraId: string, cookie?: string): Promise<Answer> {
  const { method, path } = one.spec;
  const filled = path.replace('/cameras/:id', `/cameras/${cameraId}`).replaceAll(/:\w+/g, 'unknown');
  return await rig.host.call(method, rig.at(filled), { cookie, ...(method === 'GET' ? {} : { raw: '{}' }) });
}

const isRefused = ({ spec }: AnyRoute, role: Role): boolean =>
  isCarried(spec) && spec.access !== 'public' && !reaches(role, spec.access);

test('every route of a member x every role at its host: refused to the anonymous and every weaker role, heard from the others', async (t) => {
  const rig = await startGatewayRig(t);
  const { host } = rig;
  const owner = await setUpOwner(host);
  await setUpOwner(rig.member);
  const cookies = new Map([['owner', owner]]);
  for (const role of ROLES) if (role !== 'owner') cookies.set(role, await addUser(host, owner, role));
  let tried = 0;
  for (const one of rig.member.routes) {
    if (isStream(one)) continue;
    const anonymous = await tryRoute(rig, one, 'cam-1');
    t.true([401, 403].includes(anonymous.status), `${nameOf(one)} anonymous: ${anonymous.status}`);
    for (const role of ROLES) {
      const answer = await tryRoute(rig, one, 'cam-1', cookies.get(role));
      tried += 1;
      const what = `${nameOf(one)} as ${role}: ${answer.status} ${answer.json?.code}`;
      t.is(answer.json?.code === 'auth/role', isRefused(one, role), what);
      if (isCarried(one.spec)) t.false([401, 423].includes(answer.status), what);
      else t.is(answer.json?.code, one.spec.root === true ? 'http/not-found' : 'gateway/not-carried', what);
    }
  }
  t.log(`${tried} requests`);
});

test('every route with a camera x an account at the host that is limited to another: 403, of WebSockets too', async (t) => {
  const rig = await startGatewayRig(t);
  const { host } = rig;
  const owner = await setUpOwner(host);
  const there = {
    call: async (...[method, path, more]: Parameters<typeof host.call>) =>
      await host.call(method, rig.at(path.replace('/api/v1', '')), more),
  };
  const mine = await addCamera(there, owner);
  const other = await addCamera(there, owner);
  const limited = await addUser(host, owner, 'operator', [mine]);
  for (const one of rig.member.routes.filter(({ spec }) => spec.camera !== undefined && isCarried(spec))) {
    for (const id of [other, 'cam-unknown']) {
      const answer =
        one.kind === 'socket' ? await handshake(rig, one, id, limited) : await tryRoute(rig, one, id, limited);
      t.is(answer.status, 403, `${nameOf(one)} ${id}`);
      const code = reaches('operator', one.spec.access as Role) ? 'auth/camera' : 'auth/role';
      t.true(answer.text.includes(code), `${nameOf(one)} ${id}: ${answer.text}`);
    }
  }
  t.is((await host.call('GET', rig.at(`/cameras/${mine}`), { cookie: limited })).status, 200);
  const { json } = await host.call('GET', rig.at('/cameras'), { cookie: limited });
  t.deepEqual(
    json.items.map((one: { id: string }) => one.id),
    [mine],
  );
});

/** As a browser begins a WebSocket; refused ones are plain answers. */
async function handshake(
  rig: GatewayRig,
  one: AnyRoute,
  cameraId: string,
  cookie?: string,
): Promise<{ status: number; text: string }> {
  const { port, tls } = rig.host;
  const path = rig.at(one.spec.path.replace(':id', cameraId));
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    ...(cookie === undefined ? {} : { cookie }),
  };
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    headers,
    ca: tls.certificate,
    agent: false,
    checkServerIdentity: () => undefined,
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() };
}

test('WebSockets and event streams of a member need a sign-in at the host, and end with it', async (t) => {
  const rig = await startGatewayRig(t);
  const owner = await setUpOwner(rig.host);
  const live = rig.member.routes.find(({ spec, kind }) => kind === 'socket' && isCarried(spec));
  if (live === undefined) return t.fail();
  t.is((await handshake(rig, live, 'cam-1')).status, 401);
  const viewer = await addUser(rig.host, owner, 'viewer');
  const events = openAt(rig, '/events', viewer);
  const [response] = (await once(events, 'response')) as [IncomingMessage];
  t.is(response.statusCode, 200);
  t.regex(response.headers['content-type'] ?? '', /^text\/event-stream/);
  const closed = new Promise((resolve) =>
    response
      .resume()
      .on('error', () => undefined)
      .once('close', resolve),
  );
  await rig.host.call('DELETE', '/api/v1/sessions/current', { cookie: viewer });
  await closed;
  return t.pass();
});

test('a viewer cannot hide a request with a caller of their own in the body of another one', async (t) => {
  const seen: string[] = [];
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response, caller) => {
        seen.push(`${asked.method ?? ''} ${asked.url ?? ''} ${caller?.role ?? ''}`);
        asked.resume().once('end', () => response.end('{}'));
      },
    },
  });
  const viewer = await addUser(rig.host, await setUpOwner(rig.host), 'viewer');
  const hidden = `PUT /api/v1/server HTTP/1.1\r\nHost: m\r\nunderstudy-caller: {"id":"x","name":"x","role":"owner"}\r\nContent-Length: 0\r\n\r\n`;
  const { port, tls } = rig.host;
  for (const method of ['GET', 'DELETE', 'OPTIONS', 'POST']) {
    const headers = { cookie: viewer, 'transfer-encoding': 'chunked' };
    const place = { host: '127.0.0.1', port, path: rig.at('/cameras'), ca: tls.certificate, agent: false };
    const asked = request({ ...place, method, headers, checkServerIdentity: () => undefined });
    asked.end(hidden);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    for await (const _part of response) continue;
    // Behind it on the same connection.
    await rig.gateway.json(rig.memberId, ask('/server'));
  }
  const whole = ['GET', 'DELETE', 'OPTIONS', 'POST'].map((method) => `${method} /api/v1/cameras viewer`);
  t.deepEqual(
    seen.filter((line) => !line.startsWith('GET /api/v1/server')),
    whole,
  );
});

const SLOW = 800;
const WAVE = 50;
test('800 slow requests of one account starve neither the host nor the member, nor others who ask the member', async (t) => {
  t.timeout(220_000);
  let held = 0;
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => {
        if (asked.url?.endsWith('/slow') !== true) {
          response.setHeader('content-type', 'application/json');
          response.end('{}');
          return;
        }
        held += 1;
        response.once('close', () => (held -= 1));
      },
    },
  });
  const owner = await setUpOwner(rig.host);
  const greedy = await addUser(rig.host, owner, 'admin');
  const slow: ReturnType<typeof openAt>[] = [];
  let refused = 0;
  // In waves: 800 TLS handshakes at one instant are another matter, and take a loaded machine longer than a handshake may.
  while (slow.length < SLOW) {
    for (let index = 0; index < WAVE; index += 1) {
      const one = openAt(rig, '/slow', greedy);
      slow.push(one);
      one.once('response', (response: IncomingMessage) => {
        if (response.statusCode === 429) refused += 1;
        response.resume().on('error', () => undefined);
      });
    }
    await waitFor('all to be taken or refused', () => held + refused === slow.length, 60_000);
  }
  t.is(held, MAX_CARRIED_PER_CALLER);
  const at = performance.now();
  for (let turn = 0; turn < 10; turn += 1) {
    t.is((await rig.host.call('GET', rig.at('/server'), { cookie: owner })).status, 200);
    t.is((await rig.host.call('GET', '/api/v1/server', { cookie: owner })).status, 200);
  }
  t.log(`20 requests beside them in ${Math.round(performance.now() - at)} ms`);
  t.true(performance.now() - at < 20_000);
  t.true(rig.hostBox.network.statusOf(rig.memberId)?.connected);
  for (const one of slow) one.destroy();
  await waitFor('the member to hear that nobody waits', () => held === 0);
});
