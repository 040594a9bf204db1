/** The checker names every missing, doubled, reordered and altered access unit, and believes no ledger blindly. */
import test from 'ava';
import { loadScene } from '../../src/simulator/assets.ts';
import { accessUnitAt } from '../../src/simulator/camera-model.ts';
import { checkRecording, compareWithLedger, minus } from '../../src/simulator/check.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import { forSeeds } from '../support/seeded-random.ts';

const expectation = { cameraId: 'cam-1', stream: 'main', codec: 'h264' } as const;
const { main } = await loadScene(0);
const unit = (counter: number, cameraId = 'cam-1'): RecordedUnit => ({
  nals: accessUnitAt({ cameraId, stream: 'main', origin: 0 }, main, counter).nals,
  place: `a.mp4 sample ${counter}`,
});

test('a whole recording has nothing to name', (t) => {
  const report = checkRecording(
    [10, 11, 12, 13].map((counter) => unit(counter)),
    expectation,
  );
  t.like(report, { accessUnits: 4, first: 10, last: 13, missing: [], doubled: [], reordered: [], altered: [] });
});

test('missing, doubled, reordered, altered and foreign ones are named', (t) => {
  const bent = unit(20);
  const altered = {
    ...bent,
    nals: bent.nals.map((nal, at) =>
      at === bent.nals.length - 1 ? nal.map((byte, index) => (index === 5 ? byte ^ 8 : byte)) : nal,
    ),
  };
  const units = [
    unit(10),
    unit(11),
    unit(14),
    unit(13),
    unit(14),
    altered,
    unit(21, 'cam-2'),
    { nals: [], place: 'x' },
    unit(22),
  ];
  const report = checkRecording(units, expectation);
  t.deepEqual(report.missing, [
    { from: 12, to: 13 },
    { from: 15, to: 22 },
  ]);
  t.deepEqual(report.doubled, [14]);
  t.deepEqual(report.reordered, [13]);
  t.deepEqual(
    report.altered.map(({ kind }) => kind),
    ['altered', 'foreign', 'unstamped'],
  );
});

test('a hole that is booked is fine, a silent hole and an invented gap are not', (t) => {
  const schedule = { origin: 1000, frameMs: 40 };
  const compare = (missing: { from: number; to: number }[], gaps: { start: number; end: number; cause: string }[]) =>
    compareWithLedger(missing, gaps, schedule, 80).map(({ kind }) => kind);
  const hole = { from: 100, to: 150 };
  t.deepEqual(compare([hole], [{ start: 5000, end: 7000, cause: 'camera-stalled' }]), []);
  t.deepEqual(compare([hole], []), ['silent']);
  t.deepEqual(compare([hole], [{ start: 5000, end: 6000, cause: 'camera-stalled' }]), ['silent']);
  t.deepEqual(
    compare(
      [hole],
      [
        { start: 5000, end: 6000, cause: 'network-loss' },
        { start: 6000, end: 7000, cause: 'camera-stalled' },
      ],
    ),
    [],
  );
  t.deepEqual(
    compare(
      [hole],
      [
        { start: 5000, end: 7000, cause: 'camera-stalled' },
        { start: 20_000, end: 21_000, cause: 'overload' },
      ],
    ),
    ['unreal'],
  );
});

test('what was sent less what was recorded', (t) => {
  const recorded = new Set([1, 2, 3, 7, 8]);
  t.deepEqual(minus([{ from: 1, to: 10 }], recorded), [
    { from: 4, to: 7 },
    { from: 9, to: 10 },
  ]);
});

test('random bytes as segments do not throw', (t) => {
  forSeeds(500, (random) => {
    const bytes = random.bytes(random.int(0, 300));
    const names = ['moof', 'mdat', 'moov', 'ftyp'];
    if (bytes.length > 20) {
      Buffer.from(bytes.buffer).writeUInt32BE(random.int(8, bytes.length), 0);
      Buffer.from(bytes.buffer).write(random.pick(names), 4, 'latin1');
    }
    readSegment(bytes, 'random');
  });
  t.pass();
});
