import test from 'ava';
import { createCovering } from '../../src/control/covering.ts';
import { silentLog } from '../../src/core/log.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, OWN_ID, serverIdOf } from '../support/memory-settings.ts';

const SERVER = serverIdOf(11);
const ids = Array.from({ length: 20 }, (_, index) => `cam-${index}`);

const NO_LICENCE = { seats: (): number => Infinity };
/** How many of twenty cameras would be covered here, beside another failover server. */
function sharePlanned(protects: (serverId: string) => boolean): number {
  const covering = createCovering({
    ...NO_LICENCE,
    ownId: () => OWN_ID,
    unreachable: () => new Set(),
    cover: { cover: () => [], release: () => undefined, channels: () => ({ max: 128, used: 0 }) },
    plan: planCover,
    others: () => [{ id: serverIdOf(2), channels: 128, seats: Infinity, covering: [], protects }],
    settingsOf: () => ({ cameras: ids.map((id) => cameraOf(id)) }) as unknown as BackedUpSettings,
    failover: () => ({ shortagePolicy: 'by-priority', oneServerAtATime: false }),
    issueEpoch: async () => await Promise.reject(new Error('there is no host')),
    askWinner: async () => await Promise.reject(new Error('nobody is asked')),
    kept: undefined,
    keep: () => undefined,
    claimed: () => undefined,
    clock: createFakeClock(),
    log: silentLog,
  });
  return [...covering.planFor([SERVER]).assigned.values()].filter((id) => id === OWN_ID).length;
}

test('nothing is left to a failover server that does not protect that server', (t) => {
  const shared = sharePlanned(() => true);
  t.true(shared > 0 && shared < ids.length);
  t.is(
    sharePlanned((serverId) => serverId !== SERVER),
    ids.length,
  );
});
