/** Packets lost a second, from a counter that may start anew. */
import test from 'ava';
import { lossOf } from '../../../web/src/pages/health/loss.ts';

const sample = (at: number, lost: number | undefined) => ({ at, lost, bits: undefined, frames: undefined });

test('loss is what was counted between two samples, and nothing is said of times without one', (t) => {
  t.deepEqual(lossOf([]), []);
  t.deepEqual(lossOf([sample(10, 4), sample(12, 10), sample(14, undefined), sample(16, 12), sample(18, 12)]), [
    [10, null],
    [12, 3],
    [14, null],
    [16, null],
    [18, 0],
  ]);
});

test('a recorder that was started anew lost nothing by that', (t) => {
  t.deepEqual(lossOf([sample(10, 400), sample(12, 3)])[1], [12, 0]);
  t.deepEqual(lossOf([sample(10, 400), sample(10, 500)])[1], [10, null], 'nor does the same moment twice divide by 0');
});
