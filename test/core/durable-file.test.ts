import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { backupOf, removeIfThere, replaceFile, replaceFileSync, TEMPORARY_FILE } from '../../src/core/durable-file.ts';
import { tempDir } from '../support/temp-dir.ts';

test('a file is replaced whole, and the generation before is kept where it is wanted', async (t) => {
  const folder = await tempDir(t, 'durable');
  const path = join(folder, 'settings.json');
  await replaceFile(path, 'one', true);
  await replaceFile(path, 'two', true);
  t.is(await readFile(backupOf(path), 'utf8'), 'one');
  await replaceFile(path, 'three', false);
  t.is(await readFile(path, 'utf8'), 'three');
  t.is(await readFile(backupOf(path), 'utf8'), 'one');
  t.deepEqual(
    (await readdir(folder)).filter((name) => TEMPORARY_FILE.test(name)),
    [],
  );
});

test('a file replaced at once is for its owner only, and what a crash left of a longer one does not shine through', async (t) => {
  const path = join(await tempDir(t, 'durable'), 'orders.json');
  await writeFile(`${path}.new`, 'what a crash left, and longer than what comes');
  replaceFileSync(path, 'orders');
  t.is(await readFile(path, 'utf8'), 'orders');
  replaceFileSync(path, 'later');
  t.is(await readFile(path, 'utf8'), 'later');
  t.is((await stat(path)).mode & 0o777, 0o600);
});

test('a file that cannot be replaced stays as it is', async (t) => {
  const folder = await tempDir(t, 'durable');
  const gone = join(folder, 'gone', 'file');
  await t.throwsAsync(replaceFile(gone, 'text', true), { code: 'ENOENT' });
  t.throws(() => replaceFileSync(gone, 'text'), { code: 'ENOENT' });
  t.deepEqual(await readdir(folder), []);
});

test('removing what is not there is no error', async (t) => {
  await t.notThrowsAsync(removeIfThere(join(await tempDir(t, 'durable'), 'nothing')));
});
