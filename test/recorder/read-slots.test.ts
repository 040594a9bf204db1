import test from 'ava';
import { monotonicMs } from '../../src/core/units.ts';
import { startReadSlots } from '../../src/recorder/read-slots.ts';
import type { ReadSlotsDeps } from '../../src/recorder/read-slots.ts';

type Beat = { readonly period: number; readonly run: () => void };

/** A clock whose one timer is played by hand, and whose time passes only when told. */
type Beats = {
  readonly deps: ReadSlotsDeps;
  readonly play: (ms: number) => void;
  /** Milliseconds that something took. */
  readonly spend: (ms: number) => void;
  /** How often a wake gave way. */
  readonly gaveWay: () => number;
};
function createBeats(): Beats {
  let beat: Beat | undefined;
  let now = 0;
  let turns = 0;
  let later: (() => void) | undefined;
  const finishTurns = (): void => {
    for (let run = later; run !== undefined; run = later) {
      later = undefined;
      run();
    }
  };
  return {
    deps: {
      clock: {
        monotonic: () => monotonicMs(now),
        every: (period, run) => {
          const mine = { period, run };
          beat = mine;
          return () => {
            if (beat === mine) beat = undefined;
          };
        },
      },
      soon: (run) => {
        turns += 1;
        later = run;
      },
    },
    spend: (ms) => (now += ms),
    gaveWay: () => turns,
    play: (ms) => {
      let passed = 0;
      // The beat may end itself while it runs.
      const next = (): Beat | undefined => (passed < ms ? beat : undefined);
      for (let due = next(); due !== undefined; due = next()) {
        due.run();
        finishTurns();
        passed += due.period;
      }
    },
  };
}

test('each of 128 cameras is read about four times a second and ticked once', (t) => {
  const beats = createBeats();
  const slots = startReadSlots(beats.deps);
  const reads = Array.from({ length: 128 }, () => 0);
  const ticks = Array.from({ length: 128 }, () => 0);
  for (const index of reads.keys()) {
    slots.join(() => (reads[index] = (reads[index] ?? 0) + 1));
    slots.everySecond(() => (ticks[index] = (ticks[index] ?? 0) + 1));
  }
  beats.play(10_000);
  for (const count of reads) t.true(count >= 38 && count <= 48, `${count} reads in 10 s`);
  for (const count of ticks) t.true(count >= 9 && count <= 12, `${count} ticks in 10 s`);
});

test('48 cameras are read in one wake, which gives way after every half millisecond', (t) => {
  const beats = createBeats();
  const slots = startReadSlots(beats.deps);
  let reads = 0;
  for (let camera = 0; camera < 48; camera += 1) {
    slots.join(() => {
      reads += 1;
      beats.spend(0.4);
    });
  }
  beats.play(1);
  t.is(reads, 48);
  t.is(beats.gaveWay(), 23, 'two cameras a turn, the last without a need to');
});

test('what comes at the end of a wake comes after every read of it, in every wake', (t) => {
  const beats = createBeats();
  const slots = startReadSlots(beats.deps);
  const order: string[] = [];
  slots.afterWake(() => order.push('end'));
  for (const name of ['a', 'b', 'c']) {
    slots.join(() => {
      order.push(name);
      beats.spend(2);
    });
  }
  beats.play(251);
  t.deepEqual(order, ['a', 'b', 'c', 'end', 'a', 'b', 'c', 'end']);
});

test('a beat while the wake before still goes on is left out', (t) => {
  const beats = createBeats();
  const held: (() => void)[] = [];
  const slots = startReadSlots({ ...beats.deps, soon: (run) => held.push(run) });
  let reads = 0;
  for (let camera = 0; camera < 2; camera += 1) {
    slots.join(() => {
      reads += 1;
      beats.spend(2);
    });
  }
  beats.play(1000);
  t.is(reads, 1);
  held.pop()?.();
  t.is(reads, 2);
  beats.play(1);
  t.is(reads, 3);
});

test('who leaves while a wake gives way is not called in what is left of it', (t) => {
  const beats = createBeats();
  const held: (() => void)[] = [];
  const slots = startReadSlots({ ...beats.deps, soon: (run) => held.push(run) });
  const reads: string[] = [];
  slots.join(() => {
    reads.push('first');
    beats.spend(2);
  });
  const leave = slots.join(() => reads.push('second'));
  beats.play(1);
  leave();
  held.pop()?.();
  t.deepEqual(reads, ['first']);
});

test('who leaves is not called again, also in the middle of a wake, and may have joined twice', (t) => {
  const beats = createBeats();
  const slots = startReadSlots(beats.deps);
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
  const slots = startReadSlots(beats.deps);
  let calls = 0;
  slots.join(() => (calls += 1));
  await slots.stop();
  slots.join(() => (calls += 1));
  beats.play(1000);
  t.is(calls, 0);
});
