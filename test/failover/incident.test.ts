/** An incident from first suspicion to the last receipt, made from what the machine says and what restoration adds. */
import test from 'ava';
import { epochMs } from '../../src/core/units.ts';
import { MAX_REMARKS, applyToIncident, incidentSchema } from '../../src/failover/incident.ts';
import type { Incident, IncidentChange } from '../../src/failover/incident.ts';
import { reportWith as reportOf } from '../support/incident-records.ts';
import { STREAMS, createRig } from './machine-rig.ts';
import type { Rig } from './machine-rig.ts';

const changesOf = (rig: Rig): readonly IncidentChange[] =>
  rig.effects().flatMap((effect) => (effect.kind === 'incident' ? [effect.change] : []));
const accumulate = (changes: readonly IncidentChange[]): Incident => {
  const incident = changes.reduce<Incident | undefined>(applyToIncident, undefined);
  if (incident === undefined) throw new Error('no incident was opened');
  return incident;
};

function failure(): Rig {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.wait(400);
  rig.recorded();
  rig.silence(301);
  rig.comeBack();
  rig.confirm();
  rig.alive(6);
  return rig;
}

test('the record tells cause, takeover, return, and each camera its last frame, first covered frame and hand-over', (t) => {
  const incident = accumulate(changesOf(failure()));
  t.like(incident, { cause: 'connection-lost', takeover: { by: 'automatic' } });
  t.is((incident.takeover?.at ?? 0) - incident.openedAt, 300_150, 'at the first tick after the timeout');
  t.is((incident.serverBackAt ?? 0) - incident.openedAt, 301_400);
  t.truthy(incident.takeover?.endedAt);
  t.is(incident.streams.length, 2);
  for (const { lastFrame, firstCovered, releasedAt, why } of incident.streams) {
    t.is((firstCovered ?? 0) - lastFrame, 700, '300 ms since its last durable frame, and 400 ms to ours');
    t.is((releasedAt ?? 0) - incident.openedAt, 303_400);
    t.is(why, 'confirmed');
  }
  t.deepEqual(incidentSchema.parse(JSON.parse(JSON.stringify(incident))), incident);
});

test('the last frame of a stream is a whole millisecond, whatever the monotonic clock counts in', (t) => {
  const rig = createRig();
  rig.wait(0.37);
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  const { streams } = accumulate(changesOf(rig));
  t.is(streams.length, 2);
  t.true(streams.every(({ lastFrame }) => Number.isInteger(lastFrame)));
});

test('returned files and missing seconds are added up and said in plain sentences', (t) => {
  const rig = failure();
  const opened = accumulate(changesOf(rig));
  const [stream] = STREAMS;
  if (stream === undefined) throw new Error('there are streams');
  const about = { incident: opened.id, at: epochMs(opened.openedAt + 400_000) };
  t.true(reportOf(opened).summary.includes('What is missing is known when its footage is back.'));
  const incident = [
    { ...about, kind: 'returned', stream, bytes: 30_000_000, accessUnits: 900 },
    { ...about, kind: 'returned', stream, bytes: 4_200_000, accessUnits: 90 },
    {
      ...about,
      kind: 'missing',
      stream,
      missing: [
        { cause: 'service-down', ms: 9000 },
        { cause: 'no-key-frame', ms: 400 },
      ],
    },
    {
      ...about,
      kind: 'missing',
      stream,
      missing: [
        { cause: 'service-down', ms: 700 },
        { cause: 'no-key-frame', ms: 0 },
      ],
    },
    { ...about, kind: 'closed' },
  ].reduce<Incident>((before, change) => applyToIncident(before, change as IncidentChange) ?? before, opened);
  const report = reportOf(incident);
  t.is(report.state, 'closed');
  t.like(report.totals, { streams: 2, covered: 2, missingMs: 700, files: 2, bytes: 34_200_000, accessUnits: 990 });
  t.is(
    report.summary,
    'NAS-2 stopped 00:00:13: it broke off the connection without a goodbye. Hall-NAS covered 2 of 2 cameras from 00:00:13. ' +
      'Restored 00:05:16. Missing: cam-a, 0.7 s, service down. NAS-2 did not say what is missing of 1 camera.',
  );
  t.deepEqual(
    report.streams.map(({ gapMs }) => gapMs),
    [700, 700],
  );
});

test('what was missing before the last footage was home is not missing any more', (t) => {
  const opened = accumulate(changesOf(failure()));
  const [stream] = STREAMS;
  if (stream === undefined) throw new Error('there are streams');
  const about = { incident: opened.id, at: epochMs(opened.openedAt + 400_000), stream };
  const early = applyToIncident(opened, {
    ...about,
    kind: 'missing',
    missing: [{ cause: 'service-down', ms: 12_284 }],
  });
  const late = STREAMS.reduce<Incident | undefined>(
    (before, one) => applyToIncident(before, { ...about, stream: one, kind: 'missing', missing: [] }),
    early,
  );
  const closed = applyToIncident(late, { ...about, kind: 'closed' });
  t.true(closed !== undefined && reportOf(closed).summary.endsWith('Nothing is missing.'));
});

test('a camera that only the protected server cannot reach is in the record from its last frame there', (t) => {
  const rig = createRig();
  rig.settle();
  rig.server.broken.set('cam-a/main', 'camera-unreachable');
  rig.keepAlive();
  rig.alive(10);
  rig.recorded();
  const incident = accumulate(changesOf(rig));
  t.is(incident.cause, 'stream-camera');
  t.is(incident.streams.length, 1);
  t.true((incident.streams[0]?.lastFrame ?? Infinity) < incident.openedAt - 9000);
  t.is(reportOf(incident).state, 'covering');
});

test('the strongest cause names the incident, later and weaker ones do not', (t) => {
  const rig = createRig();
  rig.settle();
  rig.silence(2);
  rig.server.media = 'down';
  rig.keepAlive();
  rig.say({ kind: 'disconnected', by: 'peer' });
  t.is(accumulate(changesOf(rig)).cause, 'media-down');
});

test('covered again within the same incident: the first times stay, the hand-over is open again', (t) => {
  const rig = createRig();
  rig.settle();
  rig.say({ kind: 'disconnected', by: 'peer' });
  rig.recorded();
  const first = accumulate(changesOf(rig));
  const again = { incident: first.id, at: epochMs(first.openedAt + 1000) };
  const released = applyToIncident(first, { ...again, kind: 'released', streams: STREAMS, why: 'confirmed' });
  const wanted = STREAMS.map((stream) => ({ ...stream, lastFrame: again.at }));
  const covered = applyToIncident(released, { ...again, kind: 'wanted', streams: wanted });
  t.deepEqual(covered?.streams, first.streams);
});

test('remarks are bounded, and changes of other incidents change nothing', (t) => {
  const rig = failure();
  let incident = accumulate(changesOf(rig));
  for (let index = 0; index < MAX_REMARKS + 10; index += 1)
    incident =
      applyToIncident(incident, { incident: incident.id, at: epochMs(index), kind: 'remark', message: `${index}` }) ??
      incident;
  t.is(incident.remarks.length, MAX_REMARKS);
  t.is(applyToIncident(incident, { incident: 'other', at: epochMs(1), kind: 'closed' }), incident);
  t.is(applyToIncident(undefined, { incident: 'other', at: epochMs(1), kind: 'closed' }), undefined);
});
