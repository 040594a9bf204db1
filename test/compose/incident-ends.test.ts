import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createIncidentEnds } from '../../src/compose/incident-ends.ts';
import type { IncidentEnds } from '../../src/compose/incident-ends.ts';
import { openIncidentBook } from '../../src/compose/restoration-book.ts';
import type { IncidentBook } from '../../src/compose/restoration-book.ts';
import { openIncidents } from '../../src/control/incidents.ts';
import type { Incidents } from '../../src/control/incidents.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import type { Happening } from '../../src/failover/machine-types.ts';
import type { IncidentChange } from '../../src/failover/incident.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { reportWith } from '../support/incident-records.ts';
import { serverIdOf } from '../support/memory-settings.ts';
import { tempDir } from '../support/temp-dir.ts';

const R = serverIdOf(11);
const DOOR = { cameraId: 'cam-door', stream: 'main' } as const;
const at = epochMs(1000);
const RECEIPT = { fileId: 'ret-1', serverId: R, sha256: 'a'.repeat(64), at: 1, signature: '' } as never;

type Rig = {
  readonly ends: IncidentEnds;
  readonly incidents: Incidents;
  readonly book: IncidentBook;
  readonly told: readonly Happening[];
  readonly over: Set<string>;
  readonly change: (...changes: readonly IncidentChange[]) => void;
};
/** `machine`: what the machine of the server does about it. */
async function rigOf(
  t: ExecutionContext,
  machine: (incidents: Incidents, happening: Happening) => boolean,
): Promise<Rig> {
  const folder = await tempDir(t, 'incidents');
  const clock = createFakeClock();
  const incidents = await openIncidents(folder, clock, silentLog);
  const book = openIncidentBook(join(folder, 'book.json'), silentLog);
  const told: Happening[] = [];
  const over = new Set<string>();
  const ends = createIncidentEnds({
    incidents,
    book,
    clock,
    isOver: (id) => over.has(id),
    tell: (_serverId, happening) => {
      told.push(happening);
      return machine(incidents, happening);
    },
  });
  const change = (...changes: readonly IncidentChange[]): void => {
    for (const one of changes) incidents.apply(one);
  };
  change(
    { kind: 'opened', incident: 'incident-a', at, serverId: R, cause: 'silent', lastSign: at },
    { kind: 'wanted', incident: 'incident-a', at, streams: [{ ...DOOR, lastFrame: at }] },
  );
  return { ends, incidents, book, told, over, change };
}
const FORGOTTEN = (): boolean => false;

test('an incident whose machine was let go is closed with its last restoration', async (t) => {
  const { ends, incidents, book, over, change } = await rigOf(t, FORGOTTEN);
  book.put('res-1', { incident: 'incident-a', covers: [] });
  book.put('res-2', { incident: 'incident-a', covers: [] });
  change({ kind: 'restoring', incident: 'incident-a', at });
  over.add('res-1');
  ends.endIfOver(R, 'incident-a');
  t.is(incidents.get('incident-a')?.closedAt, undefined, 'another one goes on');
  over.add('res-2');
  ends.endIfOver(R, 'incident-a');
  t.not(incidents.get('incident-a')?.closedAt, undefined);
});

test('a machine that was made anew, and knows nothing of the incident, does not keep it open', async (t) => {
  const { ends, incidents, change } = await rigOf(t, () => true);
  change({ kind: 'restoring', incident: 'incident-a', at });
  ends.endIfOver(R, 'incident-a');
  t.not(incidents.get('incident-a')?.closedAt, undefined);
});

test('an incident of which streams are covered still stays open when the first are home', async (t) => {
  const { ends, incidents, told } = await rigOf(t, () => true);
  ends.endIfOver(R, 'incident-a');
  t.is(incidents.get('incident-a')?.closedAt, undefined);
  t.deepEqual(told, [{ kind: 'footage-settled', incident: 'incident-a' }]);
});

test('the machine closes its incident itself, once', async (t) => {
  const closing = epochMs(77);
  const { ends, incidents, change } = await rigOf(t, (all) => {
    all.apply({ kind: 'closed', incident: 'incident-a', at: closing });
    return true;
  });
  change({ kind: 'restoring', incident: 'incident-a', at });
  ends.endIfOver(R, 'incident-a');
  t.is(incidents.get('incident-a')?.closedAt, closing);
});

test('what ended while nobody could be told ends later; not what is busy, covered or on its way', async (t) => {
  const { ends, incidents, book, over, change } = await rigOf(t, FORGOTTEN);
  const more = (id: string): IncidentChange => ({
    kind: 'opened',
    incident: id,
    at,
    serverId: R,
    cause: 'silent',
    lastSign: at,
  });
  change(more('incident-b'), more('incident-c'), more('incident-d'));
  for (const id of ['incident-a', 'incident-b', 'incident-c']) change({ kind: 'restoring', incident: id, at });
  book.put('res-c', { incident: 'incident-c', covers: [] });
  ends.endAllOver(new Set(['incident-b']));
  const open = (): readonly string[] =>
    incidents
      .list()
      .flatMap(({ id, closedAt }) => (closedAt === undefined ? [id] : []))
      .toSorted();
  t.deepEqual(open(), ['incident-b', 'incident-c', 'incident-d']);
  over.add('res-c');
  ends.endAllOver(new Set());
  t.deepEqual(open(), ['incident-d'], 'that one is covered');
});

test('an incident counts what went home, by stream', async (t) => {
  const { ends, incidents, book, change } = await rigOf(t, FORGOTTEN);
  book.put('res-1', { incident: 'incident-a', covers: [] });
  const event = { kind: 'file-received', id: 'res-1', serverId: R, receipt: RECEIPT } as const;
  ends.received({ ...event, file: { ...DOOR, bytes: 1000, accessUnits: 25 } });
  ends.received({ ...event, file: { ...DOOR, bytes: 500, accessUnits: 10 } });
  ends.received({ ...event, id: 'res-unknown', file: { ...DOOR, bytes: 500, accessUnits: 10 } });
  const incident = incidents.get('incident-a');
  t.deepEqual(incident?.streams[0]?.returned, { files: 2, bytes: 1500, accessUnits: 35 });
  change({ kind: 'restoring', incident: 'incident-a', at });
  t.regex(
    incident === undefined ? '' : reportWith(incident).summary,
    /2 files with 0\.0 MB of footage came home so far\./,
  );
});
