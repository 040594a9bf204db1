import test from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { oweUnrecorded } from '../../src/compose/account-set-up.ts';
import type { OwedGap } from '../../src/control/owed-accounts.ts';
import { epochMs } from '../../src/core/units.ts';
import { readAccountParams } from '../../src/wire/parse-footage.ts';
import { memorySettings, serverIdOf } from '../support/memory-settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const R = serverIdOf(11);
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;

test('what the covering server could not record, for its store or for the camera, is told in times of the protected one', async (t) => {
  const catalogue = openCatalogue(await tempDir(t, 'catalogue'), epochMs(0));
  t.teardown(() => catalogue.close());
  const add = (start: number, end: number, cause: OwedGap['cause'], detail = 'no room'): boolean =>
    catalogue.gaps.add({ ...DOOR, start, end, cause, detail, accessUnits: undefined });
  add(500, 900, 'volume-full');
  add(900, 1500, 'volume-full', 'x'.repeat(2000));
  add(2000, 3000, 'volume-gone');
  add(3000, 3500, 'no-key-frame');
  add(3500, 3600, 'service-down');
  add(4000, 5000, 'camera-unreachable', 'connect ETIMEDOUT');
  add(5000, 6000, 'camera-refused', '453 Not Enough Bandwidth');
  catalogue.gaps.open({ ...DOOR, start: 8000, cause: 'volume-error', detail: 'input/output error' });
  const told: OwedGap[] = [];
  const network = { statusOf: () => ({ clockOffsetMs: -60_000 }) as never };
  const order = {
    serverId: R,
    streams: [DOOR],
    start: 1000,
    end: 9000,
    policy: 'return',
    transport: 'direct',
  } as const;
  const owed = {
    owe: (serverId: string, gaps: readonly OwedGap[]) => {
      t.is(serverId, R);
      told.push(...gaps);
    },
  };
  oweUnrecorded({ settings: memorySettings() as never, catalogue }, { network }, { owed, order });
  t.deepEqual(
    told.map(({ start, end, cause }) => [start - 60_000, end - 60_000, cause]),
    [
      [1000, 1500, 'volume-full'],
      [2000, 3000, 'volume-gone'],
      [4000, 5000, 'not-reachable-from-failover'],
      [5000, 6000, 'not-reachable-from-failover'],
      [8000, 9000, 'volume-error'],
    ],
  );
  t.true(told.every(({ detail }) => detail.startsWith('Own could not record it: ')));
  t.notThrows(() => readAccountParams({ gaps: told }, 'params'));
});
