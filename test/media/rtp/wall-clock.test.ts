import test from 'ava';
import { createWallClock } from '../../../src/media/rtp/wall-clock.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const WALL = 1_795_300_000_000;
const FRAME = 3600;
const near = (one: number, other: number, within: number): boolean => Math.abs(one - other) <= within;

test('arrival counts at first, and delays do not move it', (t) => {
  const clock = createWallClock(90_000);
  for (let index = 0; index < 2000; index += 1) {
    const delay = index % 7 === 0 ? 120 : index % 3;
    t.is(clock.observe(index * FRAME, WALL + index * 40 + delay, index * 40 + delay), 'steady');
  }
  t.is(clock.source(), 'arrival');
  t.true(near(clock.wallOf(1999 * FRAME), WALL + 1999 * 40, 5));
});
test('a camera clock that agrees with arrival takes over slowly once an answer was given', (t) => {
  const clock = createWallClock(90_000);
  clock.observe(0, WALL, 0);
  t.is(clock.wallOf(0), WALL);
  clock.senderReport(0, WALL - 150);
  t.is(clock.source(), 'sender-report');
  clock.observe(25 * FRAME, WALL + 1000, 1000);
  t.true(near(clock.wallOf(25 * FRAME), WALL + 1000 - 30, 1));
  for (let index = 26; index < 2000; index += 1) clock.observe(index * FRAME, WALL + index * 40, index * 40);
  t.true(near(clock.wallOf(1999 * FRAME), WALL + 1999 * 40 - 150, 1));
});
test('before the first answer the best estimate is taken at once: a burst after PLAY, a sender report', (t) => {
  const clock = createWallClock(90_000);
  for (let index = 0; index < 50; index += 1) clock.observe(index * FRAME, WALL + index / 10, index / 10);
  t.true(near(clock.wallOf(0), WALL - 49 * 40, 6));
  const told = createWallClock(90_000);
  told.observe(0, WALL, 0);
  told.senderReport(0, WALL - 150);
  t.is(told.wallOf(0), WALL - 150);
});
test('timestamps that go ahead by two seconds at one stroke jumped; late ones that catch up did not', (t) => {
  const clock = createWallClock(90_000);
  for (let index = 0; index < 100; index += 1) {
    clock.observe(index * FRAME, WALL + index * 40, index * 40);
    clock.wallOf(index * FRAME);
  }
  // Five seconds of silence, one second of what was kept, then what is sent now.
  for (let index = 100; index < 125; index += 1)
    t.is(clock.observe(index * FRAME, WALL + 9000 + index, 9000 + index), 'steady');
  t.is(clock.observe(225 * FRAME, WALL + 9126, 9126), 'steady');
  t.is(clock.observe(276 * FRAME, WALL + 9166, 9166), 'timestamps-jumped');
  t.true(near(clock.wallOf(276 * FRAME), WALL + 9166, 60));
});
test('a camera whose clock stands in 1970 is not believed', (t) => {
  const clock = createWallClock(90_000);
  clock.observe(0, WALL, 0);
  clock.senderReport(0, 5000);
  t.is(clock.source(), 'arrival');
});
test('a camera clock that is set wrong later is left again', (t) => {
  const clock = createWallClock(90_000);
  clock.observe(0, WALL, 0);
  clock.senderReport(0, WALL - 10);
  clock.senderReport(FRAME, WALL + 3_600_000);
  t.is(clock.source(), 'arrival');
});
test('B-frames keep their distance', (t) => {
  const clock = createWallClock(90_000);
  clock.observe(3 * FRAME, WALL, 0);
  t.is(clock.observe(FRAME, WALL + 40, 40), 'steady');
  t.true(near(clock.wallOf(3 * FRAME) - clock.wallOf(FRAME), 80, 0.01));
});
test('timestamps that jump begin a run, told once, not before the run before', (t) => {
  for (const jump of [-100_000_000, 100_000_000]) {
    const clock = createWallClock(90_000);
    for (let index = 0; index < 100; index += 1) {
      clock.observe(index * FRAME, WALL + index * 40, index * 40);
      clock.wallOf(index * FRAME);
    }
    const last = clock.wallOf(99 * FRAME);
    t.is(clock.observe(100 * FRAME + jump, WALL + 4000, 4000), 'timestamps-jumped');
    t.true(clock.wallOf(100 * FRAME + jump) >= last && near(clock.wallOf(100 * FRAME + jump), WALL + 4000, 50));
    t.is(clock.observe(101 * FRAME + jump, WALL + 4040, 4040), 'steady');
  }
});
test('a network that stood still for a while is no jump', (t) => {
  const clock = createWallClock(90_000);
  for (let index = 0; index < 100; index += 1) clock.observe(index * FRAME, WALL + index * 40, index * 40);
  for (let index = 100; index < 400; index += 1)
    t.is(clock.observe(index * FRAME, WALL + 16_000 + index, 16_000 + index), 'steady');
  t.true(near(clock.wallOf(399 * FRAME), WALL + 399 * 40, 200));
});
test('timestamps that run at half speed are noticed', (t) => {
  const clock = createWallClock(90_000);
  const seen = Array.from({ length: 1500 }, (_, index) => {
    const observation = clock.observe(index * FRAME, WALL + index * 80, index * 80);
    clock.wallOf(index * FRAME);
    return observation;
  });
  t.true(seen.includes('timestamps-jumped'));
});
test('a set system clock is told with its amount, and arrival counts anew', (t) => {
  const clock = createWallClock(90_000);
  clock.observe(0, WALL, 0);
  t.is(clock.observe(FRAME, WALL + 40 - 3_600_000, 40), 'clock-stepped');
  t.is(clock.lastStep(), -3_600_000);
  t.true(near(clock.wallOf(FRAME), WALL + 40 - 3_600_000, 0.01));
  t.is(clock.observe(2 * FRAME, WALL + 80 - 3_600_000, 80), 'steady');
});
test('within a run wall time never goes back, whatever delays and reports come', (t) => {
  forSeeds(200, (random) => {
    const clock = createWallClock(90_000);
    let before = -Infinity;
    let now = 0;
    for (let index = 0; index < 600; index += 1) {
      const delay = random.pick([0, 1, 5, 300, 1500]);
      now = Math.max(now, index * 40 + delay);
      const seen = clock.observe(index * FRAME, WALL + now, now);
      if (random.chance(0.02)) clock.senderReport(index * FRAME, WALL + index * 40 + random.int(-2500, 2500));
      const wall = clock.wallOf(index * FRAME);
      if (seen !== 'steady') throw new Error(seen);
      if (wall <= before) throw new Error(`${wall} after ${before}`);
      before = wall;
    }
  });
  t.pass();
});
