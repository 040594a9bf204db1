import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createPlacesCheck } from '../../src/control/failover-places.ts';
import type { ChangedPlaces } from '../../src/control/failover-places.ts';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { failoverChangeSchema } from '../../src/site/failover-settings.ts';
import { memorySettings } from '../support/memory-settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const check = createPlacesCheck({ settings: memorySettings({ volumes: ['v1', 'v2'] }), clock: systemClock });

async function isRefused(t: ExecutionContext, change: ChangedPlaces, words: RegExp): Promise<void> {
  const error = await t.throwsAsync(check(change), { instanceOf: UnderstudyError });
  t.regex(`${error?.code ?? ''} ${error?.message ?? ''}`, words);
}

test('a folder that can be written to is taken, and made where it is new', async (t) => {
  const folder = await tempDir(t);
  await check({ backupDirectory: folder });
  await check({ backupDirectory: join(folder, 'backups') });
  t.true((await stat(join(folder, 'backups'))).isDirectory());
  await check({ backupDirectory: null });
  await check({});
});

test('what is no folder, lies below none, or may not be written to is refused, each in its own words', async (t) => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'file'), '');
  await isRefused(
    t,
    { backupDirectory: join(folder, 'gone', 'backups') },
    /^failover\/directory Settings backups cannot be kept in .*: the folder above it does not exist\. Name a folder/,
  );
  await t.throwsAsync(stat(join(folder, 'gone')));
  await isRefused(t, { backupDirectory: join(folder, 'file') }, /: it is no folder\./);
  await isRefused(t, { backupDirectory: join(folder, 'file', 'x') }, /: something above it is no folder\./);
  await isRefused(t, { backupDirectory: '/proc/backups' }, /^failover\/directory /);
  if (process.getuid?.() === 0) return;
  await mkdir(join(folder, 'closed'));
  await chmod(join(folder, 'closed'), 0o500);
  await isRefused(t, { backupDirectory: join(folder, 'closed') }, /: this server may not write there\./);
});

test('only a path from the root is one', (t) => {
  for (const backupDirectory of ['backups', './x', '', 'C:\\x', '/a\0b'])
    t.regex(
      failoverChangeSchema.safeParse({ backupDirectory }).error?.issues[0]?.message ?? '',
      /^Expected an absolute path/,
      backupDirectory,
    );
  t.true(failoverChangeSchema.safeParse({ backupDirectory: '/volume1/backups' }).success);
});

test('only volumes of this server hold what it records for others', async (t) => {
  await check({ storeVolumeIds: ['v2', 'v1'] });
  await check({ storeVolumeIds: [] });
  await isRefused(t, { storeVolumeIds: ['v1', 'v9'] }, /^failover\/volume This server has no volume with the id v9\./);
});
