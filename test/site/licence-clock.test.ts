import test from 'ava';
import { BELIEVED_AFTER_MS, LEAP_MS, licenceTime, seenAt } from '../../src/site/licence-clock.ts';
import type { LicenceClock } from '../../src/site/licence-clock.ts';

const START = Date.parse('2026-06-01T00:00:00Z');
const HOUR = 3_600_000;
const at = (clock: LicenceClock, now: number, monotonic = 0): number => licenceTime(seenAt(clock, now, monotonic), now);

test('time goes on with the clock', (t) => {
  let clock: LicenceClock = { latest: 0 };
  for (let now = START; now < START + 90 * 24 * HOUR; now += 24 * HOUR) {
    clock = seenAt(clock, now, now - START);
    t.is(licenceTime(clock, now), now);
  }
});

test('a clock that is set back, or begins at 1970, changes nothing', (t) => {
  const clock = seenAt({ latest: 0 }, START, 0);
  t.is(at(clock, START - 365 * 24 * HOUR), START);
  t.is(at(clock, 0), START);
  t.deepEqual(seenAt(clock, 5, 0), { latest: START });
});

test('a box that was off for weeks is believed at once', (t) => {
  t.is(at({ latest: START }, START + LEAP_MS), START + LEAP_MS);
});

test('a leap of years counts only after the clock has stood by it for a day; put right again, nothing happened', (t) => {
  const leap = START + 10 * 365 * 24 * HOUR;
  let clock = seenAt({ latest: START }, leap, 1000);
  t.is(licenceTime(clock, leap), START);
  clock = seenAt(clock, leap + HOUR, 1000 + HOUR);
  t.is(licenceTime(clock, leap + HOUR), START);
  t.deepEqual(seenAt(clock, START + HOUR, 2000 + HOUR), { latest: START + HOUR });
  const believed = seenAt(clock, leap + BELIEVED_AFTER_MS, 1000 + BELIEVED_AFTER_MS);
  t.is(licenceTime(believed, leap + BELIEVED_AFTER_MS), leap + BELIEVED_AFTER_MS);
});

test('a new server believes the first time that it sees', (t) => {
  t.is(at({ latest: 0 }, START), START);
});
