import test from 'ava';
import { HOST_SLOT, MAX_EPOCH, homeEpoch, issuedByHost, nextEpoch, slotOf } from '../../src/failover/epochs.ts';
import { forSeeds } from '../support/seeded-random.ts';

test('epochs of different slots are never the same, and each is above what was known', (t) => {
  forSeeds(500, (random) => {
    const known = random.int(0, 1_000_000);
    const slots = [0, 1, 17, 254, HOST_SLOT];
    const epochs = slots.map((slot) => nextEpoch(known, slot));
    if (new Set(epochs).size !== slots.length || epochs.some((epoch) => epoch <= known)) throw new Error(`${known}`);
    if (Math.max(...epochs) > known + 256) throw new Error('no round is skipped');
  });
  t.is(nextEpoch(1, 0), 256);
  t.is(homeEpoch(513), 768);
});

test('in the same round the epoch of the host wins', (t) => {
  const provisional = nextEpoch(256, 254);
  const issued = nextEpoch(256, HOST_SLOT);
  t.true(issued > provisional);
  t.true(issuedByHost(issued));
  t.false(issuedByHost(provisional));
});

test('each failover server of a site has a slot of its own', (t) => {
  const ids = Array.from({ length: 200 }, (_, index) => `server-${index * 7919}`);
  const slots = new Set(ids.map((id) => slotOf(id, ids)));
  t.is(slots.size, 200);
  t.true([...slots].every((slot) => slot >= 1 && slot < HOST_SLOT));
});

test('an epoch that cannot be counted on from is refused', (t) => {
  for (const bad of [MAX_EPOCH, -1, 0.5, Number.NaN]) t.throws(() => nextEpoch(bad, 1), { instanceOf: RangeError });
});
