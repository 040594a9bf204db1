import test from 'ava';
import { offsetOf, planSeams } from '../../src/ledger/seams.ts';
import type { Verdict } from '../../src/ledger/seams.ts';
import type { FootageGroup } from '../../src/wire/footage-protocol.ts';
import { record, UNIT_MS } from '../support/footage-source.ts';
import type { KnownGroup, Recorder } from '../support/footage-source.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const [F, R] = ['f0000000-0000-4000-8000-00000000000f', 'a0000000-0000-4000-8000-00000000000a'];
const DAY = 86_400_000;
const groupsOf = (known: readonly KnownGroup[]): readonly FootageGroup[] => known.map(({ group }) => group);
const recorderOf = (serverId: string, random: Random, more: Partial<Recorder>): Recorder => ({
  serverId,
  source: { unitsPerGroup: 50, repeatGroups: 5 },
  sessions: [[0, 1000]],
  loss: 0,
  clockMs: 0,
  jitterMs: 0,
  random,
  ...more,
});
const plan = (mine: readonly KnownGroup[], theirs: readonly KnownGroup[], guess = 0): readonly Verdict[] => {
  const clockOffsetMs = offsetOf(groupsOf(mine), groupsOf(theirs), guess);
  return planSeams({ mine: groupsOf(mine), theirs: groupsOf(theirs), clockOffsetMs, settledUntil: Infinity });
};
/** Numbers of access units as they stand in the merged timeline. */
function merged(
  mine: readonly KnownGroup[],
  theirs: readonly KnownGroup[],
  verdicts: readonly Verdict[],
  offset: number,
) {
  const returned = verdicts.flatMap((verdict) => (verdict.kind === 'return' ? [verdict] : []));
  const replaced = new Set(returned.flatMap(({ supersedes }) => supersedes));
  const back = returned.map(({ group }) => group);
  const own = theirs
    .filter(({ group }) => !replaced.has(group))
    .map(({ group, units }) => ({ at: group.start, units }));
  const theirsBack = mine
    .filter(({ group }) => back.includes(group))
    .map(({ group, units }) => ({ at: group.start + offset, units }));
  return [...own, ...theirsBack].sort((left, right) => left.at - right.at).flatMap(({ units }) => units);
}

test('a cover between two sessions of a server gives back what is missing, and seams lie at key frames', (t) => {
  const random = createRandom(1);
  // Dies at 470, in the group from 450; covered from 450 on; back with the key frame at 700, covered until 745.
  const theirs = record(
    recorderOf(R, random, {
      sessions: [
        [0, 470],
        [690, 1000],
      ],
    }),
  );
  const mine = record(recorderOf(F, random, { sessions: [[440, 745]] }));
  const verdicts = plan(mine, theirs);
  t.deepEqual(
    verdicts.map(({ kind }) => kind),
    ['return', 'return', 'return', 'return', 'return', 'known'],
  );
  const [first] = verdicts;
  t.is(first?.kind === 'return' ? first.supersedes[0]?.accessUnits : 0, 20);
  t.deepEqual(
    merged(mine, theirs, verdicts, 0),
    Array.from({ length: 1000 }, (_, index) => index),
  );
});

test('the receiver keeps its own group if both have as much of it', (t) => {
  const random = createRandom(1);
  const both = { sessions: [[0, 200]] } as const;
  const verdicts = plan(record(recorderOf(F, random, both)), record(recorderOf(R, random, both)));
  t.true(verdicts.every((verdict) => verdict.kind === 'known' && verdict.why === 'same'));
});

test('a whole group wins over a longer one that swallowed the next for want of its key frame', (t) => {
  const random = createRandom(1);
  const [theirs] = record(recorderOf(R, random, { sessions: [[0, 50]] }));
  const mine = record(recorderOf(F, random, { sessions: [[0, 100]] }));
  // What it has behind the key frame that it lost at 50: the fragments from 62 on.
  const next = mine[1];
  if (theirs === undefined || next === undefined) throw new Error('nothing was recorded');
  const tail = next.group.fragments.slice(1);
  const group: FootageGroup = {
    ...theirs.group,
    end: next.group.end,
    accessUnits: 50 + tail.length * 12,
    continuous: false,
    digest: 'other',
    fragments: [...theirs.group.fragments, ...tail],
  };
  const verdicts = plan(mine, [{ group, units: [] }]);
  t.deepEqual(
    verdicts.map((verdict) => (verdict.kind === 'return' ? verdict.supersedes.length : verdict.kind)),
    [0, 1],
    'replaced by the last of the two that do it together',
  );
});

test('what still grows, on either side, is not decided on', (t) => {
  const random = createRandom(1);
  const theirs = record(recorderOf(R, random, { sessions: [[0, 120]] }));
  const mine = record(recorderOf(F, random, { sessions: [[0, 200]] }));
  const growing = groupsOf(theirs).map((group, index) => (index === 2 ? { ...group, growing: true } : group));
  const verdicts = planSeams({ mine: groupsOf(mine), theirs: growing, clockOffsetMs: 0, settledUntil: 150 * UNIT_MS });
  t.deepEqual(
    verdicts.map(({ kind }) => kind),
    ['known', 'known', 'wait', 'wait'],
  );
});

test('footage that shares no access unit is kept beside what the receiver has of that time', (t) => {
  const random = createRandom(1);
  const mine = record(recorderOf(F, random, { sessions: [[0, 200]] }));
  const theirs = groupsOf(mine).map((group, index) => ({
    ...group,
    recordedBy: R,
    key: `x${index}`,
    digest: `x${index}`,
    fragments: group.fragments.map((one) => ({ ...one, leaves: one.leaves.replaceAll('A', 'z') })),
  }));
  const verdicts = planSeams({ mine: groupsOf(mine), theirs, clockOffsetMs: 0, settledUntil: Infinity });
  t.true(verdicts.every((verdict) => verdict.kind === 'return' && verdict.supersedes.length === 0));
});

test('the offset of the clocks is taken from key frames that both have', (t) => {
  const random = createRandom(3);
  const theirs = record(recorderOf(R, random, { sessions: [[0, 470]], jitterMs: 20 }));
  const mine = record(recorderOf(F, random, { sessions: [[200, 745]], clockMs: DAY + 321, jitterMs: 20 }));
  const offset = offsetOf(groupsOf(mine), groupsOf(theirs), -DAY + 900);
  t.true(Math.abs(offset + DAY + 321) <= 40, String(offset));
  t.is(offsetOf(groupsOf(mine), [], 77), 77);
});

/** Sessions with reboots in between, over `length` access units. */
function sessionsOf(random: Random, length: number, up: number): readonly (readonly [number, number])[] {
  const sessions: (readonly [number, number])[] = [];
  for (let at = random.int(0, 60); at < length;) {
    const end = Math.min(length, at + random.int(20, up));
    sessions.push([at, end]);
    at = end + random.int(1, 200);
  }
  return sessions;
}

test('whatever two servers have of a camera, each access unit stands once, and none of a whole group is missing', (t) => {
  const tally = { returned: 0, known: 0, superseded: 0, missing: 0 };
  forSeeds(400, (random, seed) => {
    const source = { unitsPerGroup: random.pick([10, 25, 50, 100]), repeatGroups: 0 };
    const withRepeats = { ...source, repeatGroups: random.chance(0.5) ? Math.ceil(250 / source.unitsPerGroup) : 0 };
    const offsetMs = random.pick([0, 0, 350, -4000, 60_000, DAY, -DAY]);
    const loss = random.pick([0, 0, 0.002, 0.05]);
    const common = { source: withRepeats, loss, jitterMs: random.pick([0, 10, 40]) };
    const length = random.int(200, 1500);
    const theirs = record(recorderOf(R, random, { ...common, sessions: sessionsOf(random, length, 600) }));
    const mine = record(
      recorderOf(F, random, { ...common, sessions: sessionsOf(random, length, 600), clockMs: -offsetMs }),
    );
    const guess = offsetMs + random.int(-300, 300);
    const offset = offsetOf(groupsOf(mine), groupsOf(theirs), guess);
    const verdicts = planSeams({
      mine: groupsOf(mine),
      theirs: groupsOf(theirs),
      clockOffsetMs: offset,
      settledUntil: Infinity,
    });
    const units = merged(mine, theirs, verdicts, offset);
    const once = new Set(units);
    const note = `seed ${seed}`;
    t.is(once.size, units.length, `${note}: doubled`);
    for (const known of [...mine, ...theirs].filter(({ group }) => group.continuous))
      t.true(
        known.units.every((unit) => once.has(unit)),
        `${note}: a unit of a whole group is missing`,
      );
    const sorted = units.toSorted((left, right) => left - right);
    t.deepEqual(units, sorted, `${note}: order`);
    const all = new Set([...mine, ...theirs].flatMap((known) => known.units));
    tally.missing += all.size - once.size;
    for (const verdict of verdicts) {
      if (verdict.kind === 'return') tally.superseded += verdict.supersedes.length;
      tally[verdict.kind === 'return' ? 'returned' : 'known'] += 1;
    }
  });
  t.log(tally);
});
