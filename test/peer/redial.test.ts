import test from 'ava';
import { createRedial } from '../../src/peer/redial.ts';
import { createFakeClock } from '../support/fake-clock.ts';

test('one that is said to be back is dialled at once, one that said no is not', async (t) => {
  const clock = createFakeClock();
  let attempts = 0;
  const redial = createRedial({
    clock,
    random: () => 0.999,
    watched: () => false,
    wanted: () => true,
    attempt: () => (attempts += 1),
  });
  redial.consider();
  for (let failure = 0; failure < 12; failure += 1) {
    redial.settled('failed');
    await clock.advance(30_000);
  }
  const before = attempts;
  redial.settled('failed');
  await clock.advance(5000);
  t.is(attempts, before, 'it was away for long');
  redial.hurry();
  t.is(attempts, before + 1);
  redial.settled('failed');
  await clock.advance(200);
  t.is(attempts, before + 2, 'and soon again');
  redial.settled('deauthorized');
  redial.hurry();
  await clock.advance(60_000);
  t.is(attempts, before + 2);
  redial.reset();
  t.is(attempts, before + 3, 'a changed record is another matter');
});
