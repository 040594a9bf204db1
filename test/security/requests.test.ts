/** Security rows 9, 12, 13, 15, 16 and 23 against a real server, as tables where they are tables. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { addUser, cookieOf, COST, OWNER, setUpOwner, startApi } from '../support/api-server.ts';
import type { Answer } from '../support/api-server.ts';
import { startAuth } from '../../src/api/auth.ts';
import { createPasswordHasher } from '../../src/api/password.ts';
import { systemClock } from '../../src/core/clock.ts';
import { monotonicMs } from '../../src/core/units.ts';
import { silentLog } from '../../src/core/log.ts';
import { raw } from '../support/raw-tls.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const TRIES = 300;
const WAVE = 100;
const CAMERA = { name: 'Door', main: { url: 'rtsp://192.168.1.20/a' } };

test('13: foreign names in Host get 421, own ones are answered', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  t.regex(await raw(api, 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 421 /);
  for (const host of ['evil.example', 'localhost.evil.example', '8.8.8.8', '127.0.0.2', 'a b', '[::1', 'localhost:x']) {
    const answer = await api.call('GET', '/api/v1/setup', { headers: { host } });
    t.is(answer.status, 421, host);
    t.is(answer.json.code, 'http/wrong-host');
    t.is((await api.call('GET', '/', { headers: { host } })).status, 421, `${host}: the UI too`);
  }
  for (const host of ['localhost', 'LOCALHOST:51443', '127.0.0.1', `127.0.0.1:${api.port}`, 'localhost.']) {
    t.is((await api.call('GET', '/api/v1/setup', { headers: { host } })).status, 200, host);
  }
  t.is((await api.call('GET', '/healthz', { headers: { host: 'nas.example' } })).status, 421);
  await api.call('PATCH', '/api/v1/server/settings', { cookie: owner, body: { allowedHosts: ['nas.example'] } });
  t.is((await api.call('GET', '/healthz', { headers: { host: 'nas.example:8443' } })).status, 200);
});

test('12: writes from other sites are refused whatever they carry, before anything happens', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const own = `127.0.0.1:${api.port}`;
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://${own}` },
    { origin: `https://127.0.0.1:${api.port + 1}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: `https://${own}`, 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of foreign) {
    const answer = await api.call('POST', '/api/v1/cameras', { cookie: owner, body: CAMERA, headers });
    t.is(answer.status, 403, JSON.stringify(headers));
    t.is(answer.json.code, 'http/foreign-origin');
  }
  t.is(api.settings.cameras.get().cameras.length, 0);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
    const headers = { 'content-type': type };
    t.is((await api.call('POST', '/api/v1/cameras', { cookie: owner, body: CAMERA, headers })).status, 415, type);
  }
  const headers = { origin: `https://${own}`, 'sec-fetch-site': 'same-origin' };
  t.is((await api.call('POST', '/api/v1/cameras', { cookie: owner, body: CAMERA, headers })).status, 201);
});

test('12: WebSockets from other sites, without a session or without permission are refused', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const limited = await addUser(api, owner, 'viewer', ['cam-other']);
  const shake = (more: string): Promise<string> =>
    raw(
      api,
      `GET /api/v1/cameras/cam-1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`,
    );
  t.regex(await shake(`Cookie: ${owner}\r\nOrigin: https://evil.example\r\n`), /^HTTP\/1.1 403 .*foreign-origin/s);
  t.regex(await shake('Origin: https://localhost\r\n'), /^HTTP\/1.1 401 /);
  t.regex(await shake(`Cookie: ${limited}\r\n`), /^HTTP\/1.1 403 .*auth\/camera/s);
  t.regex(await shake(`Cookie: ${owner}\r\nOrigin: https://localhost\r\n`), /^HTTP\/1.1 404 .*test\/nothing/s);
  const elsewhere = 'GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  t.regex(await raw(api, elsewhere), /^HTTP\/1.1 404 /);
});

test('16: a sign-in makes a new token, and signing out or a new password ends all sessions', async (t) => {
  const api = await startApi(t);
  const first = await setUpOwner(api);
  const planted = `__Host-session=${'A'.repeat(43)}`;
  const signedIn = await api.call('POST', '/api/v1/sessions', { body: OWNER, cookie: planted });
  const second = cookieOf(signedIn);
  t.not(second, planted);
  t.not(second, first);
  t.regex(
    signedIn.headers['set-cookie']?.[0] ?? '',
    /^__Host-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
  );
  const current = (cookie: string) => api.call('GET', '/api/v1/sessions/current', { cookie });
  t.is((await current(planted)).status, 401);
  t.is((await current(`${first}; ${second}`)).status, 401, 'two are none');
  t.is((await current(first)).status, 200);
  await api.call('DELETE', '/api/v1/sessions/current', { cookie: second });
  t.deepEqual([(await current(first)).status, (await current(second)).status], [401, 401]);

  const third = cookieOf(await api.call('POST', '/api/v1/sessions', { body: OWNER }));
  const { id } = (await current(third)).json.user;
  const password = 'a brand new password';
  const change = (currentPassword: string | undefined) =>
    api.call('PATCH', `/api/v1/users/${id}`, { cookie: third, body: { password, currentPassword } });
  t.is((await change(undefined)).status, 422);
  t.is((await change('wrong')).status, 422);
  t.is((await change(OWNER.password)).status, 200);
  t.is((await current(third)).status, 401);
  t.is((await api.call('POST', '/api/v1/sessions', { body: OWNER })).status, 401);
  t.is((await api.call('POST', '/api/v1/sessions', { body: { ...OWNER, password } })).status, 201);
});

test('15: of many wrong passwords few are heard; known and unknown accounts look the same', async (t) => {
  // Time stands still: on a slow machine the first waiting time would be over before the last try is made.
  const api = await startApi(t, { guardClock: { monotonic: () => monotonicMs(0) } });
  await setUpOwner(api);
  const wrong = async (index: number): Promise<Answer> =>
    await api.call('POST', '/api/v1/sessions', { body: { username: OWNER.username, password: `wrong ${index}` } });
  const tries: Answer[] = [];
  // In waves: all handshakes at one instant take a loaded machine longer than one may.
  while (tries.length < TRIES)
    tries.push(
      ...(await Promise.all(Array.from({ length: WAVE }, async (_, index) => await wrong(tries.length + index)))),
    );
  const heard = tries.filter(({ status }) => status === 401);
  t.true(heard.length <= 20, `${heard.length} were heard`);
  const [late] = tries.filter(({ status }) => status === 429);
  t.true(Number(late?.headers['retry-after']) >= 1);
  const right = await api.call('POST', '/api/v1/sessions', { body: OWNER });
  t.is(right.status, 429, 'also the right password waits');

  const other = await startApi(t);
  await setUpOwner(other);
  const known = await other.call('POST', '/api/v1/sessions', { body: { username: OWNER.username, password: 'x' } });
  const unknown = await other.call('POST', '/api/v1/sessions', { body: { username: 'nobody', password: 'x' } });
  t.deepEqual([known.status, known.json], [unknown.status, unknown.json]);
});

test('23: JSON that is malformed, deep, huge or poisoned is refused by its own code', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const cases: readonly (readonly [string | Uint8Array, number, string])[] = [
    ['{', 400, 'http/json'],
    ['nonsense', 400, 'http/json'],
    [Uint8Array.of(0x22, 0xff, 0x22), 400, 'http/json'],
    [deep, 400, 'http/json-too-deep'],
    ['{"__proto__":{"role":"owner"}}', 400, 'http/json-key'],
    ['{"main":{"constructor":{"prototype":{}}}}', 400, 'http/json-key'],
    [JSON.stringify({ name: 'x'.repeat(1024 * 1024) }), 413, 'http/body-too-large'],
    [JSON.stringify({ name: 'x'.repeat(1024 * 1024 - 100) }), 422, 'http/invalid'],
    ['[]', 422, 'http/invalid'],
    ['null', 422, 'http/invalid'],
    ['{}', 422, 'http/invalid'],
  ];
  for (const [body, status, code] of cases) {
    const answer = await api.call('POST', '/api/v1/cameras', { cookie: owner, raw: body });
    t.deepEqual([answer.status, answer.json.code], [status, code], String(body).slice(0, 40));
    t.is(answer.headers['content-type'], 'application/problem+json');
  }
  t.is(({} as Record<string, unknown>)['role'], undefined);
});

test('23: unknown keys are refused and named, in bodies and in queries', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const body = { ...CAMERA, main: { ...CAMERA.main, colour: 'red' }, admin: true };
  const answer = await api.call('POST', '/api/v1/cameras', { cookie: owner, body });
  t.is(answer.status, 422);
  t.deepEqual(answer.json.issues.map(({ path }: { path: string }) => path).sort(), ['admin', 'main.colour']);
  t.is((await api.call('GET', '/api/v1/cameras?limit=1&x=1', { cookie: owner })).json.issues[0].path, 'x');
  t.is((await api.call('GET', '/api/v1/cameras?limit=1&limit=2', { cookie: owner })).status, 422);
});

test('23: seeded random bodies never give a 500', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const random = createRandom(20_261_121);
  const seed = JSON.stringify({ ...CAMERA, sub: null, retention: { maxDays: 3 }, password: 'x' });
  for (let round = 0; round < 150; round += 1) {
    const bytes = Buffer.from(seed);
    for (let flips = 0; flips < 1 + (round % 5); flips += 1)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    const answer = await api.call('POST', '/api/v1/cameras', { cookie: owner, raw: bytes });
    t.true(answer.status < 500, `${answer.status}: ${bytes.toString('latin1')}`);
  }
});

async function webRoot(t: ExecutionContext): Promise<string> {
  const folder = await tempDir(t, 'web');
  await mkdir(join(folder, 'web', 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'canary outside');
  await writeFile(join(folder, 'web', 'index.html'), '<!doctype html><title>ui</title>');
  await writeFile(join(folder, 'web', 'assets', 'app-0a1b2c3d.js'), 'console.log("app")\n'.repeat(100));
  await symlink(join(folder, 'secret.txt'), join(folder, 'web', 'link.txt'));
  return join(folder, 'web');
}

test('9: no spelling of a path leads out of the UI’s folder', async (t) => {
  const api = await startApi(t, { webRoot: await webRoot(t) });
  const corpus = [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/%252e%252e%252fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/....//secret.txt',
    '//secret.txt',
    '/./secret.txt',
    '/secret.txt%00.html',
    '/%00',
    '/%c0%ae%c0%ae/secret.txt',
    '/%',
    '/link.txt',
    '/etc/passwd.txt',
    '/api/../secret.txt',
    '/api/v1/../../secret.txt',
  ];
  for (const path of corpus) {
    const answer = await raw(api, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    t.regex(answer, /^HTTP\/1.1 40[04] /, path);
    t.false(answer.includes('canary'), path);
  }
});

test('the UI is served with caching, compression and its own paths; the API’s unknown paths are not the UI', async (t) => {
  const api = await startApi(t, { webRoot: await webRoot(t) });
  const page = await api.call('GET', '/');
  t.is(page.status, 200);
  t.is(page.headers['cache-control'], 'no-cache');
  t.regex(String(page.headers['content-security-policy']), /script-src 'self';.*frame-ancestors 'none'/);
  t.false(/unsafe/.test(String(page.headers['content-security-policy'])));
  t.is(page.headers['x-content-type-options'], 'nosniff');
  t.is(page.headers['strict-transport-security'], undefined);
  t.is((await api.call('GET', '/cameras/cam-1')).text, page.text);
  t.is((await api.call('GET', '/', { headers: { 'if-none-match': page.headers.etag ?? '' } })).status, 304);
  const asset = await api.call('GET', '/assets/app-0a1b2c3d.js', { headers: { 'accept-encoding': 'gzip' } });
  t.is(asset.headers['content-encoding'], 'gzip');
  t.regex(asset.headers['cache-control'] ?? '', /immutable/);
  t.is((await api.call('GET', '/assets/gone-0a1b2c3d.js')).status, 404);
  t.is((await api.call('GET', '/api/v1/nothing')).json.code, 'http/not-found');
  const method = await api.call('PUT', '/api/v1/cameras', { body: {} });
  t.deepEqual([method.status, method.headers.allow], [405, 'GET, POST, PATCH, DELETE']);
});

test('any request line gets an answer below 500', async (t) => {
  const api = await startApi(t);
  const targets = [
    '//',
    '//:',
    '///',
    'http://[',
    'http://[::1',
    '/%',
    '/?%',
    '/?a=%zz',
    '*',
    '/api/v1/cameras/%00',
    '/;',
    'x',
  ];
  for (const target of targets) {
    for (const upgrade of ['', 'Connection: Upgrade\r\nUpgrade: websocket\r\n']) {
      const close = upgrade === '' ? 'Connection: close\r\n' : upgrade;
      const answer = await raw(api, `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`);
      t.regex(answer, /^HTTP\/1.1 [234]/, `${target} ${upgrade}`);
    }
  }
  t.deepEqual(
    api.lines.filter((line) => line.includes('"error"')),
    [],
    'strangers cannot make errors in the log',
  );
});

test('16: a password that is changed while a sign-in with the old one is under way lets nobody in', async (t) => {
  const api = await startApi(t);
  await setUpOwner(api);
  const [user] = api.settings.users.get().users;
  if (user === undefined) return t.fail();
  const clock = systemClock;
  const auth = startAuth({ settings: api.settings, clock, log: silentLog });
  t.teardown(() => auth.stop());
  await api.settings.users.update((file) => ({
    ...file,
    users: file.users.map((one) => ({ ...one, passwordHash: `${one.passwordHash}-new` })),
  }));
  t.is(await auth.startSession(user), undefined);
  return undefined;
});

test('16: an account that is replaced while its password is checked lets those in whom the new one knows', async (t) => {
  const hasher = createPasswordHasher(COST);
  let whileChecked = async (): Promise<void> => undefined;
  const verify = async (...asked: Parameters<typeof hasher.verify>): Promise<boolean> => {
    const isRight = await hasher.verify(...asked);
    await whileChecked();
    return isRight;
  };
  const api = await startApi(t, { hasher: { ...hasher, verify } });
  await setUpOwner(api);
  const replaceOwner = (passwordHash?: string) => {
    whileChecked = async () => {
      whileChecked = async () => undefined;
      await api.settings.users.update((file) => ({
        ...file,
        users: file.users.map((one) => ({
          ...one,
          id: `${one.id}-next`,
          passwordHash: passwordHash ?? one.passwordHash,
        })),
      }));
    };
  };
  replaceOwner();
  t.is((await api.call('POST', '/api/v1/sessions', { body: OWNER })).status, 201);
  replaceOwner(await hasher.hash('another one entirely'));
  t.is((await api.call('POST', '/api/v1/sessions', { body: OWNER })).status, 401);
});
