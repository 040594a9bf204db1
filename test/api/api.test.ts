/** What each resource does, over HTTPS against real settings. */
import { readdir, readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import test from 'ava';
import { MAX_EVENT_STREAMS_PER_CALLER } from '../../src/api/routes/events.ts';
import { csvOf } from '../../src/api/routes/log.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { addCamera, addUser, cookieOf, OWNER, setUpOwner, startApi } from '../support/api-server.ts';
import type { Api } from '../support/api-server.ts';

test('the owner is set up once, two at once make one', async (t) => {
  const api = await startApi(t);
  t.is((await api.call('GET', '/api/v1/setup')).json.needed, true);
  const weak = await api.call('POST', '/api/v1/setup', { body: { ...OWNER, password: 'short' } });
  t.deepEqual([weak.status, weak.json.issues[0].path], [422, 'password']);
  const both = await Promise.all([1, 2].map(() => api.call('POST', '/api/v1/setup', { body: OWNER })));
  t.deepEqual(
    both.map(({ status }) => status).sort((one, other) => one - other),
    [201, 409],
  );
  t.is((await api.call('GET', '/api/v1/setup')).json.needed, false);
  t.is((await api.call('POST', '/api/v1/setup', { body: OWNER })).json.code, 'setup/done');
});

test('the mode changes to each of the three and back', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  for (const mode of ['failover', 'host', 'recording', 'recording']) {
    const answer = await api.call('PUT', '/api/v1/server/mode', { cookie: owner, body: { mode } });
    t.deepEqual([answer.status, answer.json.mode], [200, mode]);
  }
  t.is((await api.call('PUT', '/api/v1/server/mode', { cookie: owner, body: { mode: 'both' } })).status, 422);
  const named = await api.call('PATCH', '/api/v1/server', { cookie: owner, body: { name: 'Attic' } });
  t.is(named.json.name, 'Attic');
});

test('a camera is added, read, changed and removed, with an ETag against lost changes', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const id = await addCamera(api, cookie);
  const read = await api.call('GET', `/api/v1/cameras/${id}`, { cookie });
  const { etag = '' } = read.headers;
  const change = (body: unknown, headers = {}) => api.call('PATCH', `/api/v1/cameras/${id}`, { cookie, body, headers });
  const first = await change({ name: 'Yard' }, { 'if-match': etag });
  t.deepEqual([first.status, first.json.name], [200, 'Yard']);
  const second = await change({ name: 'Lost' }, { 'if-match': etag });
  t.deepEqual([second.status, second.json.code, second.headers.etag], [412, 'camera/changed', first.headers.etag]);
  const sub = { url: 'rtsp://192.168.1.20/sub' };
  t.is((await change({ sub, username: 'u' })).json.sub.url, sub.url);
  const without = (await change({ sub: null, username: null })).json;
  t.deepEqual([without.sub, without.username], [undefined, undefined]);
  t.is((await api.call('DELETE', `/api/v1/cameras/${id}`, { cookie })).status, 204);
  t.is((await change({ name: 'Gone' })).status, 404);
});

test('several cameras are changed or removed together, all or none', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const ids = [await addCamera(api, cookie), await addCamera(api, cookie)];
  const patch = (some: readonly string[], change: object) =>
    api.call('PATCH', '/api/v1/cameras', { cookie, body: { ids: some, change } });
  const done = await patch(ids, { priority: 'high', password: 'shared-secret' });
  t.deepEqual(
    done.json.items.map((one: { priority: string; hasPassword: boolean }) => [one.priority, one.hasPassword]),
    [
      ['high', true],
      ['high', true],
    ],
  );
  t.is((await patch([ids[0] ?? '', 'cam-none'], { priority: 'low', password: null })).status, 404);
  t.is(api.settings.cameras.get().cameras[0]?.priority, 'high');
  t.is(api.settings.secrets.get(`camera:${ids[0]}`), 'shared-secret');
  const remove = (some: readonly string[]) =>
    api.call('DELETE', '/api/v1/cameras', { cookie, body: { ids: some, footage: 'keep' } });
  t.is((await remove([...ids, 'cam-none'])).status, 404);
  t.is((await remove(ids)).status, 204);
  t.is(api.settings.cameras.get().cameras.length, 0);
  t.is(api.settings.secrets.get(`camera:${ids[0]}`), undefined);
});

test('credentials in an address are taken out of it and kept apart', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const id = await addCamera(api, cookie, { main: { url: 'rtsp://bob:p%40ss:w@192.168.1.20:554/a?b=c' } });
  const { main, username, hasPassword } = (await api.call('GET', `/api/v1/cameras/${id}`, { cookie })).json;
  t.deepEqual([main.url, username, hasPassword], ['rtsp://192.168.1.20:554/a?b=c', 'bob', true]);
  t.is(api.settings.secrets.get(`camera:${id}`), 'p@ss:w');
});

test('7: addresses of this box and of the network itself are refused for cameras and tests', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  for (const url of ['rtsp://127.0.0.1/', 'rtsp://[::ffff:7f00:1]/', 'rtsp://169.254.169.254/', 'rtsp://2130706433/']) {
    const made = await api.call('POST', '/api/v1/cameras', { cookie, body: { name: 'x', main: { url } } });
    t.is(made.status, 422, url);
    t.regex(made.json.code, /^camera\/address-/);
    t.is(made.json.issues[0].path, 'main.url');
    t.is((await api.call('POST', '/api/v1/cameras/test', { cookie, body: { url } })).status, 422, url);
  }
  await api.call('PATCH', '/api/v1/server/settings', { cookie, body: { allowLoopbackCameras: true } });
  const main = { url: 'rtsp://127.0.0.1:8554/' };
  t.is((await api.call('POST', '/api/v1/cameras', { cookie, body: { name: 'x', main } })).status, 201);
});

test('a stored password is tried only against the host that it was stored for', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const cameraId = await addCamera(api, cookie, { password: 'canary-stored' });
  const ask = (url: string) => api.call('POST', '/api/v1/cameras/test', { cookie, body: { url, cameraId } });
  t.is((await ask('rtsp://192.168.1.20/other')).status, 200);
  t.is((await ask('rtsp://192.168.1.66/thief')).status, 200);
  t.deepEqual(
    api.tested.map((asked) => (asked as { password?: string }).password),
    ['canary-stored', undefined],
  );
});

test('discovery tells which cameras are set up already', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const id = await addCamera(api, cookie);
  const found = await api.call('POST', '/api/v1/cameras/discover', { cookie, body: {} });
  t.is(found.json.items[0].cameraId, id);
});

test('lists come in pages', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const ids = [await addCamera(api, cookie), await addCamera(api, cookie), await addCamera(api, cookie)];
  const seen: string[] = [];
  let next: string | undefined = '';
  while (next !== undefined) {
    const cursor: string = next === '' ? '' : `&cursor=${next}`;
    const { json } = await api.call('GET', `/api/v1/cameras?limit=2${cursor}`, { cookie });
    seen.push(...json.items.map((one: { id: string }) => one.id));
    next = json.next;
  }
  t.deepEqual(seen, ids);
});

test('volumes are added once, changed, removed', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const add = (path: string) => api.call('POST', '/api/v1/volumes', { cookie, body: { path } });
  for (const path of ['relative', '/srv/../etc', '/srv/\u0000x']) t.is((await add(path)).status, 422, path);
  const made = await add('/srv/footage');
  t.is(made.status, 201);
  t.is((await add('/srv/footage')).json.code, 'volume/exists');
  const path = `/api/v1/volumes/${made.json.id}`;
  t.is((await api.call('PATCH', path, { cookie, body: { reserveBytes: 5 } })).json.reserveBytes, 5);
  t.is((await api.call('DELETE', path, { cookie })).status, 204);
  t.is((await api.call('GET', path, { cookie })).status, 404);
});

test('a volume with footage that is to go home elsewhere is forgotten only when its path confirms it', async (t) => {
  const api = await startApi(t, {
    beforeForgettingVolume: ({ path }, confirm) => {
      if (confirm !== path) throw new UnderstudyError('conflict', 'volume/owed', `${path} holds 3 files of Hall.`);
    },
  });
  const cookie = await setUpOwner(api);
  const { json } = await api.call('POST', '/api/v1/volumes', { cookie, body: { path: '/srv/footage' } });
  const path = `/api/v1/volumes/${json.id}`;
  for (const query of ['', '?confirm=', '?confirm=/srv/other']) {
    const refused = await api.call('DELETE', `${path}${query}`, { cookie });
    t.is(refused.status, 409);
    t.like(refused.json, { code: 'volume/owed', detail: '/srv/footage holds 3 files of Hall.' });
    t.is((await api.call('GET', path, { cookie })).status, 200, 'it is there still');
  }
  t.is((await api.call('DELETE', '/api/v1/volumes/unknown?confirm=/srv/footage', { cookie })).status, 404);
  t.is((await api.call('DELETE', `${path}?confirm=/srv/footage`, { cookie })).status, 204);
});

test('a token works until it is revoked, and its secret is shown once', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const made = await api.call('POST', '/api/v1/tokens', { cookie, body: { name: 'script', role: 'viewer' } });
  const { secret, id } = made.json;
  t.is((await api.call('GET', '/api/v1/cameras', { token: secret })).status, 200);
  t.is((await api.call('GET', '/api/v1/cameras', { token: `${secret}x` })).status, 401);
  t.is((await api.call('GET', '/api/v1/users', { token: secret })).status, 403);
  t.false((await api.call('GET', '/api/v1/tokens', { cookie })).text.includes(secret));
  t.is((await api.call('GET', '/metrics')).status, 401);
  t.is((await api.call('GET', '/metrics', { token: secret })).status, 200);
  t.is((await api.call('DELETE', `/api/v1/tokens/${id}`, { cookie })).status, 204);
  t.is((await api.call('GET', '/api/v1/cameras', { token: secret })).status, 401);
  await api.call('PATCH', '/api/v1/server/settings', { cookie, body: { openMetrics: true } });
  t.is((await api.call('GET', '/metrics')).status, 200);
});

test('of what is kept of a camera the limit that is named changes; null takes one away', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const body = { name: 'Door', main: { url: 'rtsp://192.168.1.20/a' }, retention: { maxBytes: 5e9 } };
  const { id } = (await api.call('POST', '/api/v1/cameras', { cookie, body })).json;
  const change = async (retention: object): Promise<unknown> =>
    (await api.call('PATCH', `/api/v1/cameras/${id}`, { cookie, body: { retention } })).json.retention;
  t.deepEqual(await change({ maxDays: 30 }), { maxDays: 30, maxBytes: 5e9 });
  t.deepEqual(await change({ maxDays: null }), { maxBytes: 5e9 });
  t.deepEqual(await change({}), { maxBytes: 5e9 });
  t.deepEqual(await change({ maxBytes: null }), {});
});

test('a place to fetch releases from is set, refused in words, and taken away', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const set = async (releaseSource: string | null) =>
    await api.call('PATCH', '/api/v1/server/settings', { cookie, body: { releaseSource } });
  const source = 'https://example.org/releases.json';
  t.is((await set(source)).json.releaseSource, source);
  t.is((await api.call('PATCH', '/api/v1/server/settings', { cookie, body: {} })).json.releaseSource, source);
  const refused = await set('https://anna:secret@example.org/x');
  t.is(refused.status, 422);
  t.regex(refused.text, /Expected the address of a release list/);
  t.false(refused.text.includes('secret'));
  const after = await set(null);
  t.deepEqual([after.status, after.json.releaseSource], [200, undefined]);
  t.false('releaseSource' in api.settings.server.get());
});

test('the log comes as JSON and as CSV that is no formula', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  t.is((await api.call('GET', '/api/v1/log', { cookie })).json.items[0].code, 'setup');
  const csv = await api.call('GET', '/api/v1/log', { cookie, headers: { accept: 'text/csv' } });
  t.regex(csv.headers['content-type'] ?? '', /^text\/csv/);
  t.regex(csv.text, /^at,severity,code,message,cameraId,volumeId,user,id\r\n.*,setup,/);
  const entry = { id: '1', at: 'now', severity: 'info' as const, code: '=cmd()', message: 'a "b",\r\nc' };
  t.true(csvOf([entry]).includes(`info,'=cmd(),"a ""b"",\r\nc",,,,1\r\n`));
});

/** The events of one stream as they come. */
function listen(t: { teardown: (run: () => void) => void }, { port, tls }: Api, cookie: string, lastId?: string) {
  let text = '';
  let ended = false;
  const headers = { cookie, ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
  const checkServerIdentity = (): undefined => undefined;
  const options = {
    host: '127.0.0.1',
    port,
    path: '/api/v1/events',
    headers,
    ca: tls.certificate,
    checkServerIdentity,
  };
  const status = new Promise<number>((resolve, reject) => {
    const ask = get({ ...options, agent: false }, (response) => {
      resolve(response.statusCode ?? 0);
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('error', () => undefined);
      response.on('close', () => (ended = true));
    });
    ask.on('error', reject);
    t.teardown(() => ask.destroy());
  });
  const until = async (wanted: () => boolean): Promise<void> => {
    const limit = Date.now() + 20_000;
    while (!wanted()) {
      if (Date.now() > limit) throw new Error(`waited for more than: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { status, until, text: () => text, ended: () => ended };
}

test('live events arrive, resume after the last one seen, and hide other cameras', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const limited = await addUser(api, owner, 'viewer', ['cam-mine']);
  const all = listen(t, api, owner);
  const mine = listen(t, api, limited);
  t.deepEqual([await all.status, await mine.status], [200, 200]);
  await all.until(() => all.text().includes('retry:'));
  await mine.until(() => mine.text().includes('retry:'));
  const before = api.hub.lastId();
  api.hub.publish({ kind: 'camera', cameraId: 'cam-other' });
  api.hub.publish({ kind: 'camera', cameraId: 'cam-mine' });
  await all.until(() => all.text().includes('cam-mine'));
  await mine.until(() => mine.text().includes('cam-mine'));
  t.true(all.text().includes('cam-other'));
  t.false(mine.text().includes('cam-other'));
  const resumed = listen(t, api, owner, String(before));
  await resumed.until(() => resumed.text().includes('cam-mine'));
  t.true(resumed.text().includes(`id: ${before + 1}\nevent: camera\n`));
  const lost = listen(t, api, owner, '999999999999');
  await lost.until(() => lost.text().includes('event: cameras'));
});

test('where a camera is reached is shown to admins only', async (t) => {
  const api = await startApi(t);
  const owner = await setUpOwner(api);
  const id = await addCamera(api, owner, { username: 'camera-user', main: { url: 'rtsp://192.168.9.9/secret-path' } });
  const viewer = await addUser(api, owner, 'viewer');
  for (const path of ['/api/v1/cameras', `/api/v1/cameras/${id}`]) {
    t.regex(JSON.stringify((await api.call('GET', path, { cookie: owner })).json), /secret-path/);
    const seen = JSON.stringify((await api.call('GET', path, { cookie: viewer })).json);
    t.regex(seen, /rtsp:\/\/hidden/);
    t.notRegex(seen, /192\.168|secret-path|camera-user/);
  }
});

test('an event stream ends when its session does, and one user has at most so many', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const streams = Array.from({ length: MAX_EVENT_STREAMS_PER_CALLER }, () => listen(t, api, cookie));
  for (const one of streams) t.is(await one.status, 200);
  t.is(await listen(t, api, cookie).status, 429);
  await api.call('DELETE', '/api/v1/sessions/current', { cookie });
  for (const one of streams) {
    await one.until(one.ended);
    t.true(one.text().includes('event: signed-out'));
  }
  const again = cookieOf(await api.call('POST', '/api/v1/sessions', { body: OWNER }));
  t.is(await listen(t, api, again).status, 200);
});

test('6: planted passwords and tokens are in no answer, log, event or plain file', async (t) => {
  const api = await startApi(t);
  const password = 'canary-owner-password';
  const cookie = cookieOf(await api.call('POST', '/api/v1/setup', { body: { username: 'olga', password } }));
  const texts: string[] = [];
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, `/api/v1${path}`, body === undefined ? { cookie } : { cookie, body });
    texts.push(answer.text, JSON.stringify(answer.headers));
    return answer;
  };
  const url = 'rtsp://u:canary-in-url@192.168.1.20/a';
  const { id } = (await ask('POST', '/cameras', { name: 'A', main: { url } })).json;
  await ask('PATCH', `/cameras/${id}`, { password: 'canary-camera' });
  await ask('POST', '/cameras', { name: 'B', main: { url: 'rtsp://u:canary-refused@127.0.0.1/' } });
  await ask('POST', '/cameras', { name: 'C', main: { url: 'rtsp://u:canary bad@x/' }, password: 5 });
  await ask('POST', '/cameras/test', { url, password: 'canary-test' });
  await ask('POST', '/sessions', { username: 'olga', password: 'canary-wrong' });
  await ask('POST', '/users', { username: 'eve', password: 'canary-eve-password', role: 'viewer' });
  for (const path of ['/cameras', `/cameras/${id}`, '/users', '/tokens', '/log', '/server', '/openapi.json']) {
    await ask('GET', path);
  }
  const { secret } = (await api.call('POST', '/api/v1/tokens', { cookie, body: { name: 'n', role: 'viewer' } })).json;
  await ask('GET', '/tokens');
  const folder = join(api.dataDir, 'settings');
  for (const name of await readdir(folder)) texts.push(await readFile(join(folder, name), 'utf8'));
  texts.push(...api.lines, JSON.stringify(api.entries), JSON.stringify(process.argv));
  for (const planted of ['canary', String(secret), cookie.split('=')[1] ?? '?']) {
    t.deepEqual(
      texts.filter((text) => text.includes(planted)),
      [],
      planted.slice(0, 6),
    );
  }
});

test('a port that is taken is told by its number', async (t) => {
  const api = await startApi(t);
  const { startHttpsServer } = await import('../../src/api/server.ts');
  const { silentLog } = await import('../../src/core/log.ts');
  const { systemClock } = await import('../../src/core/clock.ts');
  const app = { request: () => undefined, upgrade: () => undefined };
  const options = { app, tls: api.tls, bind: '127.0.0.1', port: api.port, clock: systemClock, log: silentLog };
  await t.throwsAsync(startHttpsServer(options), { message: new RegExp(`port ${api.port} is taken`) });
});

test('stopping ends event streams and frees the port', async (t) => {
  const api = await startApi(t);
  const cookie = await setUpOwner(api);
  const stream = listen(t, api, cookie);
  t.is(await stream.status, 200);
  await api.stop();
  await stream.until(stream.ended);
  await t.throwsAsync(api.call('GET', '/healthz'));
});
