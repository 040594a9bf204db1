/** `understudy cameras`, `volumes`, `name`, `settings options`: a box is set up by commands, at itself and through its host. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test from 'ava';
import { startApi } from '../support/api-server.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';
import { knownServerOf, SERVER_ID } from '../support/known-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const URL_OF = 'rtsp://192.168.1.20/main';
const SECRET = 'camera password';

test('cameras are added, listed, changed and removed, one or several, by name', async (t) => {
  const deleted: string[] = [];
  const { run, api, fileWith } = await startCliBench(t, {
    cameras: { deleteFootage: async (id) => void deleted.push(id) },
  });
  const stored = (): readonly { readonly name: string; readonly priority: string; readonly enabled: boolean }[] =>
    api.settings.cameras.get().cameras;
  t.is((await run('cameras')).stdout, 'This server has no cameras.\n');
  const account = ['--username', 'viewer', '--password-file', await fileWith(`${SECRET}\n`)];
  const settings = ['sub.url=rtsp://192.168.1.20/sub', 'priority=high', 'retention.maxDays=30'];
  const added = await run('cameras', 'add', 'Door', URL_OF, ...settings, ...account);
  t.is(added.code, 0, added.stderr);
  t.regex(added.stdout, /^Door was added \(/);
  t.like(api.settings.cameras.get().cameras[0], {
    main: { url: URL_OF },
    sub: { url: 'rtsp://192.168.1.20/sub' },
    username: 'viewer',
    hasPassword: true,
    retention: { maxDays: 30 },
  });
  t.is((await run('cameras', 'add', 'Yard', 'rtsp://192.168.1.21/main', '--json')).code, 0);
  t.regex((await run('cameras', 'list')).stdout, /^Door +connecting +\S+ +rtsp:\/\/192\.168\.1\.20\/main +high, hot/m);
  const both = await run('cameras', 'change', 'door', 'Yard', 'enabled=off', 'priority=low');
  t.is(both.stdout, 'Changed: Door, Yard.\n', both.stderr);
  t.true(stored().every(({ enabled, priority }) => !enabled && priority === 'low'));
  t.is((await run('cameras', 'change', 'Door', 'name=12', 'sub=')).code, 0);
  t.is(stored()[0]?.name, '12');
  const unknown = await run('cameras', 'remove', 'Yard', 'Attic');
  t.is(unknown.code, 1);
  t.regex(unknown.stderr, /has no camera Attic; its cameras: 12, Yard/);
  t.is(stored().length, 2, 'none is removed');
  t.is((await run('cameras', 'remove', '12')).stdout, 'Removed: 12; footage stays.\n');
  t.deepEqual(deleted, []);
  t.is((await run('cameras', 'remove', 'Yard', '--delete-footage')).stdout, 'Removed: Yard; footage is deleted.\n');
  t.is(deleted.length, 1);
});

test('a camera is tested by address or by name, check by check; one that gives no picture makes the exit code 1', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    cameras: {
      testCamera: async ({ url, password }) => {
        asked.push([url, password]);
        const ok = url === URL_OF;
        return await Promise.resolve({ ok, checks: [{ check: 'connect', ok, message: 'as told', milliseconds: 3 }] });
      },
    },
  });
  const bad = await run('cameras', 'test', 'rtsp://192.168.1.99/x');
  t.is(bad.code, 1);
  t.is(bad.stdout, 'failed: connect: as told\nIt cannot be recorded.\n');
  t.is((await run('cameras', 'add', 'Door', URL_OF)).code, 0);
  const good = await run('cameras', 'test', 'Door', '--json');
  t.is(good.code, 0, good.stderr);
  t.like(JSON.parse(good.stdout), { ok: true });
  t.deepEqual(asked, [
    ['rtsp://192.168.1.99/x', undefined],
    [URL_OF, undefined],
  ]);
});

test('no password of a camera stands on the command line', async (t) => {
  const { run, api } = await startCliBench(t);
  for (const args of [
    ['add', 'Door', `rtsp://viewer:${SECRET}@192.168.1.20/`],
    ['add', 'Door', URL_OF, `sub.url=rtsp://viewer:${SECRET}@192.168.1.20/`],
    ['add', 'Door', URL_OF, `password=${SECRET}`],
    ['test', `rtsp://viewer:${SECRET}@192.168.1.20/`],
    ['change', 'Door'],
  ]) {
    const ran = await run('cameras', ...args);
    t.is(ran.code, 2, args.join(' '));
    t.false(ran.stderr.includes(SECRET));
  }
  t.is(api.settings.cameras.get().cameras.length, 0);
});

test('a server looks for cameras on its own LAN', async (t) => {
  const { run } = await startCliBench(t);
  t.is((await run('cameras', 'discover')).stdout, '192.168.1.20\n');
});

test('--at asks another server of the site through its host, and says what is never carried', async (t) => {
  const asked: string[] = [];
  const { run, api } = await startCliBench(t, {
    servers: { list: () => [knownServerOf()] },
    gateway: {
      request: async (id, { method, path }) => {
        asked.push(`${id} ${method} ${path}`);
        const body = Readable.from([JSON.stringify({ items: [] })]);
        return await Promise.resolve({ status: 200, headers: { 'content-type': 'application/json' }, body });
      },
      socket: async () => await Promise.reject(new Error('not asked for')),
    },
  });
  await api.settings.server.update((server) => ({ ...server, mode: 'host' }));
  t.is((await run('cameras', '--at', 'hall')).stdout, 'This server has no cameras.\n');
  t.is((await run('volumes', '--at', SERVER_ID)).stdout, 'This server has no volume: nothing is recorded.\n');
  t.deepEqual(asked, [`${SERVER_ID} GET /cameras?limit=1000`, `${SERVER_ID} GET /volumes?limit=1000`]);
  t.regex((await run('users', '--at', 'Hall')).stderr, /each server does it for itself/);
  t.regex((await run('cameras', '--at', 'Attic')).stderr, /No server is called Attic, by name or id; known are: Hall/);
});

test('volumes are added, changed and removed by their path; what a server is called and allows is changed', async (t) => {
  const { run, api } = await startCliBench(t);
  t.regex((await run('volumes', 'add', '/srv/footage', '--reserve', '20')).stdout, /kept in \/srv\/footage too/);
  t.is(api.settings.volumes.get().volumes[0]?.reserveBytes, 20e9);
  t.regex((await run('volumes')).stdout, /^\/srv\/footage +usable .*20\.0 GB stay free/);
  const changed = await run('volumes', 'change', '/srv/footage', '--reserve', '1.5');
  t.is(changed.stdout, '1.5 GB stay free on /srv/footage.\n', changed.stderr);
  t.is((await run('volumes', 'change', '/srv/footage', '--reserve', 'much')).code, 2);
  t.regex((await run('volumes', 'remove', '/other')).stderr, /No volume is at \/other; there are: \/srv\/footage/);
  t.is((await run('volumes', 'remove', '/srv/footage')).code, 0);
  t.is((await run('volumes', 'find')).stdout, 'No other mounted file system was found.\n');
  t.is((await run('name', '42')).stdout, 'This server is now called 42.\n');
  t.is((await run('name')).stdout, '42\n');
  const options = await run('settings', 'options', 'allowedHosts=nas.lan,nvr.lan', 'openMetrics=on');
  t.regex(options.stdout, /^allowedHosts +nas\.lan,nvr\.lan\n[^]*openMetrics +true/, options.stderr);
  const file = join(await tempDir(t, 'certificate'), 'box.pem');
  t.is((await run('settings', 'certificate', file)).code, 0);
  t.is(await readFile(file, 'utf8'), api.tls.certificate);
});

test('a new server gets its owner and a token by one command, once, and the token is in a file of its own', async (t) => {
  const api = await startApi(t);
  const tokenFile = join(await tempDir(t, 'token'), 'token');
  const passwordFile = join(await tempDir(t, 'password'), 'password');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(passwordFile, 'a long password\n');
  const place = ['--server', `https://127.0.0.1:${api.port}`];
  const setup = ['setup', ...place, '--username', 'olga', '--password-file', passwordFile, '--name', 'Hall'];
  const done = await understudy(...setup, '--token-file', tokenFile);
  t.like(done, { code: 0, stderr: '' });
  t.regex(done.stdout, /^Hall belongs to olga\. The token is in /);
  t.is((await stat(tokenFile)).mode & 0o777, 0o600);
  t.false(done.stdout.includes((await readFile(tokenFile, 'utf8')).trim()));
  t.is((await understudy('name', ...place, '--token-file', tokenFile)).stdout, 'Hall\n');
  const again = await understudy(...setup, '--token-file', `${tokenFile}-2`);
  t.is(again.code, 1);
  t.regex(again.stderr, /Hall has an owner already/);
});
