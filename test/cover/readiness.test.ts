/** When it is told that a camera is not as ready as it should be, and that it is again. */
import test from 'ava';
import type { StandbyView } from '../../src/cover/cover-types.ts';
import {
  ALL_READY,
  NOT_READY_AFTER_MS,
  READY_AGAIN_AFTER_MS,
  stepReadiness,
  toldOf,
} from '../../src/cover/readiness.ts';
import type { Readiness } from '../../src/cover/readiness.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { R1 } from './cover-rig.ts';

const viewOf = (more: Partial<StandbyView> = {}): StandbyView => ({
  serverId: R1,
  cameraId: 'door',
  level: 'hot',
  actual: 'cold',
  message: 'no session left',
  inUse: false,
  ...more,
});
/** A view each second; what is told, and in which second. `r` ready, `w` only warm, `x` cold, `u` in use, `-` not wanted. */
function play(letters: string, from: Readiness = ALL_READY): readonly string[] {
  const told: string[] = [];
  let readiness = from;
  letters.split('').forEach((letter, second) => {
    const actual = letter === 'r' ? 'hot' : letter === 'w' ? 'warm' : 'cold';
    const views = letter === '-' ? [] : [viewOf({ actual, inUse: letter === 'u' })];
    const step = stepReadiness(readiness, views, second * 1000);
    ({ readiness } = step);
    told.push(...step.remarks.map(({ code }) => `${second}s ${code}`));
  });
  return told;
}

test('a camera that does not become ready is told once after 15 s, and once when it has been ready for as long', (t) => {
  t.deepEqual(play(`${'x'.repeat(40)}${'r'.repeat(40)}`), ['15s cover/not-ready', '55s cover/ready-again']);
  t.deepEqual(play('w'.repeat(40)), ['15s cover/not-ready'], 'warm is not hot');
  const { remarks } = stepReadiness(
    new Map([['door', { since: 0, isReady: false, isTold: false }]]),
    [viewOf()],
    15_000,
  );
  t.like(remarks[0], { severity: 'warning', serverId: R1, cameraId: 'door' });
  t.regex(remarks[0]?.message ?? '', /should be hot and is cold: no session left/);
});

test('what takes less than 15 s is not told; what comes and goes is one trouble', (t) => {
  t.deepEqual(play(`${'x'.repeat(14)}${'r'.repeat(20)}${'x'.repeat(14)}r`), []);
  t.deepEqual(play(`${'x'.repeat(20)}${'rrrrrxxxxx'.repeat(20)}${'r'.repeat(20)}`), [
    '15s cover/not-ready',
    '235s cover/ready-again',
  ]);
});

test('while it is covered or rehearsed nothing is judged, and afterwards it has its 15 s again', (t) => {
  t.deepEqual(play(`${'x'.repeat(10)}${'u'.repeat(60)}${'x'.repeat(14)}${'r'.repeat(5)}`), []);
  t.deepEqual(play(`${'x'.repeat(16)}${'u'.repeat(60)}${'r'.repeat(20)}`), [
    '15s cover/not-ready',
    '91s cover/ready-again',
  ]);
});

test('what was told in other words is not told again, but that it is over is', (t) => {
  t.deepEqual(play(`${'x'.repeat(30)}${'r'.repeat(20)}`, toldOf(ALL_READY, 'door', 0)), ['45s cover/ready-again']);
});

test('a camera that nobody wants ready any more is forgotten without a word', (t) => {
  t.deepEqual(play(`${'x'.repeat(20)}-${'x'.repeat(15)}${'r'.repeat(15)}`), ['15s cover/not-ready']);
});

test('whatever comes: trouble and its end alternate, and no sooner than they may', (t) => {
  forSeeds(50, (random, seed) => {
    let readiness = ALL_READY;
    let [at, last, lastAt] = [0, 'cover/ready-again', -Infinity];
    let view = viewOf();
    for (let step = 0; step < 500; step += 1) {
      at += random.int(200, 4000);
      if (random.chance(0.1))
        view = viewOf({ actual: random.pick(['cold', 'warm', 'hot']), inUse: random.chance(0.2) });
      const next = stepReadiness(readiness, [view], at);
      ({ readiness } = next);
      for (const { code } of next.remarks) {
        const isTooSoon = at - lastAt < Math.min(NOT_READY_AFTER_MS, READY_AGAIN_AFTER_MS);
        if (code === last || isTooSoon) throw new Error(`seed ${seed}: ${code} at ${at}`);
        [last, lastAt] = [code, at];
      }
    }
  });
  t.pass();
});
