/** The index of covered footage in a real settings file: durable, bounded, and no obstacle when the disk refuses. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { createCoverIndex } from '../../src/cover/cover-index.ts';
import { coversFileSchema, MAX_COVERED, NO_COVERS } from '../../src/cover/cover-types.ts';
import type { CoversFile } from '../../src/cover/cover-types.ts';
import { openSettingsFile } from '../../src/settings/settings-file.ts';
import type { SettingsFile } from '../../src/settings/settings-file.ts';
import { tempDir } from '../support/temp-dir.ts';
import { R1, R2 } from './cover-rig.ts';

const A = { serverId: R1, cameraId: 'a', stream: 'main', epoch: 2, from: 1000 } as const;

async function open(folder: string): Promise<SettingsFile<CoversFile>> {
  const path = join(folder, 'covers.json');
  const options = { path, schema: coversFileSchema, migrations: [], initial: NO_COVERS, clock: systemClock };
  return (await openSettingsFile<CoversFile>({ ...options, budget: new Map() })).file;
}
async function pair(t: ExecutionContext) {
  const folder = await tempDir(t, 'covers');
  const file = await open(folder);
  return { folder, index: createCoverIndex(file, silentLog) };
}

test('what was covered and what is kept ready is there after a restart', async (t) => {
  const { folder, index } = await pair(t);
  index.setStandby(R1, [{ cameraId: 'a', level: 'hot' }]);
  index.setStandby(R2, [{ cameraId: 'b', level: 'warm' }]);
  index.setStandby(R2, []);
  index.begin(A);
  index.begin({ ...A, stream: 'sub' });
  index.begin({ ...A, epoch: 4, from: 5000 });
  index.end(R1, [{ cameraId: 'a', stream: 'sub' }], 9000);
  await index.saved();
  const again = createCoverIndex(await open(folder), silentLog);
  t.deepEqual(again.standby(), [{ serverId: R1, cameras: [{ cameraId: 'a', level: 'hot' }] }]);
  t.deepEqual(again.covered(), index.covered());
  t.deepEqual(
    again.covered().map(({ stream, epoch, from, to }) => [stream, epoch, from, to]),
    [
      ['main', 4, 1000, undefined],
      ['sub', 2, 1000, 9000],
    ],
  );
  await again.settle(again.covered().map(({ id }) => id));
  t.deepEqual(
    again.covered().map(({ stream }) => stream),
    ['main'],
    'what goes on is not settled',
  );
  const text = await readFile(join(folder, 'covers.json'), 'utf8');
  t.false(text.includes('"sub"'));
});

test('a clock that was set back gives no range that ends before it begins', async (t) => {
  const { index } = await pair(t);
  index.begin(A);
  index.end(R1, undefined, 10);
  t.like(index.covered()[0], { from: 1000, to: 1000 });
});

test('beyond the bound, where no two are of one stream, the oldest closed one is forgotten, never one that goes on', (t) => {
  let saved: CoversFile = NO_COVERS;
  const update = async (change: (file: CoversFile) => CoversFile) => await Promise.resolve((saved = change(saved)));
  const covered = Array.from({ length: MAX_COVERED }, (_, at) => ({
    ...A,
    id: `cover-${at}`,
    cameraId: `c${at}`,
    from: at,
    ...(at === 0 ? {} : { to: at + 1 }),
  }));
  const index = createCoverIndex({ get: () => ({ standby: [], covered }), update }, silentLog);
  index.begin({ ...A, cameraId: 'b' });
  const ids = index.covered().map(({ id }) => id);
  t.is(ids.length, MAX_COVERED);
  t.true(ids.includes('cover-0'));
  t.false(ids.includes('cover-1'));
});

test('a disk that refuses keeps nothing from being covered; the next change writes all of it', async (t) => {
  let refuses = true;
  let saved: CoversFile = NO_COVERS;
  const index = createCoverIndex(
    {
      get: () => saved,
      update: async (change) => {
        await Promise.resolve();
        if (refuses) throw new Error('no space');
        saved = change(saved);
        return saved;
      },
    },
    silentLog,
  );
  index.begin(A);
  await index.saved();
  t.is(index.covered().length, 1);
  t.is(saved.covered.length, 0);
  refuses = false;
  index.begin({ ...A, cameraId: 'b' });
  await index.saved();
  t.is(saved.covered.length, 2);
});

test('beyond the bound two covers of a stream become one, and no end of a restoration settles both', async (t) => {
  let saved: CoversFile = NO_COVERS;
  const update = async (change: (file: CoversFile) => CoversFile) => await Promise.resolve((saved = change(saved)));
  const covered = Array.from({ length: MAX_COVERED }, (_, at) => ({
    ...A,
    id: `cover-${at}`,
    cameraId: at % 2 === 0 ? 'a' : 'b',
    from: at * 10,
    to: at * 10 + 5,
  }));
  const index = createCoverIndex({ get: () => ({ standby: [], covered }), update }, silentLog);
  const before = index.covered();
  index.begin({ ...A, cameraId: 'b', from: 1e6 });
  t.is(index.covered().length, MAX_COVERED);
  const isIn = (one: { cameraId: string; from: number; to: number | undefined }): boolean =>
    index
      .covered()
      .some(({ cameraId, from, to = 0 }) => cameraId === one.cameraId && from <= one.from && to >= (one.to ?? 0));
  t.true(before.every(isIn), 'nothing is forgotten');
  await index.settle(['cover-0', 'cover-2']);
  t.true(isIn({ cameraId: 'a', from: 0, to: 25 }));
});

test('kept footage says so, and a lost file is remembered over the next starts', async (t) => {
  const { folder, index } = await pair(t);
  index.begin(A);
  index.begin({ ...A, cameraId: 'b' });
  index.end(R1, [{ cameraId: 'a', stream: 'main' }], 9000);
  await index.keep(index.covered().map(({ id }) => id));
  const lost = createCoverIndex(await open(folder), silentLog, 77_000);
  await lost.saved();
  const again = createCoverIndex(await open(folder), silentLog);
  t.deepEqual(
    again.covered().map(({ cameraId, kept }) => [cameraId, kept]),
    [
      ['a', true],
      ['b', false],
    ],
  );
  t.is(again.keptBefore(), 77_000);
});
