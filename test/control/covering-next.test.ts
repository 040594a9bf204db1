/** What is kept hot here because another failover server, which covers it, may die too: from when on, and until when. */
import test from 'ava';
import type { OtherMember } from '../../src/control/cover-request.ts';
import { createCovering } from '../../src/control/covering.ts';
import type { Covering } from '../../src/control/covering.ts';
import { silentLog } from '../../src/core/log.ts';
import { RANK_STEP_MS } from '../../src/failover/claim-decisions.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, OWN_ID, serverIdOf } from '../support/memory-settings.ts';

const [R1, OTHER] = [serverIdOf(11), serverIdOf(2)] as const;
const HOT = { standbyLevel: 'hot' } as const;
const CAMERAS = [cameraOf('cam-a', HOT), cameraOf('cam-b'), cameraOf('cam-c', HOT)];
const main = (cameraId: string) => ({ cameraId, stream: 'main' }) as const;
const away = (): boolean => true;

/** One other failover server, which says that it records these. */
const recording = (cameraIds: readonly string[]): OtherMember => {
  const streams = cameraIds.map(
    (id) => ({ ...main(id), state: 'recording', cause: undefined, durableUntil: 1, idleMs: 0 }) as const,
  );
  return {
    id: OTHER,
    channels: 128,
    seats: Infinity,
    covering: [{ serverId: R1, epoch: 2, state: 'covering', streams }],
  };
};

type Rig = {
  readonly covering: Covering;
  /** Ids of cameras given to the cover service. */
  readonly covered: Set<string>;
  others: readonly OtherMember[];
  readonly pass: (ms: number) => Promise<void>;
};
function rigOf(others: readonly OtherMember[]): Rig {
  const clock = createFakeClock();
  const covered = new Set<string>();
  const rig = { others };
  const covering = createCovering({
    ownId: () => OWN_ID,
    unreachable: () => new Set(),
    cover: {
      cover: ({ streams }) => {
        for (const { cameraId } of streams) covered.add(cameraId);
        return [];
      },
      release: () => undefined,
      channels: () => ({ max: 128, used: 0 }),
    },
    seats: () => Infinity,
    plan: planCover,
    others: () => rig.others,
    settingsOf: () => ({ cameras: CAMERAS }) as unknown as BackedUpSettings,
    failover: () => ({ shortagePolicy: 'by-priority', oneServerAtATime: false }),
    issueEpoch: async () => await Promise.reject(new Error('there is no host')),
    askWinner: async () => await Promise.resolve([]),
    kept: undefined,
    keep: () => undefined,
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
  return Object.assign(rig, { covering, covered, pass });
}

test('what another one covers is kept hot here while its server is away, and only what is to be hot', async (t) => {
  const rig = rigOf([recording(['cam-a', 'cam-b'])]);
  await rig.pass(500);
  t.false(rig.covering.reviewNext(away), 'nothing is covered for a server that is well');
  rig.covering.want(R1, [main('cam-a'), main('cam-b')], 1);
  t.true(rig.covering.reviewNext(away));
  t.deepEqual([...rig.covering.next()], ['cam-a']);
  t.deepEqual([...rig.covering.nextElsewhere()], ['cam-a']);
  t.false(rig.covering.reviewNext(away), 'nothing new');
  t.true(rig.covering.reviewNext(() => false));
  t.deepEqual([...rig.covering.next()], [], 'its own server is there, and may need the session');
  t.true(rig.covering.reviewNext(away));
  rig.covering.release(R1, [main('cam-a'), main('cam-b')]);
  t.true(rig.covering.reviewNext(away));
  t.deepEqual([...rig.covering.next()], [], 'the cover is over');
});

test('the ring stays when the one that covers dies, until this server records instead and behind that', async (t) => {
  const rig = rigOf([recording(['cam-a'])]);
  await rig.pass(500);
  rig.covering.want(R1, [main('cam-a')], 1);
  rig.covering.reviewNext(away);
  rig.others = [];
  t.false(rig.covering.reviewNext(away));
  t.deepEqual([...rig.covering.next()], ['cam-a']);
  t.deepEqual([...rig.covering.nextElsewhere()], [], 'nobody else has it now: nothing of the ring may go');
  rig.covering.hear({ kind: 'gone', memberId: OTHER });
  await rig.pass(2 * RANK_STEP_MS);
  t.deepEqual([...rig.covered], ['cam-a']);
  t.false(rig.covering.reviewNext(away));
});
