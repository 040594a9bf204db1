import test from 'ava';
import { together } from '../../src/core/together.ts';
import { durationMs } from '../../src/core/units.ts';
import { createFakeClock } from '../support/fake-clock.ts';

test('what is asked for by hundreds in one breath is done once, and again when it is asked for later', async (t) => {
  const clock = createFakeClock();
  let count = 0;
  const ask = together(clock, durationMs(200), () => (count += 1));
  for (let asked = 0; asked < 200; asked += 1) {
    ask();
    await clock.advance(0.9);
  }
  t.is(count, 0);
  await clock.advance(20);
  t.is(count, 1);
  await clock.advance(1000);
  t.is(count, 1);
  ask();
  await clock.advance(200);
  t.is(count, 2);
});

test('what comes while it is done is done once more', async (t) => {
  const clock = createFakeClock();
  let count = 0;
  const ask = together(clock, durationMs(200), () => {
    count += 1;
    if (count === 1) ask();
  });
  ask();
  await clock.advance(200);
  t.is(count, 1);
  await clock.advance(200);
  t.is(count, 2);
});
