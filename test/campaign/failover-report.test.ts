/** The tables and verdicts of the failover campaign, on results made by hand. */
import test from 'ava';
import { expectationOf, FAULTS } from '../support/failover-fault-list.ts';
import { nobodyReady, owedMs, UNWRITTEN_MS } from '../support/failover-losses.ts';
import { lossProblems } from '../support/failover-play.ts';
import type { CameraFigures, PlayResult } from '../support/failover-play.ts';
import { createRandom } from '../support/seeded-random.ts';
import { mergeReports, parseReport, promisesOf, reportText } from './failover-report.ts';
import { missesByFault, quantile, sumOf, targetsOf } from './failover-targets.ts';
import type { Target } from './failover-targets.ts';

const PROMISES = promisesOf(FAULTS);
const camera = (level: CameraFigures['level'], holes: readonly string[], owed?: number): CameraFigures => {
  const lengths = holes.map((hole) => sumOf({ holes: [hole] }));
  return {
    level,
    coveredAfterMs: 1500,
    lostFrames: lengths.reduce((sum, ms) => sum + ms, 0) / 40,
    lostMs: Math.max(0, ...lengths),
    ...(owed === undefined ? {} : { owedMs: owed }),
    holes,
  };
};
const run = (fault: string, more: Partial<PlayResult> = {}): PlayResult => ({
  fault,
  seed: 1,
  lastedMs: 5000,
  suspectedAfterMs: 40,
  covers: 1,
  declared: 0,
  reasons: [],
  cameras: [camera('hot', []), camera('warm', []), camera('cold', [])],
  problems: [],
  ...more,
});
function target(results: readonly PlayResult[], begin: string): Target {
  const found = targetsOf(results, PROMISES).find(({ what }) => what.startsWith(begin));
  if (found === undefined) throw new Error(`no target ${begin}`);
  return found;
}
const byName = (name: string) => {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`no fault ${name}`);
  return fault;
};

test('a freeze lasts 0.8 to 120 s, and what must come of it depends on how long', (t) => {
  const freeze = byName('freeze');
  const random = createRandom(1);
  const lengths = Array.from({ length: 500 }, () => freeze.lasts(random));
  t.true(lengths.every((ms) => ms >= 800 && ms <= 120_000));
  t.true(lengths.some((ms) => ms > 60_000) && lengths.some((ms) => ms < 1600));
  t.deepEqual(
    [700, 1200, 2000, 100_000].map((ms) => expectationOf(freeze, ms)),
    ['nothing', 'either', 'cover', 'cover'],
  );
  t.is(expectationOf(byName('kill-all'), 1), 'cover');
});

test('nobody is ready only while every box is away, from what was unwritten until each could be ready', (t) => {
  const downs = [
    { box: 'R', from: 10_000, to: 30_000 },
    { box: 'F', from: 15_000, to: 20_000 },
  ];
  t.deepEqual(nobodyReady(['R', 'F'], downs), [{ start: 15_000 - UNWRITTEN_MS, end: 20_000 }]);
  t.deepEqual(nobodyReady(['R', 'F', 'G'], downs), [], 'another failover server was well');
  t.deepEqual(nobodyReady(['R', 'F'], downs.slice(0, 1)), []);
  t.deepEqual(nobodyReady([], []), []);
  const twice = [...downs, { box: 'F', from: 19_000, to: 24_000 }];
  t.deepEqual(nobodyReady(['R', 'F'], twice), [{ start: 15_000 - UNWRITTEN_MS, end: 24_000 }], 'not counted twice');
});

test('what is lost beyond that time is owed', (t) => {
  const downs = [
    { box: 'R', from: 10_000, to: 30_000 },
    { box: 'F', from: 15_000, to: 20_000 },
  ];
  t.is(owedMs([{ start: 14_000, end: 19_000 }], ['R', 'F'], downs), 0);
  t.is(owedMs([{ start: 14_000, end: 21_000 }], ['R', 'F'], downs), 1000);
  t.is(
    owedMs(
      [
        { start: 9000, end: 10_000 },
        { start: 14_000, end: 19_000 },
      ],
      ['R', 'F'],
      downs,
    ),
    1000,
  );
  t.is(owedMs([{ start: 14_000, end: 19_000 }], ['R', 'F', 'G'], downs), 5000);
});

test('of a hot camera nothing owed may be lost, of any camera nothing at all when nothing should happen', (t) => {
  const loss = (level: CameraFigures['level'], missing: number, owed: number) => ({
    camera: { level, id: 'c' },
    missing,
    owed,
  });
  t.deepEqual(lossProblems({}, 'cover', loss('hot', 100, 0)), []);
  t.is(lossProblems({}, 'cover', loss('hot', 1, 40)).length, 1);
  t.deepEqual(lossProblems({}, 'cover', loss('warm', 1, 40)), []);
  t.is(lossProblems({}, 'nothing', loss('warm', 1, 0)).length, 1);
  t.is(lossProblems({ losesNothing: true }, 'cover', loss('cold', 1, 0)).length, 1);
});

test('holes add up, also those that begin before the fault', (t) => {
  t.is(sumOf({ holes: ['-380..1620', '4000..4500', '-300..-100'] }), 2700);
  t.is(sumOf({ holes: [] }), 0);
});

test('quantiles are values that were measured', (t) => {
  t.is(quantile([], 0.5), undefined);
  t.is(quantile([7], 0.99), 7);
  t.is(quantile([4, 1, 3, 2], 0.5), 2);
  t.is(quantile([4, 1, 3, 2], 1), 4);
});

test('a SIGKILL that is seen late is a miss, told with its fault', (t) => {
  const results = [
    run('kill-all'),
    run('kill-all', { suspectedAfterMs: 201 }),
    run('freeze', { suspectedAfterMs: 1100 }),
  ];
  t.like(target(results, 'SIGKILL'), { measured: '201 ms of 2', met: false });
  t.deepEqual(missesByFault(results, PROMISES), ['kill-all: suspected after 201 ms (most of 2), target 200 ms']);
  t.true(target(results.slice(2), 'suspected, p99, faults without').met);
});

test('each fault is held against both bounds of suspicion', (t) => {
  const late = [run('freeze', { suspectedAfterMs: 2100 }), run('freeze', { suspectedAfterMs: 1000 })];
  t.deepEqual(missesByFault(late, PROMISES), ['freeze: suspected after 2100 ms (p99 of 2), target 2000 ms']);
});

test('a hot camera is judged by what is owed; results that do not tell are named, not judged', (t) => {
  const excused = run('both', { cameras: [camera('hot', ['0..5000'], 0)] });
  const owed = run('kill-all', { cameras: [camera('hot', ['0..80'], 80)] });
  const old = run('both', { cameras: [camera('hot', ['0..5000'])] });
  t.like(target([excused], 'hot lost while'), { measured: '0 ms of 1', met: true });
  t.like(target([excused, owed], 'hot lost while'), { measured: '80 ms of 2', met: false });
  t.true(target([excused, old], 'hot lost while').measured.includes('1 without a record'));
  t.is(target([old], 'hot lost while').met, undefined);
  t.is(
    target([run('kill-all', { cameras: [camera('hot', ['0..80'])] })], 'hot lost while').met,
    false,
    'its spare was well',
  );
});

test('warm cameras are held against the sum of their holes', (t) => {
  const results = [run('both', { cameras: [camera('warm', ['0..3000', '5000..7000'], 1000)] })];
  t.like(target(results, 'warm lost, p99'), { measured: '5000 ms of 1', met: false });
  t.like(target(results, 'warm lost while a server'), { measured: '1000 ms of 1', met: true });
});

test('a cold camera is held against the suspicion of its own run, the connection and a key frame', (t) => {
  const cold = (hole: string): PlayResult =>
    run('freeze', { suspectedAfterMs: 1100, cameras: [camera('cold', [hole])] });
  t.true(target([cold('0..4100')], 'cold').met);
  t.false(target([cold('0..4100'), cold('0..4120')], 'cold').met);
});

test('access units out of order and takeovers in bad weather are counted', (t) => {
  const results = [
    run('storm', { declared: 1 }),
    run('freeze', { declared: 1, problems: ['hot a: 2 access units stand twice (1, 2)'] }),
  ];
  t.like(target(results, 'access units'), { measured: '1 of 2', met: false });
  t.like(target(results, 'takeovers'), { measured: '1 in 1 runs', met: false });
});

test('results of several runs make one report, the oldest format too', (t) => {
  const old = JSON.stringify({ seed: 1, runs: 1, seconds: 5, machine: '2 cores, load 3', results: [run('both')] });
  const now = JSON.stringify({
    sources: [{ seed: 9, runs: 1, seconds: 6, machine: '2 cores, load 4', only: 'freeze', lasts: 60, note: 'Busy.' }],
    results: [run('freeze', { problems: ['something'] })],
  });
  const merged = mergeReports([parseReport(old), parseReport(now)]);
  t.deepEqual(
    merged.results.map(({ fault }) => fault),
    ['freeze', 'both'],
    'in the order of the list of faults',
  );
  const text = reportText(merged);
  t.true(text.includes('--seed 1 --runs 1`, 5 s, 2 cores, load 3.'), text);
  t.true(text.includes('--seed 9 --runs 1 --only freeze --lasts 60`, 6 s, 2 cores, load 4. Busy.'));
  t.true(/\| all \| +2 \|/.test(text), 'one row over all');
  t.true(text.includes('- freeze, seed 1: something'));
  t.true(text.indexOf('## Targets') < text.indexOf('## How soon'));
});

test('a report of nothing says so', (t) => {
  const text = reportText({ sources: [], results: [] });
  t.true(text.includes('not measured'));
  t.false(text.includes('NaN'));
});
