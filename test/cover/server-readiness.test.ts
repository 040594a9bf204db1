/** When checks of protected servers are taken, and what is told of them: once unfit, once fit again. */
import test from 'ava';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { SERVER_CHECKS } from '../../src/cover/server-checks.ts';
import {
  areChecksDue,
  CHECK_AGAIN_MS,
  CHECK_EVERY_MS,
  checkedResults,
  NEVER_CHECKED,
  SETTLED_MS,
  stepServerReadiness,
  unfitChecks,
  wasUnfit,
} from '../../src/cover/server-readiness.ts';
import type { CheckResult } from '../../src/cover/server-readiness.ts';
import { createRandom } from '../support/seeded-random.ts';

type Check = CheckResult['check'];
const LOOK_MS = 250;

/** Looks four times a second, as the service does, and takes what is due. */
function rig() {
  let state = NEVER_CHECKED;
  let [at, wall] = [0, 1_000_000];
  const servers = new Map([['r', new Map<Check, boolean>(SERVER_CHECKS.map((check) => [check, true]))]]);
  const told: string[] = [];
  let taken = 0;
  const look = (): void => {
    const serverIds = [...servers.keys()];
    if (!areChecksDue(state, serverIds, monotonicMs(at))) return;
    taken += 1;
    const results = [...servers].flatMap(([serverId, checks]) =>
      [...checks].map(([check, ok]) => ({ serverId, check, ok, message: `${taken}` })),
    );
    const next = stepServerReadiness(state, { at: monotonicMs(at), now: epochMs(wall), serverIds, results });
    state = next.state;
    for (const { serverId, check, ok } of next.changes) told.push(`${serverId} ${check} ${ok ? 'fit' : 'unfit'}`);
  };
  return {
    servers,
    told,
    set: (check: Check, ok: boolean | undefined, serverId = 'r') =>
      ok === undefined ? servers.get(serverId)?.delete(check) : servers.get(serverId)?.set(check, ok),
    during: (ms: number) => {
      for (let passed = 0; passed < ms; passed += LOOK_MS) {
        look();
        [at, wall] = [at + LOOK_MS, wall + LOOK_MS];
      }
    },
    jump: (ms: number) => {
      wall += ms;
    },
    stall: (ms: number) => {
      [at, wall] = [at + ms, wall + ms];
    },
    state: () => state,
    taken: () => taken,
    wall: () => wall,
  };
}
const MINUTE = 60_000;
/** A change is seen within a minute, and told when it has settled. */
const LONG_ENOUGH = CHECK_EVERY_MS + SETTLED_MS + 2 * CHECK_AGAIN_MS;

test('what is fit is checked once a minute, however often it is looked at, and nothing is told', (t) => {
  const { during, taken, told, state, wall } = rig();
  during(10 * MINUTE);
  t.is(taken(), 10);
  t.deepEqual(told, []);
  const results = checkedResults(state());
  t.deepEqual(
    results.map(({ check }) => check),
    [...SERVER_CHECKS],
  );
  t.true(results.every(({ checkedAt }) => wall() - checkedAt <= CHECK_EVERY_MS));
});

test('a check that fails is told once, and once when it is fit again', (t) => {
  const { set, during, told, state } = rig();
  during(MINUTE);
  set('backup', false);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['r backup unfit']);
  t.deepEqual(
    unfitChecks(state()).map(({ serverId, check, ok }) => ({ serverId, check, ok })),
    [{ serverId: 'r', check: 'backup', ok: false }],
  );
  t.true(wasUnfit(state(), { serverId: 'r', check: 'backup' }));
  t.false(wasUnfit(state(), { serverId: 'r', check: 'space' }));
  during(60 * MINUTE);
  t.deepEqual(told, ['r backup unfit'], 'not repeated');
  set('backup', true);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['r backup unfit', 'r backup fit']);
  t.deepEqual(unfitChecks(state()), []);
});

test('since when it is unfit is when that was seen first, not when it was told', (t) => {
  const { set, during, state, wall } = rig();
  during(MINUTE);
  set('space', false);
  const from = wall();
  during(LONG_ENOUGH);
  const since = unfitChecks(state())[0]?.since ?? 0;
  t.true(since >= from && since <= from + CHECK_EVERY_MS, `${since - from}`);
});

test('unfit at the start is told once it has settled; a first backup that comes meanwhile is no news', (t) => {
  const { set, during, told } = rig();
  set('backup', false);
  set('version', false);
  during(SETTLED_MS / 2);
  set('backup', true);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['r version unfit']);
});

test('what comes and goes faster than it settles is not told at all, or as one trouble', (t) => {
  const { set, during, told } = rig();
  during(MINUTE);
  for (let turn = 0; turn < 40; turn += 1) {
    set('space', turn % 2 === 0);
    during(SETTLED_MS / 2);
  }
  t.deepEqual(told, []);
  set('space', false);
  during(LONG_ENOUGH);
  for (let turn = 0; turn < 40; turn += 1) {
    set('space', turn % 2 === 0);
    during(SETTLED_MS / 2);
  }
  t.deepEqual(told, ['r space unfit']);
});

test('what cannot be known for a while keeps its result and its age', (t) => {
  const { set, during, told, state, wall } = rig();
  set('version', false);
  during(LONG_ENOUGH);
  const away = wall();
  set('version', undefined);
  during(60 * MINUTE);
  t.deepEqual(told, ['r version unfit']);
  const kept = checkedResults(state()).find(({ check }) => check === 'version');
  t.true((kept?.checkedAt ?? Infinity) <= away, 'it says how old it is');
  t.false(kept?.ok);
  set('version', true);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['r version unfit', 'r version fit']);
});

test('what was never known yet is asked for again soon, and is no result', (t) => {
  const { set, during, taken, state } = rig();
  set('clock', undefined);
  during(MINUTE);
  t.is(taken(), MINUTE / CHECK_AGAIN_MS);
  t.false(checkedResults(state()).some(({ check }) => check === 'clock'));
});

test('a clock that is set moves no schedule and tells nothing; the age follows it', (t) => {
  const { during, jump, taken, told, state, wall, set } = rig();
  set('space', false);
  during(LONG_ENOUGH);
  for (const days of [-1, 2, -400]) {
    const before = taken();
    jump(days * 86_400_000);
    during(10 * MINUTE);
    t.is(taken() - before, 10);
    const ages = checkedResults(state()).map(({ checkedAt }) => wall() - checkedAt);
    t.true(
      ages.every((age) => age >= 0 && age <= CHECK_EVERY_MS),
      ages.join(' '),
    );
  }
  t.deepEqual(told, ['r space unfit']);
});

test('after an hour in which the process did not run, it is checked at once, and one look is no settled trouble', (t) => {
  const { during, stall, taken, told, set } = rig();
  during(MINUTE);
  const before = taken();
  stall(60 * MINUTE);
  set('backup', false);
  during(LOOK_MS);
  t.is(taken(), before + 1);
  t.deepEqual(told, []);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['r backup unfit']);
});

test('a server that comes is checked at once, one that goes is forgotten without a word', (t) => {
  const { servers, during, taken, told, state, set } = rig();
  during(MINUTE + LOOK_MS);
  const before = taken();
  servers.set('s', new Map(SERVER_CHECKS.map((check) => [check, check !== 'space'])));
  during(LOOK_MS);
  t.is(taken(), before + 1);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['s space unfit']);
  servers.delete('s');
  during(LONG_ENOUGH);
  t.deepEqual(unfitChecks(state()), []);
  t.true(checkedResults(state()).every(({ serverId }) => serverId === 'r'));
  set('space', true);
  during(LONG_ENOUGH);
  t.deepEqual(told, ['s space unfit']);
});

test('whatever happens: of each check unfit and fit alternate, and nothing is told twice', (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = createRandom(seed);
    const { servers, during, jump, stall, set, told } = rig();
    for (let turn = 0; turn < 100; turn += 1) {
      const check = SERVER_CHECKS[Math.floor(random.next() * SERVER_CHECKS.length)] ?? 'space';
      set(check, [true, false, undefined][Math.floor(random.next() * 3)]);
      if (random.next() < 0.1) jump((random.next() - 0.5) * 1e9);
      if (random.next() < 0.1) stall(random.next() * 1e6);
      during(random.next() * 2 * MINUTE);
    }
    t.is(servers.size, 1);
    for (const check of SERVER_CHECKS) {
      const ofCheck = told.filter((one) => one.includes(` ${check} `));
      ofCheck.forEach((one, index) => t.is(one, `r ${check} ${index % 2 === 0 ? 'unfit' : 'fit'}`, `seed ${seed}`));
    }
  }
});
