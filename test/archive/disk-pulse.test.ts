import test from 'ava';
import { WAITING_AFTER_MS, createDiskPulse } from '../../src/archive/disk-pulse.ts';
import { monotonicMs } from '../../src/core/units.ts';
import { forSeeds } from '../support/seeded-random.ts';

/** A disk that works as a test says, and a timer that is late as a test says. */
function createDisk() {
  let now = 0;
  let steps = 1;
  let handedOver: number[] = [];
  /** When a call came back, or the first one was handed over. */
  let lastSign = 0;
  let timer: { due: number; readonly period: number; readonly run: () => void } | undefined;
  const told: string[] = [];
  const pulse = createDiskPulse({
    clock: {
      monotonic: () => monotonicMs(now),
      every: (period, run) => {
        const own = { due: now + period, period, run };
        timer = own;
        return () => {
          if (timer === own) timer = undefined;
        };
      },
    },
    steps: () => steps,
    oldest: () => (handedOver[0] === undefined ? undefined : monotonicMs(handedOver[0])),
    onChange: (waiting) => told.push(`${now} ${waiting ? 'waits' : 'goes on'}`),
  });
  return {
    told,
    now: () => now,
    isLooking: () => timer !== undefined,
    isWaiting: () => told.at(-1)?.endsWith('waits') === true,
    pending: () => handedOver.length,
    stuckMs: () => (handedOver.length === 0 ? 0 : now - lastSign),
    submit: (): void => {
      if (handedOver.length === 0) lastSign = now;
      handedOver.push(now);
      pulse.expect();
    },
    /** One call came back. */
    step: (): void => {
      steps += 1;
      lastSign = now;
    },
    answer: (): void => {
      steps += 1;
      lastSign = now;
      handedOver = handedOver.slice(1);
    },
    notYetBegun: (): void => void (steps = 0),
    begin: (): void => void (steps = 1),
    wait: (ms: number): void => {
      const until = now + ms;
      for (let due = timer; due !== undefined && due.due <= until; due = timer) {
        now = due.due;
        due.due += due.period;
        due.run();
      }
      now = until;
    },
    /** Nothing of the process runs, then the timer comes once. */
    pause: (ms: number): void => {
      now += ms;
      if (timer === undefined) return;
      timer.due = now + timer.period;
      timer.run();
    },
    stop: pulse.stop,
  };
}

test('a call that does not come back within 950 ms is told, and told again when all is answered', (t) => {
  const disk = createDisk();
  disk.submit();
  disk.wait(900);
  t.deepEqual(disk.told, []);
  disk.wait(2100);
  t.deepEqual(disk.told, ['950 waits']);
  disk.answer();
  disk.wait(50);
  t.deepEqual(disk.told, ['950 waits', '3050 goes on']);
  t.false(disk.isLooking(), 'nobody looks at an idle disk');
});

test('a write that takes 900 ms is nothing, however often', (t) => {
  const disk = createDisk();
  for (let turn = 0; turn < 20; turn += 1) {
    disk.submit();
    disk.wait(900);
    disk.answer();
    disk.wait(turn * 7);
  }
  t.deepEqual(disk.told, []);
});

test('a large batch on a slow disk is nothing while one call after the other comes back', (t) => {
  const disk = createDisk();
  disk.submit();
  for (let call = 0; call < 48; call += 1) {
    disk.wait(400);
    disk.step();
  }
  t.deepEqual(disk.told, []);
});

test('waiting is over when what waited behind the call is answered, not with the first call', (t) => {
  const disk = createDisk();
  disk.submit();
  disk.wait(500);
  disk.submit();
  disk.wait(2500);
  disk.answer();
  disk.wait(300);
  t.deepEqual(disk.told, ['950 waits'], 'the second batch is 2.8 s old');
  disk.answer();
  disk.submit();
  disk.wait(50);
  t.deepEqual(disk.told, ['950 waits', '3350 goes on']);
});

test('a pause of the whole process is not held against the disk', (t) => {
  const disk = createDisk();
  disk.submit();
  disk.wait(100);
  disk.pause(30_000);
  t.deepEqual(disk.told, []);
  disk.wait(750);
  t.deepEqual(disk.told, [], 'of its own time 900 ms have passed');
  disk.wait(50);
  t.is(disk.told.length, 1, 'hanging all along it is told nevertheless');
});

test('a thread that has not begun yet is not taken for a disk that hangs', (t) => {
  const disk = createDisk();
  disk.notYetBegun();
  disk.submit();
  disk.wait(15_000);
  t.deepEqual(disk.told, []);
  disk.begin();
  disk.wait(1100);
  t.is(disk.told.length, 1);
});

test('after stop nobody looks', (t) => {
  const disk = createDisk();
  disk.submit();
  disk.stop();
  disk.wait(5000);
  t.deepEqual(disk.told, []);
});

test('whatever a disk does: told soon when nothing comes back, never while something does, and not for ever', (t) => {
  forSeeds(200, (random, seed) => {
    const disk = createDisk();
    for (let turn = 0; turn < 120; turn += 1) {
      random.pick([disk.submit, disk.submit, disk.answer, disk.answer, disk.step])();
      const before = disk.told.length;
      disk.wait(random.chance(0.1) ? random.int(800, 4000) : random.int(1, 400));
      const begins = disk.told.slice(before).some((line) => line.endsWith('waits'));
      const stuck = disk.stuckMs();
      if (stuck < WAITING_AFTER_MS) t.false(begins, `seed ${seed}: told after ${stuck} ms`);
      if (stuck >= WAITING_AFTER_MS + 100) t.true(disk.isWaiting(), `seed ${seed}: not told after ${stuck} ms`);
    }
    while (disk.pending() > 0) disk.answer();
    disk.wait(100);
    t.false(disk.isWaiting() || disk.isLooking(), `seed ${seed}`);
  });
});
