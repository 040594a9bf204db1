/** Claims with what carries them: kept on disk, told to the others. */
import test from 'ava';
import { composeClaims } from '../../src/compose/claims-set-up.ts';
import { createCovering } from '../../src/control/covering.ts';
import { silentLog } from '../../src/core/log.ts';
import { planCover } from '../../src/failover/plan.ts';
import type { BackedUpSettings } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { cameraOf, memorySettings, OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const cameraIdOf = (serverId: string): string => `cam-${serverId.slice(-4)}`;

test('when many servers fail at once the others are told once, at once', async (t) => {
  const dataDir = await tempDir(t, 'claims');
  const clock = createFakeClock();
  let nudges = 0;
  const network = { handle: () => undefined, nudge: () => (nudges += 1) };
  const parts = { settings: memorySettings(), clock, dataDir, log: silentLog };
  const covering = createCovering({
    ownId: () => OWN_ID,
    unreachable: () => new Set(),
    cover: { cover: () => [], release: () => undefined, channels: () => ({ max: 128, used: 0 }) },
    plan: planCover,
    seats: () => Infinity,
    others: () => [],
    settingsOf: (serverId) => ({ cameras: [cameraOf(cameraIdOf(serverId))] }) as unknown as BackedUpSettings,
    failover: () => ({ shortagePolicy: 'by-priority', oneServerAtATime: false }),
    ...composeClaims(parts as never, { network, connected: () => [] } as never, {} as never),
    clock,
    log: silentLog,
  });
  const failed = Array.from({ length: 20 }, (_, index) => serverIdOf(11 + index));
  for (const id of failed) covering.want(id, [{ cameraId: cameraIdOf(id), stream: 'main' }], 1);
  t.true(failed.every((id) => covering.epochOfCamera(cameraIdOf(id)) !== undefined));
  await clock.advance(0);
  t.is(nudges, 1);
  covering.want(serverIdOf(31), [{ cameraId: cameraIdOf(serverIdOf(31)), stream: 'main' }], 1);
  await clock.advance(0);
  t.is(nudges, 2, 'a later one is told too');
});
