/** What members can make the host hold stops at its bound. */
import test from 'ava';
import { MAX_LEASES, createArbiterCore } from '../../src/coordination/arbiter-core.ts';
import { MAX_WAITING_WRITES, openArbiter } from '../../src/coordination/arbiter.ts';
import { claimEpoch, MAX_TRIES } from '../../src/coordination/epoch-claim.ts';
import { MAX_ENTRIES, MAX_OPS, isStoreError, storeError } from '../../src/coordination/site-store.ts';
import { MAX_CHANGES, createStoreHandlers } from '../../src/coordination/store-handlers.ts';
import { results } from '../../src/coordination/store-wire.ts';
import { monotonicMs } from '../../src/core/units.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { bytes, failsWith } from './site-store-conformance.ts';

const now = monotonicMs(0);
const refuses = (work: () => unknown): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    return isStoreError(error, 'too-large');
  }
};
const inMemory = () => ({
  load: async () => Promise.resolve([]),
  append: async () => Promise.resolve(),
  compact: async () => Promise.resolve(),
  isLong: () => false,
});

test('keys, and leases', (t) => {
  const core = createArbiterCore([], now);
  for (let first = 0; first < MAX_ENTRIES; first += MAX_OPS) {
    const ops = Array.from({ length: MAX_OPS }, (_, index) => ({ put: `k${first + index}`, value: bytes('') }));
    core.apply(core.prepareCommit([], ops, now));
  }
  t.true(refuses(() => core.prepareCommit([], [{ put: 'one-more', value: bytes('') }], now)));
  t.notThrows(() => core.prepareCommit([], [{ put: 'k0', value: bytes('again') }], now));
  for (let index = 0; index < MAX_LEASES; index += 1)
    core.grant({ name: `l${index}`, token: BigInt(index), ttlMs: 3000, note: '' }, now);
  t.true(refuses(() => core.prepareAcquire('one-more', 3000, now)));
  t.truthy(core.prepareAcquire('one-more', 3000, monotonicMs(4000)), 'those that have ended do not count');
});

test('writes that wait for the disk', async (t) => {
  const disk = Promise.withResolvers<void>();
  const store = await openArbiter({
    clock: createFakeClock(),
    storage: { ...inMemory(), append: async () => disk.promise },
  });
  const waiting = Array.from({ length: MAX_WAITING_WRITES }, async () => store.commit([], []));
  t.true(await failsWith('unavailable', store.commit([], [])));
  disk.resolve();
  t.is((await Promise.all(waiting)).length, MAX_WAITING_WRITES);
});

test('changes in one answer; the rest comes with the next question', async (t) => {
  const clock = createFakeClock();
  const store = await openArbiter({ clock, storage: inMemory() });
  for (let index = 0; index < MAX_CHANGES + 7; index += 1)
    await store.commit([], [{ put: 'k', value: bytes(`${index}`) }]);
  const ask = createStoreHandlers(store, clock).get('store.changes');
  const first = results.changes.parse(await ask?.({ prefix: 'k', after: '0', waitMs: 1000 }));
  t.is(first.changes.length, MAX_CHANGES);
  const second = ask?.({ prefix: 'k', after: first.rev.toString(), waitMs: 1000 });
  await clock.advance(5);
  t.is(results.changes.parse(await second).changes.length, 7);
});

test('tries to have an epoch issued', async (t) => {
  let tries = 0;
  const contended = {
    read: async () => Promise.resolve({ rev: 1n, entries: [] }),
    commit: async () => {
      tries += 1;
      return Promise.reject(storeError('conflict', 'Somebody else was first.'));
    },
  };
  t.true(
    await failsWith('unavailable', claimEpoch(contended, { serverId: 'r', failoverId: 'f', above: 1, claim: 'c' })),
  );
  t.is(tries, MAX_TRIES);
});
