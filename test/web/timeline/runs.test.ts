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
    [
      [0, 10, 0],
      [20, 30, 1],
    ],
    [[10, 20, 1]],
    ['volume-full', 'network-loss'],
  );
  t.deepEqual(
    runs.map(({ start, end, state, cause }) => [start, end, state, cause]),
    [
      [1000, 1010, 0, undefined],
      [1010, 1020, 3, 'network-loss'],
      [1020, 1030, 1, undefined],
    ],
  );
});

test('footage just recorded lengthens the last run; after a pause it begins a new one', (t) => {
  const grown = appendRecorded([recorded(0, 10_000)], 10_000, 11_000);
  t.deepEqual(grown, [recorded(0, 11_000)]);
  t.deepEqual(appendRecorded(grown, 60_000, 61_000), [recorded(0, 11_000), recorded(60_000, 61_000)]);
  t.is(appendRecorded(grown, 5000, 6000), grown);
});

test('events in any order keep the runs sorted and free of overlap', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 60 }), (seconds) => {
      let runs: readonly Run[] = [];
      for (const second of seconds) runs = appendRecorded(runs, second * 1000, second * 1000 + 1000);
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
