/** Backup and restore of settings by command, against a real API. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { startCliBench } from '../support/cli-bench.ts';
import { tempDir } from '../support/temp-dir.ts';

test('settings go into a new file, are shown against what there is, and put back with the name as confirmation', async (t) => {
  const { api, run, fileWith } = await startCliBench(t);
  const passphraseFile = await fileWith('a passphrase for the file\n');
  const passphrase = ['--passphrase-file', passphraseFile];
  const file = join(await tempDir(t, 'settings'), 'attic.backup');
  const made = await run('settings', 'backup', file, ...passphrase);
  t.is(made.code, 0, made.stderr);
  t.is((await stat(file)).mode & 0o777, 0o600);
  const again = await run('settings', 'backup', file, ...passphrase);
  t.is(again.code, 2);
  t.regex(again.stderr, /is there already/);
  await api.settings.server.update((now) => ({ ...now, name: 'Cellar', openMetrics: true }));
  const shown = await run('settings', 'restore', file, ...passphrase);
  t.is(shown.code, 0, shown.stderr);
  t.regex(shown.stdout, /^Name: Cellar becomes Attic\.$/m);
  t.regex(shown.stdout, /^Other settings that change: openMetrics\.$/m);
  t.regex(shown.stdout, /^Nothing was changed\..*--confirm 'Cellar'/m);
  t.is(api.settings.server.get().name, 'Cellar');
  const done = await run('settings', 'restore', file, ...passphrase, '--confirm', 'Cellar');
  t.regex(done.stdout, /^The settings were restored\.$/m);
  t.is(api.settings.server.get().name, 'Attic');
  const wrong = await run('settings', 'restore', file, '--passphrase-file', await fileWith('another passphrase'));
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /does not open this backup/);
  const bytes = await readFile(file);
  bytes[70] = (bytes[70] ?? 0) ^ 1;
  await writeFile(file, bytes);
  t.regex((await run('settings', 'restore', file, ...passphrase)).stderr, /damaged/);
  t.is((await run('settings', 'restore', file)).code, 2);
});
