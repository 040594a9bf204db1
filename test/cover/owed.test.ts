import test from 'ava';
import { owedBy } from '../../src/cover/owed.ts';
import { F, R1, R2 } from './cover-rig.ts';

const cover = (cameraId: string, from: number, to: number | undefined, kept = false) => ({
  id: `${cameraId}-${from}`,
  serverId: R1,
  cameraId,
  stream: 'main' as const,
  epoch: 2,
  from,
  to,
  kept,
});
const segment = (cameraId: string, start: number, end: number, serverId = F) => ({
  cameraId,
  stream: 'main' as const,
  serverId,
  start,
  end,
});
const owners = new Map([
  ['a', R1],
  ['b', R1],
]);
const box = { serverId: F, ownCameraIds: new Set(['mine']) };

test('covered footage that has not gone home is owed; ring, kept, own and returned footage is not', (t) => {
  const covers = [cover('a', 100_000, 200_000), cover('b', 100_000, undefined), cover('b', 10_000, 20_000, true)];
  const owed = owedBy({ covered: () => covers, keptBefore: () => undefined }, box, owners);
  t.true(owed(segment('a', 90_000, 101_000)));
  t.true(owed(segment('a', 199_000, 260_000)));
  t.false(owed(segment('a', 0, 60_000)), 'ring');
  t.false(owed(segment('a', 203_000, 260_000)), 'behind the cover');
  t.true(owed(segment('b', 900_000, 910_000)), 'it goes on');
  t.false(owed(segment('b', 10_000, 20_000)), 'kept by policy');
  t.false(owed(segment('a', 150_000, 160_000, R2)), 'recorded by another server');
  t.false(owed(segment('mine', 150_000, 160_000)));
});

test('what was recorded before the index was lost is owed as far as anybody knows', (t) => {
  const owed = owedBy({ covered: () => [], keptBefore: () => 50_000 }, box, owners);
  t.true(owed(segment('a', 10_000, 20_000)));
  t.false(owed(segment('a', 60_000, 70_000)));
  t.false(owed(segment('unprotected', 10_000, 20_000)));
});
