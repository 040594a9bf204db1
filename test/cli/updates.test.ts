import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Updates } from '../../src/api/contract/updates.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_PART_BYTES } from '../../src/site/release-limits.ts';
import { issuerOf } from '../../src/site/signed-text.ts';
import { readReleaseList } from '../../src/updates/release-list.ts';
import { checkBody, openRelease } from '../../src/updates/release-reader.ts';
import { startCliBench, understudy } from '../support/cli-bench.ts';
import { knownServerOf } from '../support/known-server.ts';
import { tempDir } from '../support/temp-dir.ts';

const SEEN: Updates = {
  version: '0.2.0',
  packaged: '0.1.0',
  releases: [
    { version: '0.3.0', bytes: 7, builtAt: '2026-11-24T00:00:00.000Z', beside: 'newer', problem: 'It needs Node 26.' },
    { version: '0.2.0', bytes: 7, builtAt: '2026-11-24T00:00:00.000Z', beside: 'same' },
  ],
  keys: [],
  servers: [],
};

test('what runs, what is kept, and how the last one ended', async (t) => {
  const { run } = await startCliBench(t, { updates: { view: () => SEEN } });
  const { stdout, code } = await run('updates');
  t.is(code, 0);
  t.is(
    stdout,
    'Release 0.2.0 runs; the package is 0.1.0.\n0.3.0, newer, 7 bytes: It needs Node 26.\n0.2.0, same, 7 bytes\n',
  );
  t.deepEqual(JSON.parse((await run('updates', 'show', '--json')).stdout), SEEN);
  const at = '2026-11-24T01:00:00.000Z';
  const failed = await startCliBench(t, {
    updates: {
      view: () => ({
        ...SEEN,
        last: {
          from: '0.2.0',
          to: '0.3.0',
          at,
          result: 'rolled-back',
          reason: 'It recorded 0 streams; 4 were recorded before.',
        },
        servers: [
          { serverId: 'a', name: 'Hall', version: '0.2.0', phase: 'sending', sentBytes: 25, bytes: 100 },
          {
            serverId: 'b',
            name: 'Spare',
            version: '0.2.0',
            phase: 'failed',
            sentBytes: 0,
            bytes: 100,
            problem: 'It is away.',
          },
        ],
      }),
    },
  });
  const after = await failed.run('updates');
  t.is(after.code, 1);
  t.regex(after.stdout, /^0\.3\.0 was not kept at .*: It recorded 0 streams; 4 were recorded before\.$/m);
  t.regex(after.stdout, /^Hall to 0\.2\.0: sending 25 %$/m);
  t.regex(after.stdout, /^Spare to 0\.2\.0: failed \(It is away\.\)$/m);
});

test('a release is sent part by part, as it is', async (t) => {
  const bytes = Buffer.alloc(2 * MAX_PART_BYTES + 17, 'abc');
  const path = join(await tempDir(t), 'x.release');
  await writeFile(path, bytes);
  const parts: { at: number; bytes: Buffer }[] = [];
  const { run } = await startCliBench(t, {
    updates: {
      upload: async ({ at, part, bytes: whole }) => {
        parts.push({ at, bytes: Buffer.from(part, 'base64') });
        const received = at + (parts.at(-1)?.bytes.length ?? 0);
        const release = {
          version: '0.3.0',
          bytes: whole,
          builtAt: '2026-11-24T00:00:00.000Z',
          beside: 'newer' as const,
        };
        return await Promise.resolve({ received, ...(received === whole ? { release } : {}) });
      },
    },
  });
  const { stdout, code } = await run('updates', 'add', path);
  t.is(code, 0);
  t.is(stdout, 'Release 0.3.0 was added. Install it with: understudy updates install 0.3.0\n');
  t.deepEqual(
    parts.map(({ at }) => at),
    [0, MAX_PART_BYTES, 2 * MAX_PART_BYTES],
  );
  t.deepEqual(Buffer.concat(parts.map((one) => one.bytes)), bytes);
  const missing = await run('updates', 'add', '/nowhere/x');
  t.is(missing.code, 2);
  await writeFile(path, '');
  t.is((await run('updates', 'add', path)).code, 2, 'an empty file is none');
});

test('a list is looked at, one of it fetched, and the end of that waited for', async (t) => {
  const builtAt = '2026-11-24T00:00:00.000Z';
  const source = 'https://example.org/releases.json';
  const release = { version: '0.3.0', bytes: 7, builtAt, beside: 'newer' as const };
  let online: NonNullable<Updates['online']> = { source, releases: [] };
  let kept = SEEN.releases;
  const asked: string[] = [];
  let looks = 0;
  const { run } = await startCliBench(t, {
    updates: {
      view: () => {
        const { fetching, ...idle } = online;
        if (fetching !== undefined && (looks += 1) > 1) online = idle;
        return { ...SEEN, releases: kept, online };
      },
      lookOnline: async () => {
        online = { source, lookedAt: builtAt, releases: [{ ...release, kept: false }] };
        return await Promise.resolve();
      },
      fetchOnline: (version, user) => {
        asked.push(version, user);
        online = { ...online, fetching: { version, received: 0, bytes: 7 } };
        if (version === '0.4.0') online = { ...online, problem: 'Its signature is wrong.' };
        else kept = [release];
      },
    },
  });
  t.is((await run('updates', 'look')).stdout, `${source} has 1 release.\n0.3.0, newer, 7 bytes\n`);
  t.is(
    (await run('updates', 'fetch', '0.3.0')).stdout,
    'Release 0.3.0 is here. Install it with: understudy updates install 0.3.0\n',
  );
  t.is(looks, 2, 'it was waited for');
  const failed = await run('updates', 'fetch', '0.4.0');
  t.deepEqual([failed.code, failed.stderr], [1, 'understudy: Its signature is wrong.\n']);
  t.deepEqual(asked, ['0.3.0', 'script', '0.4.0', 'script']);
});

test('installing, other servers, stopping and removing; refusals in the words of the server', async (t) => {
  const asked: unknown[] = [];
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf({ id: 'id-hall', name: 'Hall' })] },
    updates: {
      view: () => SEEN,
      install: async (version) => {
        asked.push(version);
        await Promise.resolve();
        if (version === '0.1.0') throw new UnderstudyError('conflict', 'updates/older', 'It is not newer.');
      },
      updateServers: async (order, { name }) => {
        asked.push(order, name);
        await Promise.resolve();
      },
      breakOff: (user) => void asked.push(user),
      remove: async (version) => {
        asked.push(version);
        await Promise.resolve();
      },
    },
  });
  t.regex(
    (await run('updates', 'install', '0.3.0')).stdout,
    /^Release 0\.3\.0 is being installed; the server restarts/,
  );
  const refused = await run('updates', 'install', '0.1.0');
  t.is(refused.code, 1);
  t.is(refused.stderr, 'understudy: It is not newer.\n');
  t.is((await run('updates', 'servers', '0.2.0', 'Hall')).code, 0);
  t.is((await run('updates', 'stop')).code, 0);
  t.is((await run('updates', 'remove', '0.3.0')).stdout, 'Release 0.3.0 is kept no more.\n');
  t.deepEqual(asked, ['0.3.0', '0.1.0', { version: '0.2.0', serverIds: ['id-hall'] }, 'script', 'script', '0.3.0']);
});

test('a key, and a release of a folder that a server can open; nothing is written over', async (t) => {
  const folder = await tempDir(t);
  const [key, out, tree] = [join(folder, 'key'), join(folder, 'out.release'), join(folder, 'tree')];
  await mkdir(join(tree, 'dist'), { recursive: true });
  t.regex((await understudy('release', 'key', key)).stdout, /^Key [0-9a-f]{16}: .* signs releases/);
  t.is((await stat(key)).mode & 0o777, 0o600);
  t.is((await understudy('release', 'key', key)).code, 2);
  const make = async () => await understudy('release', 'make', tree, '--key', key, '--out', out);
  t.regex((await make()).stderr, /holds no dist\/supervisor\.js/);
  await writeFile(join(tree, 'dist', 'supervisor.js'), '//');
  t.regex((await make()).stderr, /holds no package\.json that names version and engines\.node/);
  await writeFile(join(tree, 'package.json'), '{"version":"0.3.0","engines":{"node":">=24.21.0"}}');
  t.regex((await make()).stdout, /^Release 0\.3\.0 with 2 files is in /);
  t.regex((await make()).stderr, /is there already/);
  const list = async (pub: string) => await understudy('release', 'list', folder, '--key', pub);
  t.is((await list(`${key}.pub`)).stdout, `${folder}/releases.json lists 0.3.0. Put the folder on a web server.\n`);
  const [listed] = readReleaseList(await readFile(join(folder, 'releases.json'), 'utf8'), 'http://192.0.2.1/a/');
  t.like(listed, { version: '0.3.0', file: 'http://192.0.2.1/a/out.release', bytes: (await stat(out)).size });
  await understudy('release', 'key', `${key}2`);
  t.regex((await list(`${key}2.pub`)).stderr, /out\.release is signed by another key than /);
  t.is((await list(join(tree, 'package.json'))).code, 2);
  t.regex((await understudy('release', 'list', tree, '--key', key)).stderr, /holds no file that ends in \.release/);
  await copyFile(out, join(folder, 'a b#1.release'));
  t.regex((await list(`${key}.pub`)).stderr, /holds 0\.3\.0 twice/);
  await rm(out);
  await list(`${key}.pub`);
  const [renamed] = readReleaseList(await readFile(join(folder, 'releases.json'), 'utf8'), 'http://192.0.2.1/a/');
  t.is(renamed?.file, 'http://192.0.2.1/a/a%20b%231.release');
  await rename(join(folder, 'a b#1.release'), out);
  const opened = await openRelease(out, [issuerOf(await readFile(`${key}.pub`, 'utf8'))]);
  await checkBody(opened);
  t.like(opened.release, { version: '0.3.0', node: '24.21.0' });
});
