import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { releaseLine } from '../../src/updates/release-file.ts';
import type { Release } from '../../src/updates/release-file.ts';
import { makeRelease } from '../../src/updates/release-maker.ts';
import { checkBody, openRelease, unpackRelease } from '../../src/updates/release-reader.ts';
import { createIssuer } from '../support/licences.ts';
import { codeOf } from '../support/is-refused.ts';
import { makeTestRelease, serverFiles } from '../support/releases.ts';
import { mutate } from '../support/mutate.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const filesBelow = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test('what was packed comes out as it was, and twice the same', async (t) => {
  const issuer = createIssuer();
  const one = await makeTestRelease(t, { issuer });
  const two = await makeTestRelease(t, { issuer });
  t.deepEqual(await readFile(one.path), await readFile(two.path));
  const opened = await openRelease(one.path, [issuer]);
  t.is(opened.bytes, (await readFile(one.path)).length);
  await checkBody(opened);
  const folder = join(await tempDir(t), 'unpacked');
  await unpackRelease(opened, folder);
  t.deepEqual(await filesBelow(folder), Object.keys(serverFiles('0.2.0')).sort());
  for (const [path, text] of Object.entries(serverFiles('0.2.0')))
    t.is(await readFile(join(folder, path), 'utf8'), text, path);
});

test('what nobody needs to run it is not packed', async (t) => {
  const { release } = await makeTestRelease(t, {
    files: {
      'a.js': '1',
      'a.d.ts': '2',
      'a.js.map': '3',
      'README.md': '4',
      '.env': '5',
      '.git/config': '6',
      LICENSE: '7',
    },
  });
  t.deepEqual(
    release.files.map(({ path }) => path),
    ['LICENSE', 'a.js'],
  );
});

test('a folder that is a link is packed as what it links to', async (t) => {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'tree', 'node_modules'), { recursive: true });
  await mkdir(join(folder, 'beside'));
  await writeFile(join(folder, 'beside', 'index.js'), '1');
  await symlink('../../beside', join(folder, 'tree', 'node_modules', 'name'));
  const head = { version: '0.2.0', node: '24.0.0', builtAt: '2026-11-24T00:00:00.000Z' };
  const { privateKey: key } = createIssuer();
  const { files } = await makeRelease({ ...head, key, folder: join(folder, 'tree'), out: join(folder, 'x.release') });
  t.deepEqual(
    files.map(({ path }) => path),
    ['node_modules/name/index.js'],
  );
});

test('a line of more than 64 KiB is found', async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 1500 }, (_, index) => [`dist/some/file-${index}.js`, `${index}`]),
  );
  const { path, issuer } = await makeTestRelease(t, { files });
  t.is((await openRelease(path, [issuer])).release.files.length, 1500);
});

test('any damage is found before anything is believed, and nothing is left of it', async (t) => {
  const { path, issuer } = await makeTestRelease(t);
  const whole = await readFile(path);
  const folder = await tempDir(t);
  for (let seed = 1; seed <= 150; seed += 1) {
    const changed = Buffer.from(mutate(createRandom(seed), whole));
    if (changed.equals(whole)) continue;
    const damagedPath = join(folder, 'damaged.release');
    await writeFile(damagedPath, changed);
    const opened = await openRelease(damagedPath, [issuer]).catch((error: { code: string }) => error.code);
    if (typeof opened === 'string') {
      t.regex(opened, /^updates\/(format|signature|key)$/, `seed ${seed}`);
      continue;
    }
    t.is(await codeOf(checkBody(opened)), 'updates/damaged', `seed ${seed}`);
    // Also by somebody who did not ask that.
    const code = await codeOf(unpackRelease(opened, join(folder, 'out')));
    t.true(code === undefined || code === 'updates/damaged', `seed ${seed}: ${code}`);
    if (code !== undefined) t.deepEqual(await readdir(folder), ['damaged.release'], `seed ${seed}`);
    else
      for (const file of await filesBelow(join(folder, 'out')))
        t.is(await readFile(join(folder, 'out', file), 'utf8'), serverFiles('0.2.0')[file] ?? '');
  }
});

/** Signed by the right key, and wrong all the same. */
async function signed(
  t: Parameters<typeof tempDir>[0],
  plain: Uint8Array,
  files: Release['files'],
): Promise<string | undefined> {
  const issuer = createIssuer();
  const folder = await tempDir(t);
  const body = gzipSync(plain);
  const release: Release = {
    format: 1,
    version: '0.2.0',
    builtAt: '2026-11-24T00:00:00.000Z',
    node: '24.0.0',
    body: { bytes: body.length, sha256: sha256(body) },
    files,
  };
  const path = join(folder, 'x.release');
  await writeFile(path, Buffer.concat([Buffer.from(releaseLine(release, issuer.privateKey)), body]));
  return await codeOf(
    openRelease(path, [issuer]).then(async (opened) => await unpackRelease(opened, join(folder, 'out'))),
  );
}

test('more, less and other bytes than the line names are damage; a bomb is none', async (t) => {
  const file = { path: 'a', bytes: 3, sha256: sha256('abc') };
  t.is(await signed(t, Buffer.from('abc'), [file]), undefined);
  t.is(await signed(t, Buffer.from('abcd'), [file]), 'updates/damaged');
  t.is(await signed(t, Buffer.from('ab'), [file]), 'updates/damaged');
  t.is(await signed(t, Buffer.from('abd'), [file]), 'updates/damaged');
  t.is(await signed(t, Buffer.alloc(64 * 1024 * 1024), [file]), 'updates/damaged');
  const none = { path: 'b', bytes: 0, sha256: sha256('') };
  t.is(await signed(t, Buffer.from('abc'), [none, file, { ...none, path: 'c' }]), undefined);
});

test('a folder that cannot be made is told as it is', async (t) => {
  const { path, issuer } = await makeTestRelease(t);
  const opened = await openRelease(path, [issuer]);
  await t.throwsAsync(unpackRelease(opened, join(path, 'below-a-file')), { code: 'ENOTDIR' });
});
