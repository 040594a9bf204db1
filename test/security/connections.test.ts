/** Security rows 22 and 25 against a real server: slow, many and rude connections, and which TLS it speaks. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { SecureVersion, TLSSocket } from 'node:tls';
import test from 'ava';
import { MAX_CONNECTIONS_PER_ADDRESS } from '../../src/api/server.ts';
import { startApi } from '../support/api-server.ts';
import type { Api } from '../support/api-server.ts';
import { raw } from '../support/raw-tls.ts';
import { waitFor } from '../support/wait-for.ts';

const SLOW = 300;
const WAVE = 50;

/** Connections that the server holds now, counted by the kernel: those of the test end at `from` other ports. */
async function openConnections({ port }: Api): Promise<number> {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  const ESTABLISHED_OR_HALF = ['01', '04', '05', '08', '09', '0B'];
  return lines.filter(
    ([, from = '', , state = '', , , , , , inode]) =>
      from.endsWith(`:${local}`) && ESTABLISHED_OR_HALF.includes(state) && inode !== '0',
  ).length;
}

test('22: headers that never end are cut off, and 300 slow connections leave the API fast', async (t) => {
  const api = await startApi(t);
  const slow: TLSSocket[] = [];
  const closed: Promise<void>[] = [];
  t.teardown(() => slow.forEach((socket) => socket.destroy()));
  const begin = async (): Promise<void> => {
    const { certificate: ca } = api.tls;
    const socket = connect({ port: api.port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined });
    slow.push(socket);
    // The first ones may be cut off before the last ones are there.
    closed.push(new Promise((resolve) => void socket.once('close', () => resolve())));
    socket.on('error', () => undefined).resume();
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', () =>
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', () => resolve()),
      );
      socket.once('error', reject);
    });
  };
  // In waves: all handshakes at one instant take a loaded machine longer than one may.
  while (slow.length < SLOW) await Promise.all(Array.from({ length: WAVE }, begin));
  const times: number[] = [];
  for (let round = 0; round < 50; round += 1) {
    const began = performance.now();
    t.is((await api.call('GET', '/healthz')).status, 200);
    times.push(performance.now() - began);
  }
  const p98 = times.sort((one, other) => one - other)[48] ?? 0;
  t.true(p98 < 1000, `${p98} ms`);
  await Promise.all(closed);
  t.pass();
});

test('22: who is refused and does not close its half of the connection loses its place', async (t) => {
  const api = await startApi(t);
  const shake = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  const live = '/api/v1/cameras/cam-1/live';
  for (const text of [
    shake('/x'),
    shake(live),
    shake('//:'),
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}`,
  ]) {
    const { certificate: ca } = api.tls;
    const open = { port: api.port, host: '127.0.0.1', ca, allowHalfOpen: true, checkServerIdentity: () => undefined };
    const socket = connect(open);
    t.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(text);
    await once(socket, 'end').catch(() => undefined);
    await waitFor(`the server to let go: ${text.slice(0, 30)}`, async () => (await openConnections(api)) === 0);
  }
  t.pass();
});

test('22: one address cannot take every place', async (t) => {
  const api = await startApi(t);
  const sockets: Socket[] = [];
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  let refused = 0;
  while (sockets.length < MAX_CONNECTIONS_PER_ADDRESS + 50) {
    // Not more at once than a listening socket queues: what the kernel drops would be asked for again seconds later.
    const some = Array.from({ length: 100 }, () => connectPlain(api.port, '127.0.0.1'));
    for (const socket of some) {
      socket.on('error', () => undefined);
      socket.on('close', () => (refused += 1));
      socket.resume();
    }
    sockets.push(...some);
    await Promise.all(some.map((socket) => new Promise((done) => socket.once('connect', done).once('close', done))));
  }
  await waitFor('the surplus to be refused', () => refused >= 50);
  const other = await api.call('GET', '/healthz', { from: '127.0.0.2' });
  t.is(other.status, 200, 'another address is heard');
});

test('22: headers above 16 KB get 431', async (t) => {
  const api = await startApi(t);
  const answer = await raw(api, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
  t.regex(answer, /^HTTP\/1.1 431 /);
});

/** As `openssl s_client` with one version would do it; the protocol that was agreed on, or the error's code. */
function shakeHands(port: number, version: SecureVersion): Promise<string> {
  return new Promise((resolve) => {
    // Level 0: our side would not even offer the old versions.
    const offer = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' };
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...offer });
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol() ?? 'none');
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

for (const [version, expected] of [
  ['TLSv1', /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/],
  ['TLSv1.1', /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/],
  ['TLSv1.2', /^TLSv1.2$/],
  ['TLSv1.3', /^TLSv1.3$/],
] as const)
  test(`25: ${version} is ${version < 'TLSv1.2' ? 'refused' : 'spoken'}`, async (t) => {
    const { port } = await startApi(t);
    t.regex(await shakeHands(port, version), expected);
  });

test('25: plain HTTP gets no answer', async (t) => {
  const { port } = await startApi(t);
  const socket = connectPlain(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nCookie: secret\r\n\r\n');
  await once(socket, 'close');
  t.false(answer.includes('HTTP/1.1 200'));
  t.false(answer.includes('ui'));
});
