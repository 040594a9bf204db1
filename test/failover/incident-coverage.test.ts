/** Whose footage there is of each moment of an incident, and the sentence that is made of it. */
import test from 'ava';
import { coverageOf, pictureOf } from '../../src/failover/incident-coverage.ts';
import type { Picture } from '../../src/failover/incident-coverage.ts';
import { incidentReportSchema } from '../../src/failover/incident-report.ts';
import { MAX_STREAM_PARTS, boundedParts, partsPerStream } from '../../src/failover/incident.ts';
import type { Incident, Part } from '../../src/failover/incident.ts';
import { recordOf, reportWith, withoutLoss } from '../support/incident-records.ts';
import { createRandom } from '../support/seeded-random.ts';

const AT = Date.parse('2026-11-21T10:02:11.000Z');
const TWO = [
  ['cam-door', 'covered'],
  ['cam-dock', 'never'],
] as const;
const statesOf = (parts: readonly Part[]): readonly string[] => parts.map(({ state }) => state);
const partsOf = (incident: Incident): readonly (readonly string[])[] =>
  reportWith(incident, { causeOf: (id) => (id === 'cam-dock' ? 'not-covered-priority' : undefined) }).streams.map(
    ({ coverage }) => statesOf(coverage),
  );

test('while it is covered: known by the owner, unknown between the last frame there and the first here, then here', (t) => {
  t.deepEqual(partsOf(recordOf(AT, TWO, 'covering')), [
    ['owner', 'unknown', 'failover'],
    ['owner', 'missing'],
  ]);
});

test('handed back and not told yet: the owner records again', (t) => {
  t.deepEqual(partsOf(recordOf(AT, TWO, 'restoring')), [
    ['owner', 'unknown', 'failover', 'owner'],
    ['owner', 'unknown', 'owner'],
  ]);
});

test('told: the account of the owner, to the millisecond', (t) => {
  const closed = recordOf(AT, TWO, 'closed');
  t.deepEqual(partsOf(closed), [
    ['owner', 'missing', 'returned', 'owner'],
    ['owner', 'missing', 'owner'],
  ]);
  const [door] = reportWith(closed).streams;
  t.like(door?.coverage[1], { start: AT, end: AT + 1000, cause: 'service-down' });
});

test('footage of a hot camera from before the failure begins where the owner’s ends', (t) => {
  const report = reportWith(withoutLoss(recordOf(AT, [['cam-door', 'covered']], 'closed')));
  t.deepEqual(statesOf(report.streams[0]?.coverage ?? []), ['owner', 'returned', 'owner']);
  t.regex(
    report.summary,
    /covered 1 of 1 camera from 10:02:11 without a gap\. Restored .*, 100 % returned\. Nothing is missing\.$/,
  );
});

test('the parts cover the picture without hole and overlap, whatever was recorded', (t) => {
  const random = createRandom(7).next;
  const some = (): number | undefined => (random() < 0.3 ? undefined : AT + Math.floor(random() * 600_000) - 60_000);
  for (let round = 0; round < 2000; round += 1) {
    const [first, released] = [some(), some()];
    const base = recordOf(AT, [['cam-door', 'covered']], 'covering');
    const [stream] = base.streams;
    if (stream === undefined) throw new Error('there is a stream');
    const { firstCovered: _first, ...rest } = stream;
    const parts = random() < 0.5 ? undefined : randomParts(random);
    const one = {
      ...rest,
      lastFrame: some() ?? AT,
      ...(first === undefined ? {} : { firstCovered: first }),
      ...(released === undefined ? {} : { releasedAt: released }),
      ...(parts === undefined ? {} : { parts }),
    };
    const picture = pictureOf({ ...base, streams: [one] }, AT + 700_000);
    const coverage = coverageOf(one, picture, {
      cause: random() < 0.5 ? 'not-covered-channel' : undefined,
      account: random() < 0.5 ? undefined : halved,
    });
    t.is(coverage[0]?.start, picture.start);
    t.is(coverage.at(-1)?.end, picture.end);
    t.true(coverage.every(({ start, end }, index) => end > start && (coverage[index + 1]?.start ?? end) === end));
  }
});

const halved = ({ start, end }: Picture): readonly Part[] => {
  const middle = (start + end) / 2;
  return [
    { start, end: middle, state: 'failover' },
    { start: middle, end, state: 'missing', cause: 'camera-stalled' },
  ];
};

test('a hole while it is covered is shown at once, and said while it lasts', (t) => {
  const report = reportWith(recordOf(AT, [['cam-door', 'covered']], 'covering'), {
    accountOf: (_stream, range) => halved(range),
  });
  t.deepEqual(statesOf(report.streams[0]?.coverage ?? []), ['owner', 'unknown', 'failover', 'missing']);
  t.regex(report.summary, /Not recorded now: cam-door, 00:05:00, camera stalled\./);
  const over = reportWith(recordOf(AT, [['cam-door', 'covered']], 'restoring'), {
    accountOf: (_stream, range) => halved(range),
  });
  t.deepEqual(
    statesOf(over.streams[0]?.coverage ?? []),
    ['owner', 'unknown', 'failover', 'owner'],
    'its files may be gone from there',
  );
});

function randomParts(random: () => number): Part[] {
  const states = ['owner', 'returned', 'failover'] as const;
  let at = AT + Math.floor(random() * 1000);
  return Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
    const start = at;
    at += 1 + Math.floor(random() * 90_000);
    return { start, end: at, state: states[Math.floor(random() * 3)] ?? 'owner' };
  });
}

test('more parts than there is room for end in one that is not known', (t) => {
  const parts: Part[] = Array.from({ length: MAX_STREAM_PARTS + 50 }, (_, index) => ({
    start: index,
    end: index + 1,
    state: index % 2 === 0 ? 'owner' : 'missing',
  }));
  const kept = boundedParts(parts, MAX_STREAM_PARTS);
  t.is(kept.length, MAX_STREAM_PARTS);
  t.deepEqual(kept.at(-1), { start: MAX_STREAM_PARTS - 1, end: parts.length, state: 'unknown' });
  t.is(boundedParts(kept, MAX_STREAM_PARTS).length, kept.length);
  t.deepEqual([1, 64, 512].map(partsPerStream), [256, 64, 8]);
});

test('the sentence says who failed, what was covered, when it was restored and what is missing, with names', (t) => {
  const dock = (id: string) => (id === 'cam-dock' ? { name: 'Dock', priority: 'never' as const } : undefined);
  const said = (incident: Incident): string =>
    reportWith(incident, { cameraOf: dock, causeOf: (id) => (id === 'cam-dock' ? 'not-covered-priority' : undefined) })
      .summary;
  t.is(
    said(recordOf(AT, TWO, 'covering')),
    'NAS-2 stopped 10:02:11: its keep-alives stopped. Hall-NAS covered 1 of 2 cameras from 10:02:12. ' +
      'Hall-NAS still records 1 camera. Not recorded now: Dock, 00:10:01, priority Never. What is missing is known when its footage is back.',
  );
  t.is(
    said(recordOf(AT, TWO, 'restoring')),
    'NAS-2 stopped 10:02:11: its keep-alives stopped. Hall-NAS covered 1 of 2 cameras from 10:02:12. Restored 11:15:11. ' +
      '0 files with 0.0 MB of footage came home so far. What is missing is known when its footage is back.',
  );
  t.is(
    said(recordOf(AT, TWO, 'closed')),
    'NAS-2 stopped 10:02:11: its keep-alives stopped. Hall-NAS covered 1 of 2 cameras from 10:02:12. Restored 11:15:11, 100 % returned. ' +
      'Missing: Dock, 01:13:00, priority Never; cam-door, 1.0 s, service down.',
  );
  const many = Array.from({ length: 9 }, (_, index) => [`cam-${index}`, 'never'] as const);
  t.regex(said(recordOf(AT, many, 'closed')), /covered none of 9 cameras\. Restored .*; and 6 more cameras\.$/);
});

test('footage that stays at the failover server is said, and is not called returned', (t) => {
  const closed = recordOf(AT, [['cam-door', 'covered']], 'closed');
  const kept = {
    ...closed,
    streams: closed.streams.map((stream) => ({
      ...stream,
      parts: (stream.parts ?? []).map((part) =>
        part.state === 'returned' ? { ...part, state: 'failover' as const } : part,
      ),
    })),
  };
  const report = reportWith(kept);
  t.is(report.totals.returnedPart, 0);
  t.regex(report.summary, /Restored 11:15:11, 0 % returned\. 01:12:59 of footage stay on Hall-NAS\./);
  t.notThrows(() => incidentReportSchema.parse(JSON.parse(JSON.stringify(report))));
});

test('what happened is told in order, each moment once', (t) => {
  const { steps } = reportWith(recordOf(AT, TWO, 'closed'));
  t.deepEqual(
    steps.map(({ kind, at }) => `${kind} ${(at - AT) / 1000}`),
    [
      'last-sign 0',
      'suspected 0.9',
      'covered 1',
      'taken-over 300.9',
      'server-back 4360',
      'handing-back 4380',
      'handed-back 4380.4',
      'takeover-ended 4386',
      'home 4468',
      'closed 4474',
    ],
  );
});
