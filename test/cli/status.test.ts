/** `understudy status` for real: the command in its own process against an API server with a certificate of its own making. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { join, resolve } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { OWNER, startApi } from '../support/api-server.ts';
import type { Api } from '../support/api-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };
const understudy = (...args: string[]): Promise<Ran> =>
  new Promise((done) => {
    const child = execFile(process.execPath, ['--no-warnings', CLI, ...args], (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

async function bench(t: ExecutionContext): Promise<{ api: Api; url: string; tokenFile: string; secret: string }> {
  const api = await startApi(t);
  const created = await api.call('POST', '/api/v1/setup', { body: { ...OWNER, serverName: 'Attic' } });
  const cookie = created.headers['set-cookie']?.[0]?.split(';')[0];
  const made = await api.call('POST', '/api/v1/tokens', { cookie, body: { name: 'script', role: 'viewer' } });
  const { secret } = made.json as { secret: string };
  const tokenFile = join(await tempDir(t, 'token'), 'token');
  await writeFile(tokenFile, `${secret}\n`);
  return { api, url: `https://127.0.0.1:${api.port}`, tokenFile, secret };
}

test('a server that is well says so and the command exits 0, by fingerprint, in any spelling', async (t) => {
  const { api, url, tokenFile } = await bench(t);
  const colons = (api.tls.fingerprint.toUpperCase().match(/../g) ?? []).join(':');
  for (const fingerprint of [api.tls.fingerprint, colons]) {
    const ran = await understudy('status', '--server', url, '--fingerprint', fingerprint, '--token-file', tokenFile);
    t.like(ran, { code: 0, stderr: '' });
    t.regex(ran.stdout, /: good \(recording, version /);
    t.regex(ran.stdout, /recording process running, 0 restarts/);
  }
  const json = await understudy('status', '--server', url, '--token-file', tokenFile, '--json');
  t.is(json.code, 0, 'on this machine without a fingerprint');
  t.like(JSON.parse(json.stdout), { server: { health: { status: 'good' } }, cameras: [] });
});

test('on its own machine the data directory tells address and certificate', async (t) => {
  const { api, tokenFile } = await bench(t);
  const data = await tempDir(t, 'data');
  await mkdir(join(data, 'run'));
  const found = { port: api.port, fingerprint: api.tls.fingerprint, bind: '127.0.0.1' };
  await writeFile(join(data, 'run', 'http.json'), JSON.stringify(found));
  t.like(await understudy('status', '--data', data, '--token-file', tokenFile), { code: 0, stderr: '' });
  const never = await understudy('status', '--data', join(data, 'other'), '--token-file', tokenFile);
  t.is(never.code, 1);
  t.regex(never.stderr, /no server .*runs on|is not running/i);
});

test('a wrong token is told, and is not shown', async (t) => {
  const { url, tokenFile, secret } = await bench(t);
  await writeFile(tokenFile, `${secret}x`);
  const ran = await understudy('status', '--server', url, '--token-file', tokenFile);
  t.is(ran.code, 1);
  t.regex(ran.stderr, /^understudy: The token is none of the server at 127\.0\.0\.1:\d+, or was deleted there/);
  t.false(`${ran.stdout}${ran.stderr}`.includes(secret));
});

test('a server that is gone is told by its address', async (t) => {
  const { api, url, tokenFile } = await bench(t);
  await api.stop();
  const ran = await understudy('status', '--server', url, '--token-file', tokenFile);
  t.is(ran.code, 1);
  t.regex(ran.stderr, new RegExp(`127\\.0\\.0\\.1:${api.port} does not answer`));
  t.is(ran.stderr.trim().split('\n').length, 1);
});

test('another certificate: the command says so, and not one byte of the token was sent', async (t) => {
  const { api, tokenFile } = await bench(t);
  const received: Buffer[] = [];
  const impostor = createServer({ key: api.tls.key, cert: api.tls.certificate }, (socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  t.teardown(() => impostor.close());
  const { port } = impostor.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  const ran = await understudy('status', '--server', url, '--fingerprint', '0'.repeat(64), '--token-file', tokenFile);
  t.is(ran.code, 1);
  t.regex(ran.stderr, /another certificate/);
  t.is(Buffer.concat(received).toString(), '');
});

test('what is missing is named: token, address, fingerprint of another machine', async (t) => {
  const { url, tokenFile } = await bench(t);
  for (const [args, words] of [
    [['--server', url], /--token-file/],
    [['--token-file', tokenFile], /--server/],
    [['--server', 'http://127.0.0.1:1', '--token-file', tokenFile], /https/],
    [['--server', 'https://192.0.2.1', '--token-file', tokenFile], /--fingerprint/],
    [['--server', url, '--token-file', `${tokenFile}-none`], /token/],
  ] as const) {
    const ran = await understudy('status', ...args);
    t.true(ran.code > 0);
    t.regex(ran.stderr, words);
    t.is(ran.stderr.trim().split('\n').length, 1);
  }
  t.regex((await understudy('status', '--help')).stdout, /--fingerprint/);
});
