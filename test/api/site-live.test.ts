/** Live view and snapshots of a site over HTTP: who is asked, as whom, and when a view ends. What is behind the gateway is made up. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { GatewayRequest } from '../../src/control/gateway-types.ts';
import type { SiteCover } from '../../src/api/site/site-servers.ts';
import { cameraOf } from '../support/memory-settings.ts';
import { addUser, setUpOwner, startApi } from '../support/api-server.ts';
import { waitFor } from '../support/wait-for.ts';

const CAMERA = { ...cameraOf('cam-1'), state: 'recording', streams: [], footageBytes: 0 };
const CLOSE = Buffer.of(0x88, 0x02, 0x03, 0xe9);
const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};

type View = { readonly kind: 'view'; readonly socket: Socket; readonly text: () => Buffer };
type Refused = { readonly kind: 'refused'; readonly answer: IncomingMessage };

async function bench(t: ExecutionContext) {
  const asked: { readonly id: string; readonly request: GatewayRequest }[] = [];
  const reachable = new Set(['R', 'F']);
  const covers: SiteCover[] = [];
  const server = (id: string) => ({
    id,
    name: `NAS ${id}`,
    isFailover: id === 'F',
    isReachable: id === 'H' || reachable.has(id),
    awaySince: 5,
  });
  const api = await startApi(t, {
    site: { ownId: () => 'H', isHost: () => true, all: () => ['H', 'R', 'F'].map(server), covers: () => covers },
    gateway: {
      request: async (id, one) => {
        asked.push({ id, request: one });
        const list = JSON.stringify({ items: id === 'R' ? [CAMERA] : [] });
        const isPicture = one.path.includes('snapshot');
        const headers = isPicture ? { 'understudy-picture-time': '2026-11-22T12:00:00.000Z' } : {};
        const body = Readable.from([Buffer.from(isPicture ? `picture of ${id}` : list)]);
        return await Promise.resolve({ status: 200, headers, body });
      },
      socket: async (id, one) => {
        asked.push({ id, request: one });
        const socket = new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() });
        return await Promise.resolve({ kind: 'open', headers: {}, socket, head: Buffer.from(`frames of ${id}`) });
      },
    },
  });
  const owner = await setUpOwner(api);
  const live = async (cookie: string, more = ''): Promise<View | Refused> => {
    const { port, tls } = api;
    const path = `/api/v1/site/cameras/cam-1/live?stream=sub${more}`;
    const place = { host: '127.0.0.1', port, path, ca: tls.certificate, agent: false };
    const call = request({ ...place, headers: { ...HANDSHAKE, cookie }, checkServerIdentity: () => undefined });
    call.end();
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    const upgraded = once(call, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>;
    answered.catch(() => undefined);
    upgraded.catch(() => undefined);
    const [first, socket, head] = (await Promise.race([answered, upgraded])) as [IncomingMessage, Socket?, Buffer?];
    if (socket === undefined) return { kind: 'refused', answer: first };
    t.teardown(() => socket.destroy());
    const parts: Buffer[] = head === undefined ? [] : [head];
    socket.on('data', (part: Buffer) => parts.push(part));
    return { kind: 'view', socket, text: () => Buffer.concat(parts) };
  };
  return { api, owner, asked, reachable, covers, live };
}

test('a view is that of whoever records, as the one who asks; it ends when that changes, and the next is the other', async (t) => {
  const { owner, asked, covers, live } = await bench(t);
  const view = await live(owner);
  if (view.kind === 'refused') throw new Error(String(view.answer.statusCode));
  await waitFor('the frames of R', () => view.text().includes('frames of R'));
  const opened = asked.find(({ request: one }) => one.path.includes('/live'));
  t.is(opened?.request.path, '/cameras/cam-1/live?stream=sub');
  t.like(opened?.request.caller, { name: 'olga', role: 'owner' });
  covers.push({ by: { id: 'F', name: 'NAS F' }, cameraId: 'cam-1', isRecording: true });
  await waitFor('the end', () => view.socket.destroyed || view.socket.readableEnded);
  t.deepEqual(view.text().subarray(-CLOSE.length), CLOSE);
  const next = await live(owner, '&audio=true');
  if (next.kind === 'refused') throw new Error(String(next.answer.statusCode));
  await waitFor('the frames of F', () => next.text().includes('frames of F'));
  t.is(
    asked.findLast(({ request: one }) => one.path.includes('/live'))?.request.path,
    '/cameras/cam-1/live?stream=sub&audio=true',
    'sound is asked for where it is wanted',
  );
});

test('when nobody records it, it is said who is away since when; whoever may not see it is not told that', async (t) => {
  const { api, owner, reachable, live } = await bench(t);
  await api.call('GET', '/api/v1/site/cameras', { cookie: owner });
  reachable.delete('R');
  const refused = await live(owner);
  if (refused.kind === 'view') throw new Error('a view');
  t.is(refused.answer.statusCode, 503);
  const text = Buffer.concat(await refused.answer.toArray()).toString();
  t.regex(text, /server\/not-connected/);
  t.regex(text, /NAS R is not connected since 1970/);
  const limited = await addUser(api, owner, 'viewer', ['cam-2']);
  const hidden = await live(limited);
  t.is(hidden.kind === 'view' ? 101 : hidden.answer.statusCode, 403);
  t.is((await api.call('GET', '/api/v1/site/cameras/cam-9', { cookie: owner })).status, 404);
});

test('a picture is that of whoever records; viewers are not told where a camera is', async (t) => {
  const { api, owner, covers } = await bench(t);
  const path = '/api/v1/site/cameras/cam-1';
  const first = await api.call('GET', `${path}/snapshot.jpg`, { cookie: owner });
  t.deepEqual([first.text, first.headers['content-type']], ['picture of R', 'image/jpeg']);
  t.is(first.headers['understudy-picture-time'], '2026-11-22T12:00:00.000Z');
  covers.push({ by: { id: 'F', name: 'NAS F' }, cameraId: 'cam-1', isRecording: true });
  t.is((await api.call('GET', `${path}/snapshot.jpg`, { cookie: owner })).text, 'picture of F');
  t.is((await api.call('GET', path, { cookie: owner })).json.main.url, CAMERA.main.url);
  const viewer = await addUser(api, owner, 'viewer');
  t.is((await api.call('GET', path, { cookie: viewer })).json.main.url, 'rtsp://hidden');
});
