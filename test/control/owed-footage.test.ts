import test from 'ava';
import type { SegmentRow } from '../../src/archive/catalogue-types.ts';
import { owedFootage, refuseOwedVolume, sizeOfOwed, wordsOfOwed } from '../../src/control/owed-footage.ts';
import type { OwedFootage, OwedFootageDeps } from '../../src/control/owed-footage.ts';
import { owedBy } from '../../src/cover/owed.ts';
import type { CoveredFootage } from '../../src/cover/cover-types.ts';
import { OWN_ID, serverIdOf } from '../support/memory-settings.ts';

const [HALL, BARN] = [serverIdOf(11), serverIdOf(12)];
const nameOf = (id: string): string => (id === HALL ? 'Hall' : 'Barn');

type Row = Pick<SegmentRow, 'cameraId' | 'volumeId' | 'start' | 'end' | 'bytes' | 'open'> & {
  readonly serverId?: string;
};
const rowOf = ({ serverId = OWN_ID, ...row }: Row): SegmentRow =>
  ({ ...row, serverId, stream: 'main', path: `${row.cameraId}/${row.start}.mp4` }) as unknown as SegmentRow;
const coverOf = (cameraId: string, more: Partial<CoveredFootage> = {}): CoveredFootage => ({
  id: `cover-${cameraId}`,
  serverId: HALL,
  cameraId,
  stream: 'main',
  epoch: 2,
  from: 100_000,
  to: 200_000,
  kept: false,
  ...more,
});

function depsOf(rows: readonly SegmentRow[], covers: readonly CoveredFootage[], keptBefore?: number): OwedFootageDeps {
  const owners = new Map([['cam-old', BARN]]);
  const box = { serverId: OWN_ID, ownCameraIds: new Set(['cam-mine']) };
  const keys = new Map(rows.map((row) => [`${row.cameraId}/${row.volumeId}`, row]));
  return {
    cover: {
      covered: () => covers,
      owed: () => owedBy({ covered: () => covers, keptBefore: () => keptBefore }, box, owners),
    },
    serverOf: (cameraId) => owners.get(cameraId),
    catalogue: {
      segments: {
        totals: () =>
          [...keys.values()].map(({ cameraId, stream, volumeId }) => ({
            cameraId,
            stream,
            volumeId,
            segments: 1,
            bytes: 1,
          })),
        oldest: ({ cameraId }, volumeId) =>
          rows.filter((row) => row.cameraId === cameraId && row.volumeId === volumeId && !row.open),
        openOnes: () => rows.filter(({ open }) => open),
      },
    },
  };
}

test('what is owed is summed by server and volume: closed, open, and from before a lost index; ring, kept and own footage is not', (t) => {
  const base = { bytes: 1_000_000, open: false };
  const rows = [
    { ...base, cameraId: 'cam-a', volumeId: 'vol-1', start: 110_000, end: 170_000 },
    { ...base, cameraId: 'cam-a', volumeId: 'vol-1', start: 170_000, end: 190_000, open: true },
    { ...base, cameraId: 'cam-a', volumeId: 'vol-2', start: 100_000, end: 110_000 },
    { ...base, cameraId: 'cam-a', volumeId: 'vol-1', start: 500_000, end: 510_000 },
    { ...base, cameraId: 'cam-b', volumeId: 'vol-1', start: 110_000, end: 170_000 },
    { ...base, cameraId: 'cam-old', volumeId: 'vol-1', start: 1000, end: 2000 },
    { ...base, cameraId: 'cam-mine', volumeId: 'vol-1', start: 110_000, end: 170_000 },
    { ...base, cameraId: 'cam-a', volumeId: 'vol-1', start: 120_000, end: 130_000, serverId: HALL },
  ].map(rowOf);
  const owed = owedFootage(depsOf(rows, [coverOf('cam-a'), coverOf('cam-b', { kept: true })], 50_000));
  t.deepEqual(owed, [
    { serverId: HALL, volumeId: 'vol-1', files: 2, bytes: 2_000_000 },
    { serverId: HALL, volumeId: 'vol-2', files: 1, bytes: 1_000_000 },
    { serverId: BARN, volumeId: 'vol-1', files: 1, bytes: 1_000_000 },
  ]);
  t.is(wordsOfOwed(owed, nameOf), '3 files (3.0 MB) of Hall and 1 file (1.0 MB) of Barn');
  t.deepEqual(owedFootage(depsOf(rows, [])), []);
});

test('a volume with footage that is owed is not forgotten, unless its path confirms it', (t) => {
  const owed = (): readonly OwedFootage[] => [{ serverId: HALL, volumeId: 'vol-1', files: 3, bytes: 12_400_000 }];
  const volume = { id: 'vol-1', path: '/srv/store' };
  for (const confirm of [undefined, '', '/srv/other', 'vol-1'])
    t.throws(() => refuseOwedVolume(volume, confirm, { owed, nameOf }), {
      code: 'volume/owed',
      message:
        /^\/srv\/store holds 3 files \(12\.4 MB\) of Hall, .*understudy restoration list.*confirm with the path \/srv\/store/,
    });
  t.notThrows(() => refuseOwedVolume(volume, '/srv/store', { owed, nameOf }));
  t.notThrows(() => refuseOwedVolume({ id: 'vol-2', path: '/srv/free' }, undefined, { owed, nameOf }));
});

test('what is owed is told in the unit that fits it', (t) => {
  const words = [12_400_000, 999_900_000, 18_342_700_000, 3_100_000_000_000].map((bytes) =>
    sizeOfOwed([{ files: 2, bytes }]),
  );
  t.deepEqual(words, ['2 files (12.4 MB)', '2 files (999.9 MB)', '2 files (18.3 GB)', '2 files (3.1 TB)']);
});
