import test from 'ava';
import { planOfSite } from '../../src/control/site-plan.ts';
import type { SitePlanFacts, SiteServer, SiteSpare } from '../../src/control/site-plan.ts';
import type { ReportedCamera } from '../../src/site/member-report.ts';

const cameraOf = (id: string, more: Partial<ReportedCamera> = {}): ReportedCamera => ({
  id,
  name: id,
  priority: 'medium',
  standbyLevel: 'warm',
  recording: true,
  ...more,
});
const serverOf = (id: string, cameras: number, more: Partial<ReportedCamera> = {}): SiteServer => ({
  id,
  name: id.toUpperCase(),
  cameras: Array.from({ length: cameras }, (_, index) => cameraOf(`${id}-${index}`, more)),
});
const spareOf = (id: string, more: Partial<SiteSpare> = {}): SiteSpare => ({
  id,
  name: id.toUpperCase(),
  channels: 128,
  seats: Infinity,
  unreachable: [],
  protects: () => true,
  covering: new Map(),
  ...more,
});
const factsOf = (servers: readonly SiteServer[], spares: readonly SiteSpare[]): SitePlanFacts => ({
  servers,
  spares,
  shortage: 'by-priority',
  oneServerAtATime: false,
});
type View = ReturnType<typeof planOfSite>;
const camerasOf = ({ servers }: View): View['servers'][number]['cameras'] => servers.flatMap(({ cameras }) => cameras);

test('every camera that is recorded has somebody, and every failover server tells how many', (t) => {
  const idle = { ...serverOf('r3', 2, { recording: false }) };
  const view = planOfSite(
    factsOf([serverOf('r1', 10), serverOf('r2', 10), idle], [spareOf('f1'), spareOf('f2')]),
    undefined,
  );
  const recorded = camerasOf(view).filter(({ recording }) => recording);
  t.is(recorded.length, 20);
  t.true(recorded.every(({ coveredBy }) => coveredBy === 'f1' || coveredBy === 'f2'));
  t.true(camerasOf(view).every(({ recording, coveredBy }) => recording || coveredBy === undefined));
  t.is(
    view.spares?.reduce((sum, { assigned }) => sum + assigned, 0),
    20,
  );
});

test('what if these die now: of the asked ones only, and no failover server that dies too', (t) => {
  const facts = factsOf([serverOf('r1', 4), serverOf('r2', 4)], [spareOf('f1'), spareOf('f2')]);
  const view = planOfSite(facts, ['r2', 'f1']);
  t.deepEqual(
    view.servers.map(({ serverId }) => serverId),
    ['r2'],
  );
  t.true(camerasOf(view).every(({ coveredBy }) => coveredBy === 'f2'));
  t.deepEqual(
    view.spares?.map(({ serverId }) => serverId),
    ['f2'],
  );
});

test('when all failover servers die nothing is covered, and it says so', (t) => {
  const view = planOfSite(factsOf([serverOf('r1', 2)], [spareOf('f1')]), ['r1', 'f1']);
  t.deepEqual(
    camerasOf(view).map(({ cause, detail }) => [cause, detail]),
    Array.from({ length: 2 }, () => ['not-covered-channel', 'No failover server is there.']),
  );
});

test('what is covered now stays where it is, whoever else fails; cameras of a dead failover server go to others', (t) => {
  const covering = new Map([['r1', ['r1-0', 'r1-1', 'r1-2']]]);
  const facts = factsOf([serverOf('r1', 3), serverOf('r2', 30)], [spareOf('f1', { covering }), spareOf('f2')]);
  const view = planOfSite(facts, ['r2']);
  t.deepEqual(
    view.servers.map(({ serverId }) => serverId),
    ['r1', 'r2'],
    'it failed before the others',
  );
  t.true(
    camerasOf(view)
      .slice(0, 3)
      .every(({ coveredBy }) => coveredBy === 'f1'),
  );
  const without = planOfSite(facts, ['f1', 'r1']);
  t.true(camerasOf(without).every(({ coveredBy }) => coveredBy === 'f2'));
});

test('the lists of the site are kept, and one that nobody has in his list says so', (t) => {
  const only =
    (...ids: readonly string[]) =>
    (serverId: string): boolean =>
      ids.includes(serverId);
  const facts = factsOf(
    [serverOf('r1', 3), serverOf('r2', 3), serverOf('r3', 1), serverOf('r4', 1, { priority: 'never' })],
    [spareOf('f1', { protects: only('r1') }), spareOf('f2', { protects: only('r2') })],
  );
  const view = planOfSite(facts, undefined);
  t.deepEqual(
    camerasOf(view).map(({ coveredBy }) => coveredBy),
    ['f1', 'f1', 'f1', 'f2', 'f2', 'f2', undefined, undefined],
  );
  t.deepEqual(
    camerasOf(view)
      .slice(6)
      .map(({ cause, detail }) => [cause, detail]),
    [
      ['not-reachable-from-failover', 'No failover server that is there has this server in its list.'],
      ['not-covered-priority', 'Its priority is Never.'],
    ],
  );
});

test('channels, seats and reach bound it, each with its reason', (t) => {
  const causes = (spare: Partial<SiteSpare>): readonly (string | undefined)[] => [
    ...new Set(
      camerasOf(planOfSite(factsOf([serverOf('r1', 5)], [spareOf('f1', spare)]), undefined)).map(({ cause }) => cause),
    ),
  ];
  t.deepEqual(causes({ channels: 3 }), [undefined, 'not-covered-channel']);
  t.deepEqual(causes({ seats: 3 }), [undefined, 'not-covered-seat']);
  t.deepEqual(causes({ unreachable: ['r1-4'] }), [undefined, 'not-reachable-from-failover']);
});

test('a server whose cameras are not known is shown as that', (t) => {
  const view = planOfSite(factsOf([{ id: 'r1', name: 'R1', cameras: undefined }], [spareOf('f1')]), undefined);
  t.like(view.servers[0], { unknown: true, cameras: [] });
});
