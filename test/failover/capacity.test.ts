import test from 'ava';
import { MAX_CHANNELS, channelsForCovering, seatShares } from '../../src/failover/capacity.ts';

test('what is left beside its own cameras is for covering, and 128 is the end', (t) => {
  t.is(channelsForCovering({ max: 128, own: 8 }), 120);
  t.is(channelsForCovering({ max: 1000, own: 0 }), MAX_CHANNELS);
  t.is(channelsForCovering({ max: 16, own: 20 }), 0);
});

test('seats are split evenly: 90 over 3 are 30 each; what is left over goes to the first by id', (t) => {
  t.deepEqual([...seatShares(90, ['c', 'a', 'b']).values()], [30, 30, 30]);
  t.deepEqual(
    [...seatShares(91, ['c', 'a', 'b'])],
    [
      ['a', 31],
      ['b', 30],
      ['c', 30],
    ],
  );
  t.deepEqual([...seatShares(Infinity, ['a', 'b']).values()], [Infinity, Infinity]);
  t.is(seatShares(5, []).size, 0);
});
