/** Covering on a server that did not run for a while: what it could not hear meanwhile is not held against the others. */
import test from 'ava';
import { createCovering } from '../../src/control/covering.ts';
import type { Covering } from '../../src/control/covering.ts';
import { silentLog } from '../../src/core/log.ts';
import { CLAIMANT_SILENT_MS } from '../../src/failover/claim-decisions.ts';
import { planCover } from '../../src/failover/plan.ts';
import { rankedFor } from '../../src/failover/placement.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import type { CoverProgress, StreamProgress } from '../../src/wire/peer-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { cameraOf, OWN_ID, serverIdOf } from '../support/memory-settings.ts';

const [R1, R2, F1] = [serverIdOf(11), serverIdOf(12), serverIdOf(2)] as const;
const main = (cameraId: string) => ({ cameraId, stream: 'main' }) as const;
const FREE = { channels: 128, seats: Infinity, unreachable: new Set<string>() };
/** One that the plan gives to F1. */
const THEIRS =
  Array.from({ length: 50 }, (_, index) => `cam-${index}`).find(
    (id) =>
      rankedFor(
        { id },
        [
          { id: OWN_ID, ...FREE },
          { id: F1, ...FREE },
        ],
        undefined,
      )[0] === F1,
  ) ?? '';

type Rig = {
  readonly covering: Covering;
  readonly clock: FakeClock;
  readonly covered: Set<string>;
  /** F1 says this of its camera. */
  readonly hear: (state?: StreamProgress['state']) => void;
  /** Without a delay. */
  readonly pass: (ms: number, between?: () => void) => Promise<void>;
};
function rigOf(): Rig {
  const clock = createFakeClock();
  const covered = new Set<string>();
  let says: readonly CoverProgress[] = [];
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
    others: () => [{ id: F1, channels: 128, seats: Infinity, covering: says }],
    settingsOf: (serverId) =>
      ({ cameras: [cameraOf(serverId === R1 ? THEIRS : 'cam-of-r2')] }) as unknown as BackedUpSettings,
    failover: () => ({ shortagePolicy: 'by-priority', oneServerAtATime: false }),
    issueEpoch: async () => await Promise.reject(new Error('there is no host')),
    askWinner: async () => await Promise.resolve([]),
    kept: undefined,
    keep: () => undefined,
    claimed: () => undefined,
    clock,
    log: silentLog,
  });
  return {
    covering,
    clock,
    covered,
    hear: (state) => {
      const stream = { ...main(THEIRS), cause: undefined, durableUntil: undefined, idleMs: undefined };
      says =
        state === undefined ? [] : [{ serverId: R1, epoch: 258, state: 'covering', streams: [{ ...stream, state }] }];
      covering.hear({ kind: 'heard', memberId: F1, covering: says });
    },
    pass: async (ms, between) => {
      for (let at = 0; at < ms; at += 250) {
        await clock.advance(250);
        between?.();
        covering.tick(0);
      }
    },
  };
}

test('a server that did not run does not take over what another one records, before it has read what that one said', async (t) => {
  const { covering, clock, covered, hear } = rigOf();
  hear('recording');
  covering.want(R1, [main(THEIRS)], 1);
  await clock.advance(1200);
  covering.tick(950);
  t.deepEqual([...covered], []);
  hear('recording');
  covering.tick(0);
  t.deepEqual([...covered], []);
});

test('nor does another failure that is noticed right after the stall make it judge', async (t) => {
  const { covering, clock, covered, hear } = rigOf();
  hear('waiting');
  covering.want(R1, [main(THEIRS)], 1);
  await clock.advance(700);
  covering.want(R2, [main('cam-of-r2')], 1);
  t.false(covered.has(THEIRS));
  covering.tick(450);
  t.false(covered.has(THEIRS));
});

test('a stall while nothing was wanted is forgiven too', async (t) => {
  const { covering, clock, covered, hear } = rigOf();
  hear();
  await clock.advance(1200);
  covering.tick(950);
  covering.want(R1, [main(THEIRS)], 1);
  t.deepEqual([...covered], []);
});

test('a stall is forgiven once: the other one is given up as soon as it has been silent while this server ran', async (t) => {
  const { covering, clock, covered, hear, pass } = rigOf();
  hear('waiting');
  covering.want(R1, [main(THEIRS)], 1);
  await clock.advance(1250);
  covering.hear({ kind: 'known-epoch', epoch: 1 });
  covering.hear({ kind: 'known-epoch', epoch: 2 });
  covering.tick(1000);
  t.deepEqual([...covered], []);
  await pass(CLAIMANT_SILENT_MS - 250);
  t.deepEqual([...covered], [THEIRS], 'silent for 250 ms before the stall, 500 ms after it');
});
