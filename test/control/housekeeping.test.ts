import test from 'ava';
import type { RetentionOutcome } from '../../src/archive/retention-run.ts';
import { startHousekeeping } from '../../src/control/housekeeping.ts';
import type { HousekeepingDeps } from '../../src/control/housekeeping.ts';
import { createLog } from '../../src/core/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function bench(outcome: () => Promise<RetentionOutcome> | RetentionOutcome) {
  const clock = createFakeClock();
  const began: number[] = [];
  const removed: number[] = [];
  const trims: number[] = [];
  const held: string[] = [];
  const lines: string[] = [];
  const housekeeping = startHousekeeping({
    catalogue: { log: { trim: (most: number) => void trims.push(most) } } as unknown as HousekeepingDeps['catalogue'],
    volumes: async () => [],
    rules: () => ({}) as ReturnType<HousekeepingDeps['rules']>,
    retain: async () => {
      began.push(clock.monotonic());
      return await outcome();
    },
    onHeld: (volumeId) => void held.push(volumeId),
    onRemoved: ({ bytes }) => removed.push(bytes),
    clock,
    log: createLog('info', (line) => lines.push(line), clock.now),
  });
  return { clock, began, removed, trims, held, lines, housekeeping };
}
const outcomeOf = (files: number): RetentionOutcome =>
  ({ deleted: { space: files }, bytes: files * 1000, failed: [], held: [] }) as unknown as RetentionOutcome;

test('every twenty seconds old footage goes and the log is trimmed; only what was removed is told', async (t) => {
  let files = 0;
  const { clock, began, removed, trims, housekeeping } = bench(() => outcomeOf(files));
  await clock.advance(20_000);
  files = 3;
  await clock.advance(20_000);
  t.deepEqual(began, [20_000, 40_000]);
  t.deepEqual(removed, [3000]);
  t.is(trims.length, 2);
  await housekeeping.stop();
  await clock.advance(100_000);
  t.is(began.length, 2);
  t.is(clock.pendingTimers(), 0);
});

test('a full volume begins the next round within a second, and however full it stays never a busy loop', async (t) => {
  const { clock, began, housekeeping } = bench(() => outcomeOf(0));
  await clock.advance(3000);
  housekeeping.hurry();
  housekeeping.hurry();
  await clock.advance(999);
  t.deepEqual(began, []);
  await clock.advance(1);
  t.deepEqual(began, [4000]);
  for (let at = 0; at < 100; at += 1) {
    housekeeping.hurry();
    await clock.advance(100);
  }
  t.true(began.length >= 9 && began.length <= 11, `${began.length} rounds in 10 s`);
  await housekeeping.stop();
});

test('a hurry in the middle of a round is not lost', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { clock, began, housekeeping } = bench(async () => {
    await gate.promise;
    return outcomeOf(0);
  });
  await clock.advance(20_000);
  housekeeping.hurry();
  await clock.advance(5000);
  t.is(began.length, 1, 'it still runs');
  gate.resolve();
  await clock.advance(1000);
  t.is(began.length, 2);
  await housekeeping.stop();
});

test('a round that fails is said, and the next one comes', async (t) => {
  const { clock, began, lines, housekeeping } = bench(async () => await Promise.reject(new Error('the disk hangs')));
  await clock.advance(40_000);
  t.is(began.length, 2);
  t.is(lines.filter((line) => /housekeeping failed.*the disk hangs/.test(line)).length, 2);
  await housekeeping.stop();
});

test('a volume that is full of what must stay is told once for as long as it lasts', async (t) => {
  let full: readonly string[] = [];
  const outcome = (): RetentionOutcome => ({
    ...outcomeOf(0),
    held: full.map((volumeId) => ({ volumeId, bytes: 1 })),
  });
  const { clock, held, housekeeping } = bench(outcome);
  for (const now of [[], ['v1'], ['v1', 'v2'], [], ['v1']]) {
    full = now;
    await clock.advance(20_000);
  }
  t.deepEqual(held, ['v1', 'v2', 'v1']);
  await housekeeping.stop();
});
