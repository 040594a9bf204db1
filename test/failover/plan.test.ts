/** Who covers whom: the same on every server, fair, sticky, and with a reason for everybody who is left out. */
import test from 'ava';
import type { Member, PlanCamera } from '../../src/failover/plan-types.ts';
import { inNaturalOrder, planCover } from '../../src/failover/plan.ts';
import type { Plan, PlanRequest } from '../../src/failover/plan.ts';
import { rankedFor } from '../../src/failover/placement.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const member = (id: string, channels: number, more: Partial<Member> = {}): Member => ({
  id,
  channels,
  seats: Infinity,
  unreachable: new Set(),
  ...more,
});
const camera = (id: string, more: Partial<PlanCamera> = {}): PlanCamera => ({
  id,
  serverId: 'r1',
  name: id,
  priority: 'medium',
  ...more,
});
const cameras = (count: number, more: Partial<PlanCamera> = {}): PlanCamera[] =>
  Array.from({ length: count }, (_, index) =>
    camera(`${more.serverId ?? 'r1'}-${index}`, { name: `Cam ${index + 1}`, ...more }),
  );
const plan = (request: Partial<PlanRequest>): Plan =>
  planCover({
    members: [],
    cameras: [],
    present: new Map(),
    shortage: 'by-priority',
    oneServerAtATime: false,
    ...request,
  });
const share = ({ assigned }: Plan, id: string): number => [...assigned.values()].filter((owner) => owner === id).length;
const reasons = ({ notCovered }: Plan): readonly string[] =>
  notCovered.map(({ camera: { name }, cause }) => `${name}: ${cause}`);

test('cameras are shared out by free channels', (t) => {
  const result = plan({ members: [member('f1', 120), member('f2', 60), member('f3', 20)], cameras: cameras(100) });
  t.is(result.assigned.size, 100);
  const [one, two, three] = ['f1', 'f2', 'f3'].map((id) => share(result, id));
  t.true((one ?? 0) > 45 && (one ?? 0) < 75, `${one}`);
  t.true((two ?? 0) > 18 && (two ?? 0) < 45, `${two}`);
  t.true((three ?? 0) > 2 && (three ?? 0) <= 20, `${three}`);
});

test('every free channel is used before anybody is left out', (t) => {
  const result = plan({ members: [member('f1', 3), member('f2', 2)], cameras: cameras(9) });
  t.is(result.assigned.size, 5);
  t.is(result.notCovered.length, 4);
  t.true(result.notCovered.every(({ cause }) => cause === 'not-covered-channel'));
});

test('too few channels, by priority: high first, Never not at all', (t) => {
  const list = [
    camera('a', { priority: 'low' }),
    camera('b', { priority: 'never' }),
    camera('c', { priority: 'high' }),
    camera('d', { priority: 'medium' }),
  ];
  const result = plan({ members: [member('f1', 2)], cameras: list });
  t.deepEqual([...result.assigned.keys()].toSorted(), ['c', 'd']);
  t.deepEqual(reasons(result).toSorted(), ['a: not-covered-channel', 'b: not-covered-priority']);
});

test('too few channels, by name: the first in natural order', (t) => {
  const result = plan({ members: [member('f1', 3)], cameras: cameras(12).reverse(), shortage: 'by-name' });
  t.deepEqual([...result.assigned.keys()].toSorted(), ['r1-0', 'r1-1', 'r1-2']);
});

test('all or nothing: a server that does not fit is left out as a whole, the next one that fits is covered', (t) => {
  const list = [...cameras(5, { serverId: 'r1' }), ...cameras(3, { serverId: 'r2' })];
  const result = plan({ members: [member('f1', 2), member('f2', 2)], cameras: list, shortage: 'all-or-nothing' });
  t.deepEqual([...result.assigned.keys()].toSorted(), ['r2-0', 'r2-1', 'r2-2']);
  t.true(result.notCovered.every(({ cause }) => cause === 'not-covered-policy'));
});

test('all or nothing: one camera that nobody reaches leaves its server out', (t) => {
  const unreachable = new Set(['r1-1']);
  const result = plan({
    members: [member('f1', 9, { unreachable })],
    cameras: cameras(3),
    shortage: 'all-or-nothing',
  });
  t.is(result.assigned.size, 0);
  t.deepEqual(reasons(result), [
    'Cam 1: not-covered-policy',
    'Cam 2: not-reachable-from-failover',
    'Cam 3: not-covered-policy',
  ]);
});

test('the first to fail is taken first', (t) => {
  const list = [...cameras(4, { serverId: 'second' }), ...cameras(4, { serverId: 'a-later-one' })];
  const result = plan({ members: [member('f1', 5)], cameras: list, shortage: 'by-name' });
  t.is([...result.assigned.keys()].filter((id) => id.startsWith('second')).length, 4);
});

test('one server at a time: each failover server stays with one, and a later failure waits', (t) => {
  const list = [
    ...cameras(4, { serverId: 'r1' }),
    ...cameras(4, { serverId: 'r2' }),
    ...cameras(4, { serverId: 'r3' }),
  ];
  const members = [member('f1', 10), member('f2', 10)];
  const result = plan({ members, cameras: list, oneServerAtATime: true });
  const serversOf = (id: string) =>
    new Set([...result.assigned].filter(([, owner]) => owner === id).map(([key]) => key.split('-')[0]));
  t.is(serversOf('f1').size, 1);
  t.is(serversOf('f2').size, 1);
  t.is(result.assigned.size, 8, 'together where they fit');
  t.true(result.notCovered.every(({ cause }) => cause === 'not-covered-policy'));
});

test('seats of the licence bound what a server covers, and are the reason', (t) => {
  const result = plan({ members: [member('f1', 100, { seats: 2 })], cameras: cameras(3) });
  t.is(result.assigned.size, 2);
  t.deepEqual(reasons(result), ['Cam 3: not-covered-seat']);
});

test('a camera goes to a server that reaches it, and another makes way if that is the only room', (t) => {
  const onlyA = new Set(['r1-0', 'r1-1']);
  const members = [member('f1', 2), member('f2', 2, { unreachable: onlyA })];
  const result = plan({ members, cameras: cameras(4).reverse() });
  t.is(result.assigned.size, 4);
  t.is(result.assigned.get('r1-0'), 'f1');
  t.is(result.assigned.get('r1-1'), 'f1');
});

test('what nobody reaches is left out with that reason; with nobody there it is the channels', (t) => {
  const unreachable = new Set(['a']);
  const list = [camera('a')];
  t.deepEqual(reasons(plan({ members: [member('f1', 9, { unreachable })], cameras: list })), [
    'a: not-reachable-from-failover',
  ]);
  t.deepEqual(reasons(plan({ cameras: list })), ['a: not-covered-channel']);
});

test('what is recorded stays where it is when a failover server comes or goes', (t) => {
  const members = [member('f1', 64), member('f2', 64)];
  const before = plan({ members, cameras: cameras(60) });
  const joined = plan({ members: [...members, member('f0', 64)], cameras: cameras(60), present: before.assigned });
  t.deepEqual(new Map(joined.assigned), new Map(before.assigned));
  const left = plan({ members: [member('f1', 64)], cameras: cameras(60), present: before.assigned });
  for (const [id, owner] of before.assigned) if (owner === 'f1') t.is(left.assigned.get(id), 'f1');
});

test('a recorded camera of low priority makes way only when one of high priority has no channel', (t) => {
  const low = cameras(4, { serverId: 'r1', priority: 'low' });
  const high = cameras(2, { serverId: 'r2', priority: 'high' });
  const present = new Map(low.map(({ id }) => [id, 'f1']));
  const roomy = plan({ members: [member('f1', 6)], cameras: [...low, ...high], present });
  t.is(roomy.assigned.size, 6);
  const tight = plan({ members: [member('f1', 4)], cameras: [...low, ...high], present });
  t.true(high.every(({ id }) => tight.assigned.has(id)));
  t.is(tight.assigned.size, 4);
});

test('the order of members and of presents does not matter', (t) => {
  forSeeds(100, (random) => {
    const request = requestOf(random);
    const again = planCover({
      ...request,
      members: random.shuffle(request.members),
      present: new Map(random.shuffle([...request.present])),
    });
    const text = ({ assigned, notCovered }: Plan) =>
      JSON.stringify([
        [...assigned].map(([id, owner]) => `${id} ${owner}`).toSorted(),
        notCovered.map(({ camera: { id }, cause }) => [id, cause]),
      ]);
    if (text(planCover(request)) !== text(again)) throw new Error('differs');
  });
  t.pass();
});

test('random sites: nobody is over his room, reach is respected, everybody is assigned or named with a reason', (t) => {
  forSeeds(500, (random) => {
    const request = requestOf(random);
    const { assigned, notCovered } = planCover(request);
    const must = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(what);
    };
    must(assigned.size + notCovered.length === request.cameras.length, 'each camera once');
    must(
      notCovered.every(({ camera: { id } }) => !assigned.has(id)),
      'not both',
    );
    for (const { id, channels, seats, unreachable } of request.members) {
      const own = [...assigned].filter(([, owner]) => owner === id);
      must(own.length <= Math.min(channels, seats), 'room');
      must(
        own.every(([cameraId]) => !unreachable.has(cameraId)),
        'reach',
      );
    }
    must(
      request.cameras.every(({ id, priority }) => priority !== 'never' || !assigned.has(id)),
      'Never is never covered',
    );
  });
  t.pass();
});

function requestOf(random: Random): PlanRequest {
  const list = Array.from({ length: random.int(0, 4) }, (_, server) =>
    cameras(random.int(0, 12), { serverId: `r${server}` }).map((entry) => ({
      ...entry,
      priority: random.pick(['high', 'medium', 'low', 'never'] as const),
    })),
  ).flat();
  const members = Array.from({ length: random.int(0, 4) }, (_, index) =>
    member(`f${index}`, random.int(0, 16), {
      seats: random.chance(0.8) ? Infinity : random.int(0, 9),
      unreachable: new Set(list.filter(() => random.chance(0.2)).map(({ id }) => id)),
    }),
  );
  return {
    members,
    cameras: list,
    present: new Map(list.filter(() => random.chance(0.3)).map(({ id }) => [id, `f${random.int(0, 4)}`])),
    shortage: random.pick(['all-or-nothing', 'by-name', 'by-priority']),
    oneServerAtATime: random.chance(0.3),
  };
}

test('those who step in for a camera come in the same order everywhere, the planned one first', (t) => {
  const members = [member('f1', 8), member('f2', 8), member('f3', 8, { unreachable: new Set(['x']) }), member('f4', 0)];
  const ranks = rankedFor({ id: 'x' }, members, undefined);
  t.deepEqual(ranks, rankedFor({ id: 'x' }, members.toReversed(), undefined));
  t.deepEqual(ranks.toSorted(), ['f1', 'f2'], 'neither who cannot reach it nor who has no channel');
  t.is(rankedFor({ id: 'x' }, members, ranks[1])[0], ranks[1]);
});

test('names in the order in which people count', (t) => {
  const names = ['Cam 10', 'cam 2', 'Cam 1', 'Cam 02b', 'Aisle'].map((name) => ({ id: name, name }));
  t.deepEqual(
    inNaturalOrder(names).map(({ name }) => name),
    ['Aisle', 'Cam 1', 'cam 2', 'Cam 02b', 'Cam 10'],
  );
});
