import test from 'ava';
import { createCovering } from '../../src/control/covering.ts';
import type { OtherMember } from '../../src/control/cover-request.ts';
import type { Covering, CoveringDeps } from '../../src/control/covering.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createLog } from '../../src/core/log.ts';
import type { CoverService } from '../../src/cover/cover-service.ts';
import type { Refusal } from '../../src/cover/cover-types.ts';
import { RANK_STEP_MS } from '../../src/failover/claim-decisions.ts';
import type { SavedClaims } from '../../src/failover/claims.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { CameraSettings } from '../../src/site/camera.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import type { CoverProgress } from '../../src/wire/peer-protocol.ts';
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
  readonly kept: SavedClaims[];
  others: OtherMember[];
  refused: readonly Refusal[];
  cameras: Map<string, CameraSettings[]>;
  channels: number;
  /** How often others were told of a claim. */
  claimed: number;
  seats: number;
  issue: CoveringDeps['issueEpoch'];
  winner: CoveringDeps['askWinner'];
  /** What the other failover server says now, and its ticks go by. */
  readonly pass: (ms: number) => Promise<void>;
};
const noHost = async (): Promise<never> =>
  await Promise.reject(new UnderstudyError('unavailable', 'store/no-host', 'there is no host'));

function rigOf(more: Partial<CoveringDeps> = {}): Rig {
  const clock = createFakeClock();
  const [covered, released, lines]: [Request[], string[], string[]] = [[], [], []];
  const kept: SavedClaims[] = [];
  const rig = {
    others: [] as OtherMember[],
    refused: [] as readonly Refusal[],
    cameras: new Map([[R1, [cameraOf('cam-a'), cameraOf('cam-b')]]]),
    channels: 128,
    claimed: 0,
    seats: Infinity,
    issue: noHost as CoveringDeps['issueEpoch'],
    winner: noHost as CoveringDeps['askWinner'],
  };
  const covering = createCovering({
    ownId: () => OWN_ID,
    unreachable: () => new Set(),
    cover: {
      cover: (request) => {
        covered.push(request);
        return rig.refused;
      },
      release: (serverId, streams, standDown) => {
        for (const { cameraId, stream } of streams)
          released.push([serverId, `${cameraId}/${stream}`, ...(standDown === undefined ? [] : [standDown])].join(' '));
      },
      channels: () => ({ max: rig.channels, used: 0 }),
    },
    seats: () => rig.seats,
    plan: planCover,
    others: () => rig.others,
    settingsOf: (serverId) => {
      const cameras = rig.cameras.get(serverId);
      return cameras && ({ cameras } as unknown as BackedUpSettings);
    },
    failover: () => ({ shortagePolicy: 'by-priority', oneServerAtATime: false }),
    issueEpoch: async (serverId, above) => await rig.issue(serverId, above),
    askWinner: async (memberId, streams) => await rig.winner(memberId, streams),
    kept: undefined,
    keep: (saved) => kept.push(saved),
    claimed: () => (rig.claimed += 1),
    clock,
    log: createLog(
      'debug',
      (line) => lines.push(line),
      () => 0,
    ),
    ...more,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 250) {
      await clock.advance(Math.min(250, ms - at));
      for (const { id, covering: says } of rig.others) covering.hear({ kind: 'heard', memberId: id, covering: says });
      covering.tick(0);
    }
  };
  return Object.assign(rig, { covering, clock, covered, released, lines, kept, pass });
}

/** Cameras given to the cover service since `from`. */
const covers = (rig: Rig, from = 0): readonly string[] =>
  [...new Set(rig.covered.slice(from).flatMap(({ streams }) => streams.map(({ cameraId }) => cameraId)))].toSorted();
const streamsOf = (requests: readonly Request[]): readonly string[] =>
  [
    ...new Set(requests.flatMap(({ streams }) => streams.map(({ cameraId, stream }) => `${cameraId}/${stream}`))),
  ].toSorted();
const saying = (cameraIds: readonly string[], epoch: number): CoverProgress => ({
  serverId: R1,
  epoch,
  state: 'covering',
  streams: cameraIds.map((id) => ({ ...main(id), state: 'recording', cause: undefined, durableUntil: 1, idleMs: 0 })),
});
const member = (covering: readonly CoverProgress[] = [], channels = 128): OtherMember => ({
  id: OTHER,
  channels,
  seats: Infinity,
  covering,
});
/** Both servers are there, and twenty cameras. */
function withOther(more: Parameters<typeof rigOf>[0] = {}): { readonly rig: Rig; readonly ids: readonly string[] } {
  const rig = rigOf(more);
  const cameras = Array.from({ length: 20 }, (_, index) => cameraOf(`cam-${String(index).padStart(2, '0')}`));
  rig.cameras.set(R1, cameras);
  rig.others = [member()];
  return { rig, ids: cameras.map(({ id }) => id) };
}

test('alone, everything that is wanted is covered at once, with the time since which footage may be missing', (t) => {
  const rig = rigOf();
  const { covering, covered, kept } = rig;
  covering.want(R1, [main('cam-a'), sub('cam-a'), main('cam-b')], 5000);
  t.deepEqual(streamsOf(covered), ['cam-a/main', 'cam-a/sub', 'cam-b/main']);
  t.true(covered.every(({ serverId, lostFrom }) => serverId === R1 && lostFrom === 5000));
  const epoch = covering.epochOfCamera('cam-a') ?? 0;
  t.true(epoch > 0 && covered.every((request) => request.epoch === epoch));
  t.true(kept.length > 0, 'no epoch is used that is not kept');
  covering.tick(0);
  t.is(rig.claimed, 1, 'others are told at once, and once');
});

const BLIND: Partial<CoveringDeps> = { unreachable: () => new Set(['cam-a']) };

test('a camera that the last probe did not reach is tried all the same, if nobody else is there and a channel is free', (t) => {
  const rig = rigOf(BLIND);
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 5000);
  t.deepEqual(covers(rig), ['cam-a', 'cam-b']);

  const full = rigOf(BLIND);
  full.channels = 1;
  full.covering.want(R1, [main('cam-a'), main('cam-b')], 5000);
  t.deepEqual(covers(full), ['cam-b'], 'what is in reach comes first');
  t.deepEqual(
    full.covering.notCovered().map(({ camera, cause }) => `${camera.id} ${cause}`),
    ['cam-a not-reachable-from-failover'],
  );
});

test('one that is in reach of somebody else is left to him, and tried when he does not record it', async (t) => {
  const rig = rigOf(BLIND);
  rig.others = [member()];
  await rig.pass(250);
  rig.covering.want(R1, [main('cam-a')], 5000);
  await rig.pass(RANK_STEP_MS - 500);
  t.deepEqual(covers(rig), []);
  await rig.pass(1000);
  t.deepEqual(covers(rig), ['cam-a']);
});

test('all or nothing means it for a camera out of reach too', (t) => {
  const rig = rigOf({ ...BLIND, failover: () => ({ shortagePolicy: 'all-or-nothing', oneServerAtATime: false }) });
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 5000);
  t.deepEqual(covers(rig), []);
});

test('what is wanted again keeps the time since when it was lost', (t) => {
  const { covering, covered } = rigOf();
  covering.want(R1, [main('cam-a')], 5000);
  covering.want(R1, [main('cam-a'), main('cam-b')], 9000);
  t.deepEqual(
    new Set(covered.flatMap((one) => one.streams.map(({ cameraId }) => `${cameraId} ${one.lostFrom}`))),
    new Set(['cam-a 5000', 'cam-b 9000']),
  );
});

test('a stream that is wanted later of a camera that is recorded here is recorded too', (t) => {
  const { covering, covered } = rigOf();
  covering.want(R1, [main('cam-a')], 1);
  covering.want(R1, [sub('cam-a')], 2);
  t.true(streamsOf(covered).includes('cam-a/sub'));
});

test('without a settings backup nothing can be covered, and nothing breaks', (t) => {
  const { covering, covered } = rigOf();
  t.notThrows(() => covering.want(R2, [main('cam-x')], 1));
  t.deepEqual(covered, []);
});

test('a full disk does not keep a camera from being covered', (t) => {
  const rig = rigOf({
    keep: () => {
      throw new Error('ENOSPC');
    },
  });
  rig.covering.want(R1, [main('cam-a')], 1);
  t.deepEqual(covers(rig), ['cam-a']);
  t.true(rig.lines.some((line) => line.includes('ENOSPC')));
});

test('two failover servers share the cameras as the plan says beforehand, however long after the start', async (t) => {
  const { rig, ids } = withOther();
  await rig.pass(10_000);
  const { assigned } = rig.covering.planFor([R1]);
  const mine = ids.filter((id) => assigned.get(id) === OWN_ID);
  t.true(mine.length > 0 && mine.length < ids.length, `${mine.length} of 20 here`);
  rig.covering.want(R1, ids.map(main), 1);
  t.deepEqual(covers(rig), mine);
});

test('what is kept ready here does not depend on probes, of which the other one does not know', (t) => {
  const { rig, ids } = withOther();
  const share = [...rig.covering.shareOf(R1)];
  t.deepEqual(
    share.toSorted(),
    ids.filter((id) => rig.covering.planFor([R1]).assigned.get(id) === OWN_ID),
  );
  const blind = withOther({ unreachable: () => new Set(ids) }).rig.covering;
  t.deepEqual([...blind.shareOf(R1)], share);
  t.false([...blind.planFor([R1]).assigned.values()].includes(OWN_ID));
});

test('what the other one was to cover is taken up when nobody is seen recording it, and only that', async (t) => {
  const { rig, ids } = withOther();
  await rig.pass(500);
  rig.covering.want(R1, ids.map(main), 1);
  const theirs = ids.filter((id) => !covers(rig).includes(id));
  const [silent = ''] = theirs;
  rig.others = [member([saying(theirs.slice(1), 2)])];
  await rig.pass(RANK_STEP_MS - 250);
  t.false(covers(rig).includes(silent), 'not before');
  await rig.pass(500);
  t.deepEqual(
    covers(rig),
    ids.filter((id) => id === silent || !theirs.includes(id)),
  );
});

test('when the other failover server goes, its share is covered here', async (t) => {
  const rig = rigOf();
  rig.others = [member([saying(['cam-a', 'cam-b'], 2)])];
  await rig.pass(500);
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 1);
  t.deepEqual(rig.covered, []);
  rig.others = [];
  rig.covering.hear({ kind: 'gone', memberId: OTHER });
  await rig.pass(2 * RANK_STEP_MS);
  t.deepEqual(covers(rig), ['cam-a', 'cam-b']);
});

test('of two that record a camera the lower epoch yields, and only to one that has just said that it records', async (t) => {
  const rig = rigOf();
  rig.covering.want(R1, [main('cam-a')], 1);
  rig.others = [member([saying(['cam-a'], 1_000_000)])];
  await rig.pass(6000);
  t.deepEqual(rig.released, [], 'no answer, no stop');
  rig.winner = async (_memberId, streams) =>
    await Promise.resolve(streams.map((one) => ({ ...one, since: 0, until: 5000, idleMs: 10, epoch: 1_000_000 })));
  await rig.pass(4000);
  t.deepEqual(rig.released, [`${R1} cam-a/main`]);
});

test('the epoch of the host replaces the provisional one; without a host the provisional one stays', async (t) => {
  const rig = rigOf();
  rig.covering.want(R1, [main('cam-a')], 1);
  await rig.pass(3000);
  const provisional = rig.covering.epochOfCamera('cam-a') ?? 0;
  t.is(rig.covered.at(-1)?.epoch, provisional);
  rig.issue = async (_serverId, above) => await Promise.resolve((Math.floor(above / 256) + 1) * 256 + 255);
  await rig.pass(5000);
  const issued = rig.covering.epochOfCamera('cam-a') ?? 0;
  t.true(issued > provisional);
  t.is(rig.covered.at(-1)?.epoch, issued);
  t.is(rig.covering.maxEpoch(), issued);
});

test('epochs go on above those of the run before', (t) => {
  const before = rigOf();
  before.covering.hear({ kind: 'known-epoch', epoch: 5000 });
  before.covering.want(R1, [main('cam-a')], 1);
  const epoch = before.covering.epochOfCamera('cam-a') ?? 0;
  t.true(epoch > 5000);
  const after = rigOf({ kept: before.kept.at(-1) });
  after.covering.want(R1, [main('cam-a')], 1);
  t.true((after.covering.epochOfCamera('cam-a') ?? 0) >= epoch);
});

test('cameras for which there is no channel are told with their reason', (t) => {
  const rig = rigOf();
  rig.cameras.set(R1, [cameraOf('cam-a', { priority: 'low' }), cameraOf('cam-b', { priority: 'high' })]);
  rig.cameras.set(R2, [cameraOf('cam-n', { priority: 'never' })]);
  rig.channels = 1;
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 1);
  t.deepEqual(covers(rig), ['cam-b']);
  t.like(rig.covering.notCovered()[0], { camera: { id: 'cam-a' }, cause: 'not-covered-channel' });
  rig.covering.want(R2, [main('cam-n')], 1);
  t.deepEqual(
    rig.covering
      .notCovered()
      .map(({ cause }) => cause)
      .toSorted(),
    ['not-covered-channel', 'not-covered-priority'],
  );
});

test('a camera goes when none of its streams is wanted, not before', async (t) => {
  const rig = rigOf();
  rig.covering.want(R1, [main('cam-a'), sub('cam-a')], 1);
  rig.covering.release(R1, [sub('cam-a')]);
  t.not(rig.covering.epochOfCamera('cam-a'), undefined);
  rig.covering.release(R1, [main('cam-a')]);
  t.is(rig.covering.epochOfCamera('cam-a'), undefined);
  t.deepEqual(rig.released, [`${R1} cam-a/sub`, `${R1} cam-a/main`]);
  const before = rig.covered.length;
  await rig.pass(5000);
  t.is(rig.covered.length, before);
  t.notThrows(() => rig.covering.release(R2, [main('cam-x')]));
});

test('a camera that is left to its own server is not kept ready either', (t) => {
  const rig = rigOf();
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 1);
  rig.covering.release(R1, [main('cam-a')], 'gave-way');
  rig.covering.release(R1, [main('cam-b')], 'confirmed');
  t.deepEqual(rig.released, [`${R1} cam-a/main stand-down`, `${R1} cam-b/main`]);
  t.is(rig.covering.epochOfCamera('cam-a'), undefined);
});

test('a camera that cannot be covered is said once, not with every look', async (t) => {
  const rig = rigOf();
  const cause = 'not-reachable-from-failover';
  rig.refused = [{ ...main('cam-a'), serverId: R1, cause, message: 'It pushes to the failed server.' }];
  rig.covering.want(R1, [main('cam-a')], 1);
  await rig.pass(5000);
  const said = (): number => rig.lines.filter((line) => line.includes('camera not covered')).length;
  t.is(said(), 1);
  rig.covering.release(R1, [main('cam-a')]);
  rig.covering.want(R1, [main('cam-a')], 1);
  t.is(said(), 2, 'the next failure says it again');
});

test('whatever is wanted and released while others come and go: only what is wanted is covered, in epochs that rise', async (t) => {
  const plays: Promise<void>[] = [];
  forSeeds(40, (random, seed) => {
    const play = async (): Promise<void> => {
      const rig = rigOf();
      const ids = Array.from({ length: 8 }, (_, index) => `cam-${index}`);
      rig.cameras.set(
        R1,
        ids.slice(0, 4).map((id) => cameraOf(id)),
      );
      rig.cameras.set(
        R2,
        ids.slice(4).map((id) => cameraOf(id)),
      );
      const wanted = new Set<string>();
      let highest = 0;
      for (let turn = 0; turn < 40; turn += 1) {
        const index = random.int(0, 7);
        const [server, stream] = [index < 4 ? R1 : R2, main(`cam-${index}`)];
        const records = ids.slice(0, 4).filter(() => random.chance(0.3));
        rig.others = random.chance(0.5) ? [member([saying(records, random.int(1, 2000))], random.int(0, 8))] : [];
        if (rig.others.length === 0) rig.covering.hear({ kind: 'gone', memberId: OTHER });
        rig.channels = random.int(0, 8);
        rig.covered.length = 0;
        if (random.chance(0.6)) {
          wanted.add(`cam-${index}`);
          rig.covering.want(server, [stream], turn);
        } else {
          wanted.delete(`cam-${index}`);
          rig.covering.release(server, [stream]);
        }
        await rig.pass(random.int(1, 3000));
        t.true(
          covers(rig).every((id) => wanted.has(id)),
          `seed ${seed}`,
        );
        for (const id of ids) if (rig.covering.epochOfCamera(id) !== undefined) t.true(wanted.has(id), `seed ${seed}`);
        t.true(rig.covering.maxEpoch() >= highest, `seed ${seed}`);
        highest = rig.covering.maxEpoch();
      }
    };
    plays.push(play());
  });
  await Promise.all(plays);
});
