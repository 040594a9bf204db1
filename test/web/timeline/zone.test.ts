import test from 'ava';
import * as fc from 'fast-check';
import { ticksOf } from '../../../web/src/timeline/scale.ts';
import { afterSkipped, instantsOf, isTwice, nextRound, type OffsetAt } from '../../../web/src/timeline/zone.ts';

const HOUR = 3_600_000;
/** Central Europe in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC. */
const [SPRING, AUTUMN] = [Date.parse('2026-03-29T01:00:00Z'), Date.parse('2026-10-25T01:00:00Z')];
const berlin: OffsetAt = (at) => (at >= SPRING && at < AUTUMN ? 2 * HOUR : HOUR);
/** Lord Howe Island moves its clocks by half an hour. */
const lordHowe: OffsetAt = (at) => (at >= Date.parse('2026-04-04T15:00:00Z') ? 10.5 * HOUR : 11 * HOUR);
const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());

test('an ordinary local time is one instant', (t) => {
  t.deepEqual(instantsOf('2026-11-22T10:02:11', berlin).map(iso), ['2026-11-22T09:02:11.000Z']);
  t.deepEqual(instantsOf('2026-07-01T00:00', berlin).map(iso), ['2026-06-30T22:00:00.000Z']);
  t.deepEqual(instantsOf('2026-07-01T00:00:01.5', berlin).map(iso), ['2026-06-30T22:00:01.500Z']);
  t.deepEqual(instantsOf('soon', berlin), []);
});

test('half past two comes twice when the clocks go back, and both can be named', (t) => {
  t.deepEqual(instantsOf('2026-10-25T02:30', berlin).map(iso), [
    '2026-10-25T00:30:00.000Z',
    '2026-10-25T01:30:00.000Z',
  ]);
  t.true(isTwice(Date.parse('2026-10-25T00:30:00Z'), berlin));
  t.true(isTwice(Date.parse('2026-10-25T01:30:00Z'), berlin));
  t.false(isTwice(Date.parse('2026-10-25T02:00:00Z'), berlin));
  t.false(isTwice(Date.parse('2026-10-24T23:59:59Z'), berlin));
});

test('half past two does not come at all when the clocks go forward; time goes on after the hour', (t) => {
  t.deepEqual(instantsOf('2026-03-29T02:30', berlin), []);
  t.is(iso(afterSkipped('2026-03-29T02:30', berlin)), '2026-03-29T01:00:00.000Z');
  t.is(afterSkipped('2026-03-29T03:30', berlin), undefined);
  t.is(afterSkipped('never', berlin), undefined);
});

test('every instant is among those that its local time names', (t) => {
  const around = fc.integer({ min: SPRING - 40 * HOUR, max: AUTUMN + 40 * HOUR });
  fc.assert(
    fc.property(around, fc.constantFrom(berlin, lordHowe), (at, offsetAt) => {
      const local = new Date(at + offsetAt(at)).toISOString().slice(0, 23);
      const found = instantsOf(local, offsetAt);
      return found.includes(at) && (found.length === 2) === isTwice(at, offsetAt);
    }),
    { seed: 2 },
  );
  t.pass();
});

test('the days of 25 and of 23 hours have their ticks at round local times', (t) => {
  const day = (start: string, hours: number): { readonly start: number; readonly end: number } => {
    const from = Date.parse(start);
    return { start: from, end: from + hours * HOUR };
  };
  const labels = (view: { readonly start: number; readonly end: number }): readonly string[] =>
    ticksOf(view, 1000, 38, berlin).map(({ at }) => new Date(at + berlin(at)).toISOString().slice(11, 16));
  const autumn = labels(day('2026-10-24T22:00:00Z', 25));
  t.is(autumn.length, 26);
  t.deepEqual(autumn.slice(0, 5), ['00:00', '01:00', '02:00', '02:00', '03:00']);
  t.is(autumn.at(-1), '00:00');
  const spring = labels(day('2026-03-28T23:00:00Z', 23));
  t.is(spring.length, 24);
  t.deepEqual(spring.slice(0, 4), ['00:00', '01:00', '03:00', '04:00']);
  t.is(spring.at(-1), '00:00');
});

test('ticks go on, round or at worst a step away, through every change of the clocks', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: SPRING - 60 * HOUR, max: AUTUMN + 60 * HOUR }),
      fc.constantFrom(1000, 60_000, 900_000, HOUR, 3 * HOUR, 6 * HOUR, 24 * HOUR, 48 * HOUR),
      fc.constantFrom(berlin, lordHowe),
      (at, step, offsetAt) => {
        const next = nextRound(at, step, offsetAt);
        return next > at && next - at <= step + 2 * HOUR;
      },
    ),
    { seed: 4, numRuns: 500 },
  );
  t.pass();
});
