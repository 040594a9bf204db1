import test from 'ava';
import { createStandbyReview, SETTLED_MS } from '../../src/control/standby-review.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const member = (id: string, channels = 128) => ({ id, channels, seats: Infinity });

test('a failover server that comes, stays away, or has other channels is planned with once that is settled', async (t) => {
  const clock = createFakeClock();
  let others = [member('a')];
  let reviews = 0;
  const tick = createStandbyReview({ others: () => others, review: () => void (reviews += 1), clock });
  const after = async (ms: number): Promise<number> => {
    await clock.advance(ms);
    tick();
    return reviews;
  };
  t.is(await after(2 * SETTLED_MS), 0, 'nothing changed');
  others = [member('b'), member('a')];
  t.is(await after(0), 0);
  t.is(await after(SETTLED_MS - 1), 0, 'it may be gone again');
  t.is(await after(1), 1);
  t.is(await after(10 * SETTLED_MS), 1, 'once');
  others = [member('a'), member('b')];
  t.is(await after(2 * SETTLED_MS), 1, 'their order says nothing');
  others = [member('a')];
  tick();
  others = [member('a'), member('b')];
  t.is(await after(2 * SETTLED_MS), 1, 'it was only started again');
  others = [member('a'), member('b', 64)];
  tick();
  t.is(await after(SETTLED_MS), 2);
});
