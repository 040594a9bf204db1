/** Covering with the seats of a licence: they limit what begins, and stop nothing that runs. */
import test from 'ava';
import { createCovering } from '../../src/control/covering.ts';
import type { OtherMember } from '../../src/control/cover-request.ts';
import type { Covering, CoveringDeps } from '../../src/control/covering.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { SavedClaims } from '../../src/failover/claims.ts';
import type { StreamRef } from '../../src/failover/cover-reasons.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { CameraSettings } from '../../src/site/camera.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, OWN_ID, serverIdOf } from '../support/memory-settings.ts';

const R1 = serverIdOf(2);
const main = (cameraId: string): StreamRef => ({ cameraId, stream: 'main' });

type Rig = {
  readonly covering: Covering;
  /** Cameras given to the cover service. */
  readonly covered: Set<string>;
  readonly released: string[];
  readonly kept: SavedClaims[];
  seats: number;
  others: readonly OtherMember[];
  readonly pass: (ms: number) => Promise<void>;
  readonly leftOut: () => readonly string[];
};
type Given = {
  readonly cameras?: readonly CameraSettings[];
  readonly seats?: number;
  readonly kept?: SavedClaims | undefined;
};
function rigOf({ cameras = [cameraOf('cam-a'), cameraOf('cam-b')], seats = Infinity, kept }: Given = {}): Rig {
  const clock = createFakeClock();
  const rig = { seats, others: [] as readonly OtherMember[] };
  const [covered, released, saved] = [new Set<string>(), [] as string[], [] as SavedClaims[]];
  const alone: CoveringDeps['issueEpoch'] = async () =>
    await Promise.reject(new UnderstudyError('unavailable', 'store/no-host', 'there is no host'));
  const covering = createCovering({
    ownId: () => OWN_ID,
    unreachable: () => new Set(),
    cover: {
      cover: ({ streams }) => {
        for (const { cameraId } of streams) covered.add(cameraId);
        return [];
      },
      release: (_serverId, streams) => void released.push(...streams.map(({ cameraId }) => cameraId)),
      channels: () => ({ max: 128, used: 0 }),
    },
    seats: () => rig.seats,
    plan: planCover,
    others: () => rig.others,
    settingsOf: () => ({ cameras }) as unknown as BackedUpSettings,
    failover: () => ({ shortagePolicy: 'by-priority', oneServerAtATime: false }),
    issueEpoch: alone,
    askWinner: async () => await Promise.resolve([]),
    kept,
    keep: (claims) => saved.push(claims),
    claimed: () => undefined,
    clock,
    log: silentLog,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 250) {
      await clock.advance(250);
      for (const { id, covering: says } of rig.others) covering.hear({ kind: 'heard', memberId: id, covering: says });
      covering.tick(0);
    }
  };
  const leftOut = (): readonly string[] => covering.notCovered().map(({ camera, cause }) => `${camera.id} ${cause}`);
  return Object.assign(rig, { covering, covered, released, kept: saved, pass, leftOut });
}

test('with one seat one of two cameras is covered, and why the other is not is said', async (t) => {
  const rig = rigOf({ seats: 1 });
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 5000);
  await rig.pass(10_000);
  t.is(rig.covered.size, 1);
  t.deepEqual(rig.leftOut(), [`${rig.covered.has('cam-a') ? 'cam-b' : 'cam-a'} not-covered-seat`]);
  rig.seats = Infinity;
  await rig.pass(500);
  t.deepEqual([...rig.covered].toSorted(), ['cam-a', 'cam-b'], 'a new licence counts at once');
  t.deepEqual(rig.leftOut(), []);
});

test('without any seat nothing begins', async (t) => {
  const rig = rigOf({ seats: 0 });
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 5000);
  await rig.pass(10_000);
  t.deepEqual([...rig.covered], []);
  t.deepEqual(rig.leftOut(), ['cam-a not-covered-seat', 'cam-b not-covered-seat']);
});

test('a licence that expires stops nothing that is covered, over a restart too; only new covers are limited', async (t) => {
  const rig = rigOf();
  rig.covering.want(R1, [main('cam-a')], 5000);
  rig.seats = 0;
  await rig.pass(10_000);
  rig.covering.want(R1, [main('cam-b')], 9000);
  await rig.pass(10_000);
  t.deepEqual([...rig.covered], ['cam-a']);
  t.deepEqual(rig.released, []);
  t.deepEqual(rig.leftOut(), ['cam-b not-covered-seat']);

  const again = rigOf({ kept: rig.kept.at(-1), seats: 0 });
  again.covering.want(R1, [main('cam-a')], 5000);
  await again.pass(10_000);
  t.deepEqual([...again.covered], ['cam-a']);
  t.deepEqual(again.released, []);
  t.deepEqual(again.leftOut(), []);
});

test('a camera of higher priority takes no seat of one that is covered: that would stop it', async (t) => {
  const cameras = [cameraOf('cam-low', { priority: 'low' }), cameraOf('cam-high', { priority: 'high' })];
  const rig = rigOf({ cameras, seats: 1 });
  rig.covering.want(R1, [main('cam-low')], 1);
  await rig.pass(1000);
  rig.covering.want(R1, [main('cam-high')], 1);
  await rig.pass(10_000);
  t.deepEqual([...rig.covered], ['cam-low']);
  t.deepEqual(rig.released, []);
  t.deepEqual(rig.leftOut(), ['cam-high not-covered-seat']);
});

test('a seat that becomes free goes to who waits for it', async (t) => {
  const rig = rigOf({ seats: 1 });
  rig.covering.want(R1, [main('cam-a')], 1);
  await rig.pass(1000);
  rig.covering.want(R1, [main('cam-b')], 1);
  await rig.pass(1000);
  t.deepEqual([...rig.covered], ['cam-a']);
  rig.covering.release(R1, [main('cam-a')]);
  await rig.pass(1000);
  t.deepEqual([...rig.covered], ['cam-a', 'cam-b']);
});

test('what another failover server has no seats for is covered here', async (t) => {
  const cameras = Array.from({ length: 20 }, (_, index) => cameraOf(`cam-${String(index).padStart(2, '0')}`));
  const rig = rigOf({ cameras, seats: 15 });
  rig.others = [{ id: serverIdOf(7), channels: 128, seats: 5, covering: [] }];
  await rig.pass(250);
  rig.covering.want(
    R1,
    cameras.map(({ id }) => main(id)),
    5000,
  );
  await rig.pass(250);
  t.is(rig.covered.size, 15);
  t.deepEqual(rig.leftOut(), []);
});
