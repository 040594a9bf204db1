import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { MAX_INCIDENTS, openIncidents } from '../../src/control/incidents.ts';
import type { Incidents } from '../../src/control/incidents.ts';
import { createLog, silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import type { IncidentChange } from '../../src/failover/incident.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const opened = (incident: string, at: number): IncidentChange => ({
  kind: 'opened',
  incident,
  at: epochMs(at),
  serverId: serverIdOf(11),
  cause: 'connection-lost',
  lastSign: epochMs(at),
});
const closed = (incident: string, at: number): IncidentChange => ({ kind: 'closed', incident, at: epochMs(at) });
const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(join(folder, 'incidents'))).filter((name) => name.endsWith('.json')).toSorted();
/** Lets the write that is due happen. */
async function written(incidents: Incidents, clock: FakeClock): Promise<void> {
  await clock.advance(500);
  await incidents.stop();
}

test('incidents are listed newest first, and are there after a restart', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const incidents = await openIncidents(folder, clock, silentLog);
  incidents.apply(opened('incident-a', 1000));
  incidents.apply(opened('incident-b', 3000));
  incidents.apply(closed('incident-a', 2000));
  await written(incidents, clock);
  const again = await openIncidents(folder, clock, silentLog);
  t.deepEqual(
    again.list().map(({ id, closedAt }) => [id, closedAt]),
    [
      ['incident-b', undefined],
      ['incident-a', 2000],
    ],
  );
  t.deepEqual(again.get('incident-b'), incidents.get('incident-b'));
  t.is(again.get('incident-x'), undefined);
});

test('changes of an incident that nobody opened make none', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const incidents = await openIncidents(folder, clock, silentLog);
  incidents.apply(closed('incident-a', 2000));
  await written(incidents, clock);
  t.deepEqual(incidents.list(), []);
  t.deepEqual(await filesIn(folder), []);
});

test('many changes at once are one write; what is left is written at the stop', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const incidents = await openIncidents(folder, clock, silentLog);
  for (let index = 0; index < 50; index += 1) incidents.apply(opened('incident-a', 1000 + index));
  t.is(clock.pendingTimers(), 1);
  await incidents.stop();
  t.is(clock.pendingTimers(), 0);
  t.deepEqual(await filesIn(folder), ['incident-a.json']);
});

test('the oldest closed ones go; open ones stay however many there are', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const incidents = await openIncidents(folder, clock, silentLog);
  incidents.apply(opened('incident-open', 1));
  for (let index = 0; index < MAX_INCIDENTS + 5; index += 1) {
    incidents.apply(opened(`incident-${index}`, 100 + index));
    incidents.apply(closed(`incident-${index}`, 200 + index));
  }
  await incidents.stop();
  t.is(incidents.list().length, MAX_INCIDENTS + 1);
  t.truthy(incidents.get('incident-open'));
  t.is(incidents.get('incident-4'), undefined);
  t.truthy(incidents.get('incident-5'));
  t.is((await filesIn(folder)).length, MAX_INCIDENTS + 1);
});

test('files that are no incidents are left alone and told', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const first = await openIncidents(folder, clock, silentLog);
  first.apply(opened('incident-a', 1));
  await first.stop();
  const whole = await readFile(join(folder, 'incidents', 'incident-a.json'), 'utf8');
  await writeFile(join(folder, 'incidents', 'incident-b.json'), whole.slice(0, 20));
  await writeFile(join(folder, 'incidents', 'incident-c.json'), JSON.stringify({ id: 'c' }));
  await writeFile(join(folder, 'incidents', 'notes.txt'), 'mine');
  const lines: string[] = [];
  const again = await openIncidents(
    folder,
    clock,
    createLog(
      'debug',
      (line) => lines.push(line),
      () => 0,
    ),
  );
  t.deepEqual(
    again.list().map(({ id }) => id),
    ['incident-a'],
  );
  t.is(lines.length, 2);
  t.true((await readdir(join(folder, 'incidents'))).includes('notes.txt'));
});

test('what the disk refused is written when it takes it again', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const lines: string[] = [];
  const incidents = await openIncidents(
    folder,
    clock,
    createLog(
      'debug',
      (line) => lines.push(line),
      () => 0,
    ),
  );
  // A folder in the way refuses root too.
  const path = join(folder, 'incidents', 'incident-a.json');
  await mkdir(join(path, 'in the way'), { recursive: true });
  incidents.apply(opened('incident-a', 1));
  await clock.advance(500);
  await waitFor('the refusal is logged', () => lines.length === 1);
  await rm(path, { recursive: true });
  await clock.advance(30_000);
  await waitFor('it is written', async () => (await filesIn(folder)).length === 1);
  await incidents.stop();
  t.is(clock.pendingTimers(), 0);
  await chmod(folder, 0o700);
});

test('an id cannot name a file elsewhere', async (t) => {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const incidents = await openIncidents(folder, clock, silentLog);
  incidents.apply(opened('../../escape', 1));
  await incidents.stop();
  t.deepEqual(await filesIn(folder), ['incident-------escape.json']);
});
