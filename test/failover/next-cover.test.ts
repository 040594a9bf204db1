/** Who would cover a camera if the failover server that covers it died: somebody else with room, and the one who then steps in. */
import test from 'ava';
import { nextCovers, nextHere } from '../../src/failover/next-cover.ts';
import type { Member, PlanCamera } from '../../src/failover/plan-types.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { PlanRequest } from '../../src/failover/plan.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const member = (id: string, channels: number, more: Partial<Member> = {}): Member => ({
  id,
  channels,
  seats: Infinity,
  unreachable: new Set(),
  ...more,
});
const cameras = (count: number, more: Partial<PlanCamera> = {}): PlanCamera[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${more.serverId ?? 'r1'}-${index}`,
    serverId: 'r1',
    name: `Cam ${index + 1}`,
    priority: 'medium',
    ...more,
  }));
const requestOf = (more: Partial<PlanRequest>): PlanRequest => ({
  members: [],
  cameras: [],
  present: new Map(),
  shortage: 'by-priority',
  oneServerAtATime: false,
  ...more,
});
const idsOf = (list: readonly PlanCamera[]): ReadonlySet<string> => new Set(list.map(({ id }) => id));
const heldBy = (list: readonly PlanCamera[], id: string): ReadonlyMap<string, string> =>
  new Map(list.map((camera) => [camera.id, id]));

test('of two failover servers the other one is next, of hot cameras that are recorded only', (t) => {
  const list = cameras(4);
  const request = requestOf({
    members: [member('f1', 8), member('f2', 8)],
    cameras: list,
    present: heldBy(list.slice(0, 3), 'f1'),
  });
  t.deepEqual(
    [...nextCovers(request, new Set(['r1-0', 'r1-1', 'r1-3']))],
    [
      ['r1-0', 'f2'],
      ['r1-1', 'f2'],
    ],
  );
});

test('nobody is next where nobody else is there, reaches the camera, or has room', (t) => {
  const list = cameras(3);
  const present = heldBy(list, 'f1');
  const nextOf = (other: readonly Member[]): readonly string[] => [
    ...nextCovers(requestOf({ members: [member('f1', 8), ...other], cameras: list, present }), idsOf(list)).keys(),
  ];
  t.deepEqual(nextOf([]), []);
  t.deepEqual(nextOf([member('f2', 8, { unreachable: new Set(['r1-1']) })]), ['r1-0', 'r1-2']);
  t.deepEqual(nextOf([member('f2', 2)]), ['r1-0', 'r1-1'], 'as many as it has channels');
  t.deepEqual(nextOf([member('f2', 8, { seats: 1 })]), ['r1-0'], 'and seats');
});

test('what is to be covered has its channel before what is only kept hot, and an important camera before the others', (t) => {
  const [low, high] = [cameras(2, { priority: 'low' }), cameras(1, { serverId: 'r2', priority: 'high' })];
  const waiting = cameras(1, { serverId: 'r3' });
  const request = requestOf({
    members: [member('f1', 3), member('f2', 2)],
    cameras: [...low, ...high, ...waiting],
    present: heldBy([...low, ...high], 'f1'),
  });
  t.deepEqual([...nextCovers(request, idsOf(request.cameras))], [['r2-0', 'f2']]);
});

test('with one server at a time the cameras of a server have the same next one, which serves no other', (t) => {
  const [one, two] = [cameras(4), cameras(4, { serverId: 'r2' })];
  const request = requestOf({
    members: ['f1', 'f2', 'f3'].map((id) => member(id, 8)),
    cameras: [...one, ...two],
    present: new Map([...heldBy(one, 'f1'), ...heldBy(two, 'f2')]),
    oneServerAtATime: true,
  });
  const next = nextCovers(request, idsOf(request.cameras));
  t.deepEqual(new Set(next.values()), new Set(['f3']));
  t.is(new Set([...next.keys()].map((id) => id.split('-')[0])).size, 1);
});

test('random sites: never who records it, reach and room are respected, and the order of members says nothing', (t) => {
  forSeeds(500, (random) => {
    const request = randomRequest(random, random.pick([4, 16]));
    const hot = new Set(request.cameras.filter(() => random.chance(0.6)).map(({ id }) => id));
    const next = nextCovers(request, hot);
    const { assigned } = planCover(request);
    const must = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(what);
    };
    for (const [id, memberId] of next) {
      must(hot.has(id) && request.present.has(id), 'hot and recorded');
      must(request.present.get(id) !== memberId, 'never who records it');
    }
    for (const { id, channels, seats, unreachable } of request.members) {
      const extra = [...next].filter(([cameraId, owner]) => owner === id && assigned.get(cameraId) !== id);
      const own = [...assigned.values()].filter((owner) => owner === id);
      must(own.length + extra.length <= Math.min(channels, seats), 'room');
      must(!extra.some(([cameraId]) => unreachable.has(cameraId)), 'reach');
    }
    const again = nextCovers({ ...request, members: random.shuffle(request.members) }, hot);
    must(JSON.stringify([...again]) === JSON.stringify([...next]), 'the same everywhere');
  });
  t.pass();
});

test('random sites with room for all: the next one is the one that covers when who records now is gone', (t) => {
  forSeeds(300, (random) => {
    const request = { ...randomRequest(random, 200), oneServerAtATime: false };
    const next = nextCovers(request, idsOf(request.cameras));
    for (const { id: dead } of request.members) {
      const members = request.members.filter(({ id }) => id !== dead);
      const present = new Map([...request.present].filter(([, holder]) => holder !== dead));
      const after = planCover({ ...request, members, present });
      for (const [cameraId, holder] of request.present)
        if (holder === dead && next.get(cameraId) !== after.assigned.get(cameraId)) throw new Error(cameraId);
    }
  });
  t.pass();
});

test('while nobody is heard to record a camera, or this server does by now, it stays next for what it was', (t) => {
  const list = cameras(2);
  const members = [member('f1', 8), member('f2', 8)];
  const look = (present: ReadonlyMap<string, string>, before: readonly string[], hot = idsOf(list)) => [
    ...nextHere({
      ownId: 'f2',
      request: requestOf({ members, cameras: list, present }),
      hot,
      before: new Set(before),
    }),
  ];
  t.deepEqual(look(heldBy(list, 'f1'), []), ['r1-0', 'r1-1']);
  t.deepEqual(look(new Map(), ['r1-0']), ['r1-0']);
  t.deepEqual(look(heldBy(list, 'f2'), ['r1-0']), ['r1-0']);
  t.deepEqual(look(heldBy(list, 'f1'), ['r1-0', 'r1-1'], new Set()), [], 'its own server is back');
});

function randomRequest(random: Random, mostChannels: number): PlanRequest {
  const list = Array.from({ length: random.int(0, 4) }, (_, server) =>
    cameras(random.int(0, 12), { serverId: `r${server}` }).map((entry) => ({
      ...entry,
      priority: random.pick(['high', 'medium', 'low'] as const),
    })),
  ).flat();
  const isAmple = mostChannels > 100;
  const members = Array.from({ length: random.int(1, 5) }, (_, index) =>
    member(`f${index}`, isAmple ? mostChannels : random.int(0, mostChannels), {
      seats: isAmple || random.chance(0.8) ? Infinity : random.int(0, 9),
      unreachable: new Set(isAmple ? [] : list.filter(() => random.chance(0.2)).map(({ id }) => id)),
    }),
  );
  return requestOf({
    members,
    cameras: list,
    present: new Map(
      list.filter(() => random.chance(0.6)).map(({ id }) => [id, random.pick(members.map((one) => one.id))]),
    ),
    shortage: isAmple ? 'by-priority' : random.pick(['all-or-nothing', 'by-name', 'by-priority']),
    oneServerAtATime: random.chance(0.3),
  });
}
