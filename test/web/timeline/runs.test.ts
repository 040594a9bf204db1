import test from 'ava';
import * as fc from 'fast-check';
import {
  appendRecorded,
  footageAfter,
  gapFrom,
  joinDays,
  runAt,
  runsOfDay,
  type Run,
} from '../../../web/src/timeline/runs.ts';

const recorded = (start: number, end: number): Run => ({ start, end, state: 0, cause: undefined });
const missing = (start: number, end: number, cause = 'camera-stalled'): Run => ({ start, end, state: 3, cause });

test('run lists of the API become sorted runs with their causes', (t) => {
  const runs = runsOfDay(
    1000,
    {
      recorded: [
        [0, 10, 0],
        [20, 30, 1],
      ],
      missing: [[10, 20, 1]],
      away: [[30, 35, 0]],
    },
    { causes: ['volume-full', 'network-loss'], servers: [{ name: 'NAS-2' }] },
  );
  t.deepEqual(
    runs.map(({ start, end, state, cause }) => [start, end, state, cause]),
    [
      [1000, 1010, 0, undefined],
      [1010, 1020, 3, 'network-loss'],
      [1020, 1030, 1, undefined],
      [1030, 1035, 4, 'NAS-2'],
    ],
  );
});

test('footage just recorded lengthens the last run; after a pause it begins a new one', (t) => {
  const grown = appendRecorded([recorded(0, 10_000)], 10_000, 11_000);
  t.deepEqual(grown, [recorded(0, 11_000)]);
  t.deepEqual(appendRecorded(grown, 60_000, 61_000), [recorded(0, 11_000), recorded(60_000, 61_000)]);
  t.is(appendRecorded(grown, 5000, 6000), grown);
});

test('what a failover server records from now on is a run of its own behind that of the owner', (t) => {
  const covered = appendRecorded([recorded(0, 10_000)], 11_000, 12_000, 1);
  t.deepEqual(covered, [recorded(0, 10_000), { ...recorded(11_000, 12_000), state: 1 }]);
  t.deepEqual(appendRecorded(covered, 12_000, 13_000, 1).at(-1), { ...recorded(11_000, 13_000), state: 1 });
  // Both record for a moment when the owner is back: what is there already stays.
  t.deepEqual(appendRecorded(covered, 11_500, 12_500, 0).slice(1), [
    { ...recorded(11_000, 12_000), state: 1 },
    recorded(12_000, 12_500),
  ]);
});

test('footage of what was held missing or unknown takes its place', (t) => {
  const away: Run = { start: 0, end: 10_000, state: 4, cause: 'NAS-2' };
  t.deepEqual(appendRecorded([away], 4000, 5000), [
    { ...away, end: 4000 },
    recorded(4000, 5000),
    { ...away, start: 5000 },
  ]);
});

test('events in any order keep the runs sorted and free of overlap', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(500), fc.constantFrom(0, 1)), { maxLength: 60 }), (seconds) => {
      let runs: readonly Run[] = [];
      for (const [second, by] of seconds)
        runs = appendRecorded(runs, second * 1000, second * 1000 + 1000, by === 0 ? 0 : 1);
      return runs.every(
        (run, index) => run.end > run.start && (index === 0 || run.start >= (runs[index - 1]?.end ?? 0)),
      );
    }),
    { seed: 5 },
  );
  t.pass();
});

test('the next and the previous gap are found over all cameras', (t) => {
  const all = [[missing(100, 110), recorded(110, 500), missing(500, 501)], [missing(300, 301)]];
  t.is(gapFrom(all, 100, 1)?.start, 300);
  t.is(gapFrom(all, 301, 1)?.start, 500);
  t.is(gapFrom(all, 300, -1)?.start, 100);
  t.is(gapFrom(all, 100, -1), undefined);
});

test('where nothing is recorded, playback goes on at the first camera that has footage', (t) => {
  t.is(
    footageAfter(
      [
        [missing(0, 100), recorded(100, 200)],
        [missing(0, 80), recorded(80, 200)],
      ],
      50,
    ),
    80,
  );
  t.is(footageAfter([[missing(0, 100)]], 50), undefined);
});

test('the run at a time is half open, and a run across midnight is one', (t) => {
  const runs = joinDays([[recorded(0, 100)], [recorded(100, 150), missing(150, 160)]]);
  t.deepEqual(runs, [recorded(0, 150), missing(150, 160)]);
  t.is(runAt(runs, 150)?.state, 3);
  t.is(runAt(runs, 160), undefined);
});
