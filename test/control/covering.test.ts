import test from 'ava';
import { createCovering, STEP_IN_MS } from '../../src/control/covering.ts';
import type { Covering, CoveringDeps, OtherMember } from '../../src/control/covering.ts';
import { createLog } from '../../src/core/log.ts';
import type { CoverService } from '../../src/cover/cover-service.ts';
import type { Refusal } from '../../src/cover/cover-types.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { NotCovered } from '../../src/failover/plan.ts';
import type { CameraSettings } from '../../src/site/camera.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { cameraOf, OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import { forSeeds } from '../support/seeded-random.ts';

const [R1, R2, OTHER] = [serverIdOf(11), serverIdOf(12), serverIdOf(2)] as const;
const main = (cameraId: string) => ({ cameraId, stream: 'main' }) as const;
const sub = (cameraId: string) => ({ cameraId, stream: 'sub' }) as const;

type Request = Parameters<CoverService['cover']>[0];
type Rig = {
  readonly covering: Covering;
  readonly clock: FakeClock;
  readonly covered: Request[];
  readonly released: string[];
  readonly lines: string[];
  readonly left: Map<string, readonly NotCovered[]>;
  others: OtherMember[];
  refused: readonly Refusal[];
  cameras: Map<string, CameraSettings[]>;
  channels: number;
  policy: ReturnType<CoveringDeps['failover']>;
};
function rigOf(): Rig {
  const clock = createFakeClock();
  const covered: Request[] = [];
  const released: string[] = [];
  const lines: string[] = [];
  const left = new Map<string, readonly NotCovered[]>();
  const rig = {
    others: [] as OtherMember[],
    refused: [] as readonly Refusal[],
    cameras: new Map([[R1, [cameraOf('cam-a'), cameraOf('cam-b')]]]),
    channels: 128,
    policy: { shortagePolicy: 'by-priority', oneServerAtATime: false } as ReturnType<CoveringDeps['failover']>,
  };
  const covering = createCovering({
    ownId: () => OWN_ID,
    unreachable: () => new Set(),
    cover: {
      cover: (request) => {
        covered.push(request);
        return rig.refused;
      },
      release: (serverId, streams) => {
        for (const { cameraId, stream } of streams) released.push(`${serverId} ${cameraId}/${stream}`);
      },
      channels: () => ({ max: rig.channels, used: 0 }),
      covered: () => [],
    },
    plan: planCover,
    others: () => rig.others,
    settingsOf: (serverId) => {
      const cameras = rig.cameras.get(serverId);
      return cameras && ({ cameras } as unknown as BackedUpSettings);
    },
    failover: () => rig.policy,
    epochFor: () => 300,
    onNotCovered: (serverId, list) => left.set(serverId, list),
    clock,
    log: createLog(
      'debug',
      (line) => lines.push(line),
      () => 0,
    ),
  });
  return Object.assign(rig, { covering, clock, covered, released, lines, left });
}
const newest = (covered: readonly Request[]): readonly string[] =>
  (covered.at(-1)?.streams ?? []).map(({ cameraId, stream }) => `${cameraId}/${stream}`);
const member = (more: Partial<OtherMember> = {}): OtherMember => ({
  id: OTHER,
  channels: 128,
  seats: Infinity,
  records: new Set(),
  ...more,
});

test('alone, everything that is wanted is covered at once, with the time since which footage may be missing', (t) => {
  const { covering, covered } = rigOf();
  covering.want(R1, [main('cam-a'), sub('cam-a'), main('cam-b')], 5000);
  t.deepEqual(newest(covered), ['cam-a/main', 'cam-a/sub', 'cam-b/main']);
  t.like(covered.at(-1), { serverId: R1, epoch: 300, lostFrom: 5000 });
});

test('what is wanted again keeps the time since when it was lost', (t) => {
  const { covering, covered } = rigOf();
  covering.want(R1, [main('cam-a')], 5000);
  covering.want(R1, [main('cam-a'), main('cam-b')], 9000);
  const froms = covered.slice(-2).map(({ lostFrom, streams }) => [lostFrom, streams.map(({ cameraId }) => cameraId)]);
  t.deepEqual(froms, [
    [5000, ['cam-a']],
    [9000, ['cam-b']],
  ]);
});

test('without a settings backup nothing can be covered, and nothing breaks', (t) => {
  const { covering, covered } = rigOf();
  t.notThrows(() => covering.want(R2, [main('cam-x')], 1));
  t.deepEqual(covered, []);
});

test('two failover servers share the cameras, and the plan for a failure says so beforehand', async (t) => {
  const rig = rigOf();
  const cameras = Array.from({ length: 20 }, (_, index) => cameraOf(`cam-${index}`));
  rig.cameras.set(R1, cameras);
  rig.others = [member()];
  // A plan is made for hours after the start too: nobody is overdue in it.
  await rig.clock.advance(3_600_000);
  const { assigned } = rig.covering.planFor([R1]);
  const mine = cameras.filter(({ id }) => assigned.get(id) === OWN_ID).length;
  t.true(mine > 0 && mine < 20, `${mine} of 20 here`);
  rig.covering.want(
    R1,
    cameras.map(({ id }) => main(id)),
    1,
  );
  t.deepEqual(
    newest(rig.covered),
    cameras.filter(({ id }) => assigned.get(id) === OWN_ID).map(({ id }) => `${id}/main`),
    'it is covered as planned',
  );
});

test('a camera that the other one was to cover is taken up when it is not seen recording in time', async (t) => {
  const rig = rigOf();
  const cameras = Array.from({ length: 20 }, (_, index) => cameraOf(`cam-${index}`));
  rig.cameras.set(R1, cameras);
  rig.others = [member()];
  rig.covering.want(
    R1,
    cameras.map(({ id }) => main(id)),
    1,
  );
  const theirs = cameras.filter(({ id }) => !newest(rig.covered).includes(`${id}/main`)).map(({ id }) => id);
  const [recorded = '', silent = ''] = theirs;
  rig.others = [member({ records: new Set(theirs.filter((id) => id !== silent)) })];
  await rig.clock.advance(STEP_IN_MS);
  rig.covering.review();
  t.false(newest(rig.covered).includes(`${silent}/main`), 'not before');
  await rig.clock.advance(1);
  rig.covering.review();
  t.true(newest(rig.covered).includes(`${silent}/main`));
  t.false(newest(rig.covered).includes(`${recorded}/main`), 'what is recorded elsewhere stays there');
});

test('when the other failover server goes, its share is covered here', (t) => {
  const rig = rigOf();
  rig.others = [member({ records: new Set(['cam-a', 'cam-b']) })];
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 1);
  t.deepEqual(rig.covered, []);
  rig.others = [];
  rig.covering.review();
  t.deepEqual(newest(rig.covered), ['cam-a/main', 'cam-b/main']);
});

test('cameras for which there is no channel are told with their reason', (t) => {
  const rig = rigOf();
  rig.cameras.set(R1, [cameraOf('cam-a', { priority: 'low' }), cameraOf('cam-b', { priority: 'high' })]);
  rig.cameras.set(R2, [cameraOf('cam-n', { priority: 'never' })]);
  rig.channels = 1;
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 1);
  t.deepEqual(newest(rig.covered), ['cam-b/main']);
  t.like(rig.left.get(R1)?.[0], { camera: { id: 'cam-a' }, cause: 'not-covered-channel' });
  rig.covering.want(R2, [main('cam-n')], 1);
  t.like(rig.left.get(R2)?.[0], { cause: 'not-covered-priority' });
  t.is(rig.covering.notCovered().length, 2);
});

test('released streams are wanted no more; a camera stays here while its other stream is wanted', (t) => {
  const rig = rigOf();
  rig.covering.want(R1, [main('cam-a'), sub('cam-a')], 1);
  rig.covering.release(R1, [sub('cam-a')]);
  // The other one has become the better place; what is recorded here stays here.
  rig.others = [member({ records: new Set(['cam-a']) })];
  rig.covering.review();
  t.deepEqual(newest(rig.covered), ['cam-a/main']);
  rig.covering.release(R1, [main('cam-a')]);
  const before = rig.covered.length;
  rig.covering.review();
  t.is(rig.covered.length, before);
  t.deepEqual(rig.released, [`${R1} cam-a/sub`, `${R1} cam-a/main`]);
  t.notThrows(() => rig.covering.release(R2, [main('cam-x')]));
});

test('a camera that cannot be covered is said once, not with every review', (t) => {
  const rig = rigOf();
  const cause = 'not-reachable-from-failover';
  rig.refused = [{ ...main('cam-a'), serverId: R1, cause, message: 'It pushes to the failed server.' }];
  rig.covering.want(R1, [main('cam-a')], 1);
  for (let times = 0; times < 20; times += 1) rig.covering.review();
  const said = (): number => rig.lines.filter((line) => line.includes('camera not covered')).length;
  t.is(said(), 1);
  rig.refused = [];
  rig.covering.review();
  rig.refused = [{ ...main('cam-a'), serverId: R1, cause, message: 'It pushes to the failed server.' }];
  rig.covering.review();
  t.is(said(), 2);
});

test('whatever is wanted and released while others come and go: what is wanted and ours is covered, nothing else', (t) => {
  forSeeds(60, (random, seed) => {
    const rig = rigOf();
    const cameras = Array.from({ length: 8 }, (_, index) => cameraOf(`cam-${index}`));
    rig.cameras.set(R1, cameras.slice(0, 4));
    rig.cameras.set(R2, cameras.slice(4));
    const wanted = new Set<string>();
    for (let turn = 0; turn < 40; turn += 1) {
      const index = random.int(0, 7);
      const [server, stream] = [index < 4 ? R1 : R2, main(`cam-${index}`)];
      const records = cameras.filter(() => random.chance(0.2)).map(({ id }) => id);
      rig.others = random.chance(0.5) ? [member({ channels: random.int(0, 8), records: new Set(records) })] : [];
      rig.channels = random.int(0, 8);
      rig.covered.length = 0;
      if (random.chance(0.6)) {
        wanted.add(`cam-${index}`);
        rig.covering.want(server, [stream], turn);
      } else {
        wanted.delete(`cam-${index}`);
        rig.covering.release(server, [stream]);
        rig.covering.review();
      }
      const asked = rig.covered.flatMap(({ streams }) => streams.map(({ cameraId }) => cameraId));
      t.true(
        asked.every((cameraId) => wanted.has(cameraId)),
        `seed ${seed}`,
      );
      t.true(asked.length <= Math.max(rig.channels, 0) || rig.others.length > 0, `seed ${seed}: ${asked.length}`);
    }
  });
});
