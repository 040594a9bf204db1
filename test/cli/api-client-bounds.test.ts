/** What an API that means harm can make this client hold and wait for. */
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { createApiClient } from '../../src/cli/api-client.ts';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { fingerprintAt, REMOTE_LIMITS } from '../../src/compose/peer-set-up.ts';
import { selfSigned } from '../support/self-signed.ts';

const LIMITS = { wholeMs: 400, answerBytes: 64 * 1024 };

async function clientOf(
  t: ExecutionContext,
  answer: (response: ServerResponse) => void,
  limits: typeof LIMITS = LIMITS,
): Promise<ApiClient> {
  const { key, cert } = await selfSigned(t);
  const server = createServer({ key, cert }, (_request, response) => answer(response));
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return createApiClient(() => ({ host: '127.0.0.1', port, fingerprint: undefined, token: undefined }), limits);
}

test('an answer that comes a byte at a time ends with the time that the whole may take', async (t) => {
  const client = await clientOf(t, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(drip));
  });
  await t.throwsAsync(client.call('GET', '/server'), { code: 'api/unreachable', message: /in time/ });
});

test('headers that come a byte at a time end with it too', async (t) => {
  const client = await clientOf(t, (response) => {
    const drip = setInterval(() => response.socket?.write('H'), 20);
    response.once('close', () => clearInterval(drip));
  });
  await t.throwsAsync(client.call('GET', '/server'), { code: 'api/unreachable' });
});

test('an answer larger than agreed is dropped', async (t) => {
  const answer = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`"${'x'.repeat(2 * LIMITS.answerBytes)}"`);
  };
  const client = await clientOf(t, answer, { ...LIMITS, wholeMs: 60_000 });
  await t.throwsAsync(client.call('GET', '/server'), { code: 'api/too-large' });
});

test('what other servers may answer is small, and soon', (t) => {
  t.true(REMOTE_LIMITS.answerBytes <= 1024 * 1024);
  t.true(REMOTE_LIMITS.wholeMs <= 30_000);
});

test('a port that speaks TLS a byte at a time is given up', async (t) => {
  t.timeout(60_000);
  const server = createTcpServer((socket) => {
    // A record header that promises 16 KB of handshake (RFC 8446 §5.1).
    socket.write(Buffer.from([22, 3, 3, 64, 0]));
    const drip = setInterval(() => socket.write(Buffer.alloc(1)), 200);
    socket.once('close', () => clearInterval(drip));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  await t.throwsAsync(fingerprintAt('127.0.0.1', port), { code: 'server/no-answer' });
});
