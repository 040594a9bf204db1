/** Live events of incidents: when one opens, at most each second between, and when it is over. */
import { join } from 'node:path';
import test from 'ava';
import type { LiveEvent } from '../../src/api/contract/events.ts';
import { createIncidentNews } from '../../src/control/incident-news.ts';
import { openIncidents } from '../../src/control/incidents.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const R = serverIdOf(11);
const at = epochMs(1000);
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;
const about = { incident: 'incident-a', at } as const;

test('opened and closed are told at once, a thousand files between at most once a second', async (t) => {
  const clock = createFakeClock();
  const incidents = await openIncidents(join(await tempDir(t), 'data'), clock, silentLog);
  const told: Extract<LiveEvent, { readonly kind: 'incident' }>[] = [];
  const stop = createIncidentNews({
    incidents,
    self: () => ({ id: 'f', name: 'Spare' }),
    nameOf: () => 'Hall',
    tell: (event) => told.push(event),
    clock,
  });
  incidents.apply({ ...about, kind: 'opened', serverId: R, cause: 'silent', lastSign: at });
  t.like(told, [{ news: 'opened', protected: { id: R, name: 'Hall' }, by: { id: 'f', name: 'Spare' }, files: 0 }]);
  incidents.apply({ ...about, kind: 'wanted', streams: [{ ...DOOR, lastFrame: at }] });
  for (let file = 0; file < 1000; file += 1)
    incidents.apply({ ...about, kind: 'returned', stream: DOOR, bytes: 10, accessUnits: 1 });
  t.is(told.length, 1);
  await clock.advance(1000);
  t.like(told.at(-1), { news: 'changed', files: 1000 });
  t.is(told.length, 2);
  incidents.apply({ ...about, kind: 'missing', stream: DOOR, missing: [{ cause: 'service-down', ms: 1500 }] });
  incidents.apply({ ...about, kind: 'closed' });
  t.like(told.at(-1), { news: 'closed', missingSeconds: 1.5 });
  await clock.advance(5000);
  t.is(told.length, 3, 'nothing of before comes after the end');
  incidents.apply({ ...about, kind: 'remark', message: 'late' });
  stop();
  await clock.advance(5000);
  t.is(told.length, 3);
  await incidents.stop();
});
