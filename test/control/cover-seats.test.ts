/** Seats of the licence where covers begin: the policies of product C3, and that nothing that runs is stopped. */
import test from 'ava';
import { seatsOrCovered, withinSeats } from '../../src/control/cover-seats.ts';
import type { Ranks } from '../../src/control/cover-seats.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { PlanCamera } from '../../src/failover/plan-types.ts';
import { createRandom } from '../support/seeded-random.ts';

const OWN = 'own';
const cameraOf = (id: string, priority: PlanCamera['priority'] = 'medium', serverId = 'r1'): PlanCamera => ({
  id,
  serverId,
  name: id,
  priority,
});
const CAMERAS = [cameraOf('a'), cameraOf('b', 'high'), cameraOf('c', 'low')];
const FIRST: Ranks = { a: [OWN, 'f2'], b: [OWN], c: [OWN] };
const here = (seats: number, held: readonly string[] = [], cameras = CAMERAS) => ({
  ownId: OWN,
  seats,
  held: new Set(held),
  cameras,
});

test('without a limit nothing is changed', (t) => {
  t.deepEqual(withinSeats(FIRST, here(Infinity)), { ranks: FIRST, left: [] });
  t.deepEqual(withinSeats(FIRST, here(3)).ranks, FIRST);
});

test('important cameras get the seats; the others are left to others, or told as left out', (t) => {
  const { ranks, left } = withinSeats(FIRST, here(1));
  t.deepEqual(ranks, { a: ['f2'], b: [OWN], c: [] });
  t.deepEqual(
    left.map(({ camera, cause }) => `${camera.id} ${cause}`),
    ['c not-covered-seat'],
  );
});

test('where it would be second it steps in only with a seat that nothing else needs', (t) => {
  const ranks = { a: ['f2', OWN], b: ['f2', OWN], c: [OWN] };
  t.deepEqual(withinSeats(ranks, here(2)).ranks, { a: ['f2'], b: ['f2', OWN], c: [OWN] });
});

test('what is recorded keeps its seat, and takes none from nobody twice', (t) => {
  t.deepEqual(withinSeats(FIRST, here(2, ['a', 'c'])).ranks, { ...FIRST, b: [] });
  t.deepEqual(withinSeats(FIRST, here(0, ['a', 'c'])).ranks, { ...FIRST, b: [] });
  t.deepEqual(withinSeats(FIRST, here(3, ['a', 'c'])).ranks, FIRST);
});

test('an expired licence leaves a server the seats of what it records', (t) => {
  t.is(seatsOrCovered(0, 4), 4);
  t.is(seatsOrCovered(9, 4), 9);
  t.is(seatsOrCovered(Infinity, 4), Infinity);
});

const NONE: ReadonlySet<string> = new Set();
const FIVE = [
  cameraOf('Cam 10', 'low'),
  cameraOf('Cam 2', 'high'),
  cameraOf('Cam 1', 'medium'),
  cameraOf('Cam 3', 'medium'),
  cameraOf('Cam 4', 'never'),
];
for (const [shortage, seats, expected] of [
  ['by-name', 2, 'Cam 1, Cam 2'],
  ['by-priority', 2, 'Cam 1, Cam 2'],
  ['by-priority', 1, 'Cam 2'],
  ['by-name', 1, 'Cam 1'],
  ['all-or-nothing', 3, ''],
  ['all-or-nothing', 4, 'Cam 1, Cam 10, Cam 2, Cam 3'],
] as const)
  test(`${seats} seats and the policy ${shortage} cover ${expected || 'nothing'}`, (t) => {
    const members = [{ id: OWN, channels: 128, seats, unreachable: NONE }];
    const { assigned, notCovered } = planCover({
      members,
      cameras: FIVE,
      present: new Map(),
      shortage,
      oneServerAtATime: false,
    });
    t.is([...assigned.keys()].toSorted().join(', '), expected);
    if (shortage !== 'all-or-nothing' && seats < 4)
      t.true(notCovered.some(({ cause, detail }) => cause === 'not-covered-seat' && /licence/.test(detail)));
  });

test('500 seats make no more than the 128 channels of a server (product C1)', (t) => {
  const cameras = Array.from({ length: 200 }, (_, index) => cameraOf(`c${index}`));
  const members = [{ id: OWN, channels: 128, seats: 500, unreachable: NONE }];
  const { assigned, notCovered } = planCover({
    members,
    cameras,
    present: new Map(),
    shortage: 'by-priority',
    oneServerAtATime: false,
  });
  t.is(assigned.size, 128);
  t.true(notCovered.every(({ cause }) => cause === 'not-covered-channel'));
});

test('whatever happens, no more begins than there are seats, and nothing that runs loses its place', (t) => {
  const random = createRandom(5);
  for (let turn = 0; turn < 400; turn += 1) {
    const cameras = Array.from({ length: random.int(1, 12) }, (_, index) =>
      cameraOf(`c${index}`, random.pick(['high', 'medium', 'low'])),
    );
    const ranks = Object.fromEntries(
      cameras.map(({ id }) => [id, random.shuffle([OWN, 'f2', 'f3']).slice(0, random.int(0, 3))]),
    );
    const held = cameras.map(({ id }) => id).filter(() => random.chance(0.3));
    const seats = random.int(0, 12);
    const result = withinSeats(ranks, here(seats, held, cameras));
    const begun = cameras.filter(({ id }) => !held.includes(id) && result.ranks[id]?.includes(OWN) === true);
    t.true(begun.length <= Math.max(0, seats - held.length));
    for (const id of held) t.deepEqual(result.ranks[id], ranks[id]);
    for (const { camera } of result.left) t.deepEqual(result.ranks[camera.id], []);
  }
});
