import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { openOwedAccounts } from '../../src/control/owed-accounts.ts';
import type { OwedAccountsDeps, OwedGap } from '../../src/control/owed-accounts.ts';
import { MAX_ACCOUNT_GAPS } from '../../src/wire/parse-footage.ts';
import { tempDir } from '../support/temp-dir.ts';

const gap = (start: number, end: number): OwedGap => ({
  cameraId: 'cam-1',
  stream: 'main',
  start,
  end,
  cause: 'deleted',
  detail: 'on order',
});

test('what is owed is told once, also after a restart, and stays while nobody takes it', async (t) => {
  const path = join(await tempDir(t), 'owed.json');
  const told: OwedGap[][] = [];
  let isThere = false;
  const request: OwedAccountsDeps['request'] = async (_id, _method, { gaps }) => {
    if (!isThere) throw new Error('not connected');
    told.push([...gaps]);
    return await Promise.resolve({});
  };
  const first = openOwedAccounts({ path, request, log: silentLog });
  first.owe('server', [gap(2000, 3000), gap(0, 1000), gap(1040, 2000)]);
  await first.settle('server');
  t.deepEqual(told, []);
  isThere = true;
  const second = openOwedAccounts({ path, request, log: silentLog });
  await second.settle('another');
  await second.settle('server');
  await second.settle('server');
  t.deepEqual(told, [[gap(0, 3000)]], 'groups that follow each other are one gap');
});

test('more gaps than one message may hold are told in several', async (t) => {
  const told: number[] = [];
  const owed = openOwedAccounts({
    path: join(await tempDir(t), 'owed.json'),
    request: async (_id, _method, { gaps }) => await Promise.resolve(told.push(gaps.length)),
    log: silentLog,
  });
  owed.owe(
    'server',
    Array.from({ length: MAX_ACCOUNT_GAPS + 1 }, (_, index) => gap(index * 1000, index * 1000 + 10)),
  );
  await owed.settle('server');
  t.deepEqual(told, [MAX_ACCOUNT_GAPS, 1]);
});

test('a file that cannot be read owes nothing', async (t) => {
  const path = join(await tempDir(t), 'owed.json');
  await writeFile(path, '{"server": [{"start": "x"}]');
  const owed = openOwedAccounts({
    path,
    request: async () => await Promise.reject(new Error('asked')),
    log: silentLog,
  });
  await t.notThrowsAsync(owed.settle('server'));
});
