/** The site gateway between a host and a member: whom the member believes, what passes, when it ends. Real TLS, the real route table. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import test from 'ava';
import { CALLER_HEADER, encodeCaller, MAX_CALLER_LENGTH } from '../../src/site/gateway-caller.ts';
import { addCamera, addUser, setUpOwner } from '../support/api-server.ts';
import { ask, HOST_NAME, MEMBER_NAME, openAt, startGatewayRig } from '../support/gateway-rig.ts';
import type { GatewayRig } from '../support/gateway-rig.ts';
import { waitFor } from '../support/wait-for.ts';

const memberPeers = (rig: GatewayRig): GatewayRig['member']['settings']['peers'] => rig.member.settings.peers;

test('a request at the host is answered by the member, and its log names the caller and the host', async (t) => {
  const rig = await startGatewayRig(t);
  const cookie = await setUpOwner(rig.host);
  const server = await rig.host.call('GET', rig.at('/server'), { cookie });
  t.is(server.status, 200, server.text);
  t.is(server.json.id, rig.memberId);
  const body = { name: 'Door', main: { url: 'rtsp://192.168.1.20/stream1' } };
  const made = await rig.host.call('POST', rig.at('/cameras'), { cookie, body });
  t.is(made.status, 201, made.text);
  t.is(made.headers.location, rig.at(`/cameras/${made.json.id}`));
  const read = await rig.host.call('GET', rig.at(`/cameras/${made.json.id}`), { cookie });
  t.is(read.status, 200, read.text);
  t.is(made.headers.etag, read.headers.etag);
  t.is(rig.member.settings.cameras.get().cameras.length, 1);
  t.is(rig.host.settings.cameras.get().cameras.length, 0);
  t.is(rig.member.entries.at(-1)?.user, `olga (at ${HOST_NAME})`);
  const wrong = await rig.host.call('PATCH', rig.at(`/cameras/${made.json.id}`), {
    cookie,
    body: { name: 'Gate' },
    headers: { 'if-match': '"stale"' },
  });
  t.is(wrong.status, 412, 'a condition goes along');
  t.is((await rig.host.call('DELETE', rig.at(`/cameras/${made.json.id}?footage=keep`), { cookie })).status, 204);
});

test('its own id the host answers itself; others are unknown, and so is everybody to a server that is no host', async (t) => {
  const rig = await startGatewayRig(t);
  const cookie = await setUpOwner(rig.host);
  const own = await rig.host.call('GET', `/api/v1/servers/${rig.hostId}/api/server`, { cookie });
  t.is(own.json.id, rig.hostId);
  const limited = await addUser(rig.host, cookie, 'viewer', ['cam-1']);
  t.is(
    (await rig.host.call('GET', `/api/v1/servers/${rig.hostId}/api/cameras/cam-2`, { cookie: limited })).status,
    403,
  );
  const unknown = await rig.host.call('GET', '/api/v1/servers/nobody/api/server', { cookie });
  t.deepEqual([unknown.status, unknown.json.code], [404, 'site/unknown-server']);
  await rig.host.settings.server.update((server) => ({ ...server, mode: 'recording', hostRole: undefined }));
  const noHost = await rig.host.call('GET', rig.at('/server'), { cookie });
  t.deepEqual([noHost.status, noHost.json.code], [404, 'site/unknown-server']);
});

test('nobody who is not signed in at the host is carried, from no foreign page, and the end of a session ends what is carried', async (t) => {
  let closed = 0;
  const rig = await startGatewayRig(t, {
    app: {
      request: (_asked, response) => {
        response.on('close', () => (closed += 1));
        response.write('data: 1\n\n');
      },
    },
  });
  t.is((await rig.host.call('GET', rig.at('/server'))).status, 401);
  const cookie = await setUpOwner(rig.host);
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  t.is((await rig.host.call('POST', rig.at('/cameras'), { cookie, body: {}, headers: foreign })).status, 403);
  const stream = openAt(rig, '/events', cookie);
  await once(stream, 'response');
  await rig.host.call('DELETE', '/api/v1/sessions/current', { cookie });
  await waitFor('the stream to end at the member', () => closed === 1);
});

test('accounts, keys, the role of the host and further servers are never carried, by any spelling', async (t) => {
  const rig = await startGatewayRig(t);
  const cookie = await setUpOwner(rig.host);
  const paths = [
    '/users',
    '/USERS',
    '/users/',
    '/sessions/current',
    '/Setup',
    '/tokens',
    '/peers',
    '/site/host',
    '/site/take-host',
  ];
  for (const path of [...paths, '/server/mode', `/servers/${rig.hostId}/api/server`]) {
    for (const method of ['GET', 'POST', 'PUT']) {
      const raw = method === 'GET' ? {} : { body: {} };
      const answer = await rig.host.call(method, rig.at(path), { cookie, ...raw });
      t.deepEqual([answer.status, answer.json.code], [403, 'gateway/not-carried'], `${method} ${path}`);
      // A host that does not keep to it gets the same from the member, or finds nothing.
      const forced = await rig.gateway.request(
        rig.memberId,
        ask(path, {
          method,
          body: Buffer.from('{}'),
          headers: { 'content-type': 'application/json', 'content-length': '2' },
        }),
      );
      forced.body.resume();
      t.true([403, 404, 405].includes(forced.status), `${method} ${path}: ${forced.status}`);
    }
  }
  for (const path of ['/../sessions', '/%75sers', '//users', '/./users', '/cameras/../users', '/../../healthz']) {
    const forced = await rig.gateway.request(rig.memberId, ask(path));
    forced.body.resume();
    t.true([403, 404].includes(forced.status), `${path}: ${forced.status}`);
  }
});

test('the sign-in at the host stays there, and a member gives no page, script or cookie to the browser of its host', async (t) => {
  let seen: IncomingMessage['headers'] = {};
  const rig = await startGatewayRig(t, {
    app: {
      request: (asked, response) => {
        seen = asked.headers;
        const type = new URL(asked.url ?? '', 'https://x').searchParams.get('type') ?? 'text/html';
        response.writeHead(200, {
          'content-type': type,
          'set-cookie': 'understudy_session=stolen',
          'content-security-policy': 'default-src *',
          'service-worker-allowed': '/',
          'access-control-allow-origin': '*',
          location: 'https://evil.example/',
          'x-frame-options': 'ALLOWALL',
        });
        response.end('"<script>alert(1)</script>"');
      },
    },
  });
  const cookie = await setUpOwner(rig.host);
  const got = async (type: string) =>
    await rig.host.call('GET', rig.at(`/cameras?type=${encodeURIComponent(type)}`), { cookie });
  for (const type of [
    'text/html',
    'text/javascript',
    'application/javascript',
    'image/svg+xml',
    'text/css',
    'application/xhtml+xml',
    'text/xml',
    'application/jsonp',
    'text/html; x=application/json',
  ]) {
    const { headers } = await got(type);
    t.is(headers['content-type'], 'application/octet-stream', type);
    t.is(headers['x-content-type-options'], 'nosniff');
    t.is(headers['x-frame-options'], 'DENY');
    t.regex(String(headers['content-security-policy']), /^default-src 'none'/);
    for (const name of ['set-cookie', 'service-worker-allowed', 'access-control-allow-origin', 'location'])
      t.is(headers[name], undefined);
  }
  for (const type of ['application/json', 'video/mp4', 'text/event-stream; charset=utf-8'])
    t.is((await got(type)).headers['content-type'], type);
  for (const name of ['cookie', 'authorization', 'origin', 'x-forwarded-for']) t.is(seen[name], undefined, name);
});

test('the header of the caller counts for nothing at the ordinary port, of the member and of the host', async (t) => {
  const rig = await startGatewayRig(t);
  const headers = { [CALLER_HEADER]: encodeCaller(ask('/').caller) ?? '' };
  t.is((await rig.member.call('GET', '/api/v1/server', { headers })).status, 401);
  const viewer = await addUser(rig.host, await setUpOwner(rig.host), 'viewer');
  const body = { name: 'Door', main: { url: 'rtsp://192.168.1.20/stream1' } };
  const asViewer = await rig.host.call('POST', rig.at('/cameras'), { cookie: viewer, headers, body });
  t.deepEqual([asViewer.status, asViewer.json.code], [403, 'auth/role'], 'nor is it carried');
});

/** As a host that was tampered with: bytes on a connection of its own. */
async function say(rig: GatewayRig, path: string, headers: readonly string[]): Promise<string> {
  const socket = await rig.hostBox.network.openHttp(rig.memberId, new AbortController().signal);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: member\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\n`);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part)).on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(parts).toString();
}

test('without exactly one sound header that says who asks, or beside the API, a member answers nothing', async (t) => {
  const rig = await startGatewayRig(t);
  await setUpOwner(rig.member);
  const good = `${CALLER_HEADER}: ${encodeCaller(ask('/').caller) ?? ''}`;
  t.regex(await say(rig, '/api/v1/server', [good, 'connection: close']), /^HTTP\/1.1 200 /);
  const malformed = ['{}', 'owner', `${CALLER_HEADER}: x`, '{"id":"a","name":"b","role":"root"}', 'null', ''];
  for (const headers of [[], [good, good], ...malformed.map((text) => [`${CALLER_HEADER}: ${text}`])]) {
    const answer = await say(rig, '/api/v1/server', headers);
    t.regex(answer, /^HTTP\/1.1 400 .*\r\n[^]*gateway\/caller/, headers.join(' | '));
    t.false(answer.includes(rig.memberId));
  }
  const token = 'authorization: Bearer understudy_0123456789012345678901234567890123456789012';
  t.regex(await say(rig, '/api/v1/server', [token]), /^HTTP\/1.1 400 /, 'its own accounts do not count here');
  for (const path of ['/', '/healthz', '/metrics', '/index.html', '/API/v1/server', 'https://x/api/v1/server'])
    t.regex(await say(rig, path, [good]), /^HTTP\/1.1 400 /, path);
  const huge = JSON.stringify({ ...ask('/').caller, name: 'x'.repeat(MAX_CALLER_LENGTH) });
  t.notRegex(await say(rig, '/api/v1/server', [`${CALLER_HEADER}: ${huge}`]), /^HTTP\/1.1 2/);
  t.is(await say(rig, '/api/v1/server', [`x-long: ${'x'.repeat(2 * MAX_CALLER_LENGTH)}`]), '', 'it is not even read');
  const socket = await say(rig, '/api/v1/cameras/cam-1/live', ['connection: Upgrade', 'upgrade: websocket']);
  t.is(socket, '', 'nor is a WebSocket');
});

test('a locked member takes from its host what it refuses at its own port', async (t) => {
  const rig = await startGatewayRig(t, { locked: true });
  const cookie = await setUpOwner(rig.host);
  const own = await setUpOwner(rig.member).catch(() => '');
  const cameraId = await addCamera(
    { call: async (method, path, more) => await rig.host.call(method, rig.at(path.replace('/api/v1', '')), more) },
    cookie,
  );
  t.is(rig.member.settings.cameras.get().cameras[0]?.id, cameraId);
  const local = await rig.member.call('PATCH', `/api/v1/cameras/${cameraId}`, { cookie: own, body: { name: 'Gate' } });
  t.true([401, 423].includes(local.status));
});

test('a member whose host lets it go, or another one takes over, refuses at once, also what is being carried', async (t) => {
  const rig = await startGatewayRig(t, { app: { request: (_asked, response) => void response.write('first') } });
  const cookie = await setUpOwner(rig.host);
  const running = openAt(rig, '/events', cookie);
  const [response] = (await once(running, 'response')) as [IncomingMessage];
  const ended = closing(response);
  response.resume().on('error', () => undefined);
  await memberPeers(rig).update(({ peers }) => ({ peers: peers.map((peer) => ({ ...peer, managesUs: false })) }));
  // Without being told so it would go on for ever.
  await ended;
  const later = await rig.host.call('GET', rig.at('/server'), { cookie });
  t.deepEqual([later.status, later.json.code], [503, 'server/broke-off']);
});

test('a host from which the member is detached, or the role is taken, carries nothing any more', async (t) => {
  const rig = await startGatewayRig(t, { app: { request: (_asked, response) => void response.write('first') } });
  const cookie = await setUpOwner(rig.host);
  for (const end of [
    async () =>
      await rig.host.settings.server.update((server) => ({ ...server, mode: 'recording', hostRole: undefined })),
    async () => await rig.host.settings.peers.update(() => ({ peers: [] })),
  ]) {
    const running = openAt(rig, '/events', cookie);
    const [response] = (await once(running, 'response')) as [IncomingMessage];
    const ended = closing(response);
    response.resume().on('error', () => undefined);
    await end();
    await ended;
    t.is((await rig.host.call('GET', rig.at('/server'), { cookie })).json.code, 'site/unknown-server');
    await rig.host.settings.server.update((server) => ({ ...server, mode: 'host' }));
  }
});

test('a member that is away: 503, with its name and since when; one that breaks off in the middle ends the answer', async (t) => {
  const rig = await startGatewayRig(t, {
    app: { request: (asked, response) => (asked.url?.includes('silent') ? undefined : void response.write('first')) },
  });
  const cookie = await setUpOwner(rig.host);
  const silent = rig.host.call('GET', rig.at('/silent'), { cookie });
  const running = openAt(rig, '/cameras', cookie);
  const [response] = (await once(running, 'response')) as [IncomingMessage];
  const failed = new Promise((resolve) => response.resume().once('error', resolve));
  await rig.memberBox.network.stop();
  t.true((await failed) instanceof Error, 'an answer that is cut short looks like one');
  t.is((await silent).status, 503);
  await waitFor('the host to miss it', () => rig.hostBox.network.statusOf(rig.memberId)?.connected === false);
  const later = await rig.host.call('GET', rig.at('/server'), { cookie });
  t.is(later.status, 503);
  t.is(later.json.detail, `${MEMBER_NAME} is not connected since 2026-01-02T03:04:05.000Z.`);
});

test('a member that nobody can dial is asked to dial in', async (t) => {
  const rig = await startGatewayRig(t, { memberDialsIn: true });
  const cookie = await setUpOwner(rig.host);
  const answers = await Promise.all(
    Array.from({ length: 12 }, async () => await rig.host.call('GET', rig.at('/server'), { cookie })),
  );
  t.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
});

const closing = async (response: IncomingMessage): Promise<unknown> =>
  await new Promise((resolve) => response.once('close', resolve));
