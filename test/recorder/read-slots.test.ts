import test from 'ava';
import type { Cancel } from '../../src/core/clock.ts';
import { startReadSlots } from '../../src/recorder/read-slots.ts';

type Beat = { readonly period: number; readonly run: () => void };

/** A clock whose one timer is played by hand. */
function createBeats(): {
  readonly every: (period: number, run: () => void) => Cancel;
  readonly play: (ms: number) => void;
} {
  let beat: Beat | undefined;
  return {
    every: (period, run) => {
      const mine = { period, run };
      beat = mine;
      return () => {
        if (beat === mine) beat = undefined;
      };
    },
    play: (ms) => {
      let passed = 0;
      // The beat may end itself while it runs.
      const next = (): Beat | undefined => (passed < ms ? beat : undefined);
      for (let due = next(); due !== undefined; due = next()) {
        due.run();
        passed += due.period;
      }
    },
  };
}

test('each of 128 cameras is read about five times a second and ticked once', (t) => {
  const beats = createBeats();
  const slots = startReadSlots({ every: beats.every });
  const reads = Array.from({ length: 128 }, () => 0);
  const ticks = Array.from({ length: 128 }, () => 0);
  for (const index of reads.keys()) {
    slots.join(() => (reads[index] = (reads[index] ?? 0) + 1));
    slots.everySecond(() => (ticks[index] = (ticks[index] ?? 0) + 1));
  }
  beats.play(10_000);
  for (const count of reads) t.true(count >= 48 && count <= 60, `${count} reads in 10 s`);
  for (const count of ticks) t.true(count >= 9 && count <= 12, `${count} ticks in 10 s`);
});

test('a wake serves few cameras, so that the event loop is held shortly', (t) => {
  const beats = createBeats();
  const slots = startReadSlots({ every: beats.every });
  let inHand = 0;
  for (let camera = 0; camera < 128; camera += 1) slots.join(() => (inHand += 1));
  let most = 0;
  for (let wake = 0; wake < 100; wake += 1) {
    inHand = 0;
    beats.play(1);
    most = Math.max(most, inHand);
  }
  t.true(most <= 5, `${most} in one wake`);
});

test('who leaves is not called again, also in the middle of a wake, and may have joined twice', (t) => {
  const beats = createBeats();
  const slots = startReadSlots({ every: beats.every });
  let calls = 0;
  const wake = (): void => {
    calls += 1;
  };
  const first = slots.join(wake);
  const second = slots.join(wake);
  beats.play(1);
  t.is(calls, 2);
  first();
  beats.play(1);
  t.is(calls, 3);
  second();
  beats.play(1);
  t.is(calls, 3);
});

test('after stop nothing is called', async (t) => {
  const beats = createBeats();
  const slots = startReadSlots({ every: beats.every });
  let calls = 0;
  slots.join(() => (calls += 1));
  await slots.stop();
  slots.join(() => (calls += 1));
  beats.play(1000);
  t.is(calls, 0);
});
