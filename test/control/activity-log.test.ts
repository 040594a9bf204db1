import test from 'ava';
import type { ActivityQuery } from '../../src/api/activity.ts';
import { codesOf } from '../../src/api/log-topics.ts';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { createActivityLog } from '../../src/control/activity-log.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const ALL: ActivityQuery = {
  limit: 100,
  cursor: undefined,
  since: undefined,
  until: undefined,
  severity: undefined,
  code: undefined,
  cameraId: undefined,
  user: undefined,
  text: undefined,
  cameraIds: undefined,
};

test('entries are found by who did it, by what, by words and by time', async (t) => {
  const catalogue = openCatalogue(await tempDir(t, 'log'), epochMs(1));
  t.teardown(() => catalogue.close());
  const clock = createFakeClock();
  const log = createActivityLog({ catalogue, publish: () => undefined, clock, log: silentLog });
  const began = clock.now();
  log.record({ severity: 'info', code: 'camera-added', message: 'Camera Door was added.', user: 'anna' });
  await clock.advance(1000);
  log.record({ severity: 'warning', code: 'camera-removed', message: 'Camera Door was removed.', user: 'ben' });
  log.record({ severity: 'error', code: 'camera-failed', message: '100 % of Door', cameraId: 'cam-1' });
  const codes = (more: Partial<ActivityQuery>): readonly string[] =>
    log.find({ ...ALL, ...more }).items.map(({ code }) => code);
  t.deepEqual(codes({}), ['camera-failed', 'camera-removed', 'camera-added']);
  t.deepEqual(codes({ user: 'anna' }), ['camera-added']);
  t.deepEqual(codes({ user: 'ann' }), []);
  t.deepEqual(codes({ severity: 'error' }), ['camera-failed']);
  t.deepEqual(codes({ code: 'camera-removed' }), ['camera-removed']);
  t.deepEqual(codes({ text: 'was' }), ['camera-removed', 'camera-added']);
  t.deepEqual(codes({ text: '% of' }), ['camera-failed'], 'no wildcard');
  t.deepEqual(codes({ since: began + 1000 }), ['camera-failed', 'camera-removed']);
  t.deepEqual(codes({ until: began + 1000 }), ['camera-added']);
  t.deepEqual(codes({ cameraIds: [] }), ['camera-removed', 'camera-added']);
});

test('a topic finds all that is of it, whatever its codes, and nothing else', async (t) => {
  const catalogue = openCatalogue(await tempDir(t, 'log'), epochMs(1));
  t.teardown(() => catalogue.close());
  const log = createActivityLog({ catalogue, publish: () => undefined, clock: createFakeClock(), log: silentLog });
  const about = ['failover/takeover', 'drill-ended', 'restoration-stopped', 'host-taken', 'handed-over'];
  for (const code of [...about, 'signed-in', 'camera-failed', 'failover'])
    log.record({ severity: 'info', code, message: code });
  const find = (codes: readonly string[]): readonly string[] =>
    log.find({ ...ALL, codes }).items.map(({ code }) => code);
  t.deepEqual(find(codesOf('failover')), about.toReversed());
  t.deepEqual(find([]), [], 'of no code at all');
  t.deepEqual(log.find({ ...ALL, codes: codesOf('failover'), limit: 2 }).items.length, 2);
});
