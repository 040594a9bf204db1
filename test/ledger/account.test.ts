import test from 'ava';
import {
  holeStart,
  CAUSES_BY_WEIGHT,
  JITTER_MS,
  ORDER_EDGE_MS,
  PENDING_MS,
  RESTART_EDGE_MS,
  SILENCE_MS,
  absencesOf,
  accountOf,
  totalsOf,
} from '../../src/ledger/account.ts';
import type { AccountSpan, Facts } from '../../src/ledger/account.ts';
import { MISSING_CAUSES } from '../../src/ledger/causes.ts';
import type { MissingCause } from '../../src/ledger/causes.ts';
import { rangeOf } from '../../src/ledger/spans.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const LATER = 10_000_000;
const recorded = (start: number, end: number, returned = false) => ({
  ...rangeOf(start, end),
  recordedBy: 'me',
  returned,
});
const missing = (start: number, end: number, cause: MissingCause, detail = '') => ({
  ...rangeOf(start, end),
  cause,
  detail,
});
const account = (facts: Partial<Facts>, range = rangeOf(0, 100_000)) =>
  accountOf({ range, now: LATER, expected: [range], recorded: [], missing: [], ...facts });
const brief = (spans: readonly AccountSpan[]) =>
  spans.map((span) => `${span.start}-${span.end} ${span.state === 'missing' ? span.cause : span.state}`);

test('a hole begins where the first of its causes does, however many follow each other', (t) => {
  const missing = (start: number, end: number, cause: MissingCause): AccountSpan => ({
    ...rangeOf(start, end),
    state: 'missing',
    cause,
    detail: '',
  });
  const recorded = (start: number, end: number): AccountSpan => ({
    ...rangeOf(start, end),
    state: 'recorded',
    recordedBy: 'r',
  });
  const spans = [
    missing(0, 10, 'overload'),
    recorded(10, 20),
    missing(20, 30, 'deleted'),
    missing(30, 40, 'service-down'),
    recorded(40, 50),
  ];
  const at = (moment: number): number => holeStart(spans, moment);
  t.deepEqual([at(15), at(20), at(25), at(30), at(39)], [15, 20, 20, 20, 20]);
  t.deepEqual([at(40), at(5), at(0), at(50), at(-1)], [40, 0, 0, 50, -1]);
  t.is(holeStart([], 5), 5);
});

test('every cause has a weight', (t) => {
  t.deepEqual([...CAUSES_BY_WEIGHT].sort(), [...MISSING_CAUSES].sort());
});

test('what nobody ordered is not expected, what nobody accounts for is unexplained', (t) => {
  t.deepEqual(brief(account({ expected: [rangeOf(30_000, 60_000)], recorded: [recorded(30_000, 40_000)] })), [
    '0-30000 not-expected',
    '30000-40000 recorded',
    '40000-60000 unexplained',
    '60000-100000 not-expected',
  ]);
});

test('recorded wins over a booked gap, the more specific of two causes over the other', (t) => {
  const spans = account({
    recorded: [recorded(0, 20_000), recorded(50_000, 100_000)],
    missing: [missing(10_000, 50_000, 'service-down'), missing(30_000, 60_000, 'camera-refused')],
  });
  t.deepEqual(brief(spans), [
    '0-20000 recorded',
    '20000-30000 service-down',
    '30000-50000 camera-refused',
    '50000-100000 recorded',
  ]);
});

test('a hole below one frame interval between fragments is jitter, unless a gap is booked in it', (t) => {
  const two = [recorded(0, 50_000), recorded(50_000 + JITTER_MS, 100_000)];
  t.deepEqual(brief(account({ recorded: two })), ['0-100000 recorded']);
  t.deepEqual(brief(account({ recorded: two, missing: [missing(50_000, 50_030, 'network-loss')] })), [
    '0-50000 recorded',
    '50000-50030 network-loss',
    '50030-100000 recorded',
  ]);
  t.deepEqual(
    brief(account({ recorded: [recorded(0, 50_000), recorded(50_001 + JITTER_MS, 100_000)] }))[1],
    '50000-50031 unexplained',
  );
});

test('the unwritten fragment before a restart and the connecting after it belong to the restart', (t) => {
  const spans = account({
    recorded: [recorded(0, 40_000), recorded(43_000, 100_000)],
    missing: [missing(40_500, 41_000, 'media-restart')],
  });
  t.deepEqual(brief(spans), ['0-40000 recorded', '40000-43000 media-restart', '43000-100000 recorded']);
  const long = account({ recorded: [recorded(0, 40_000)], missing: [missing(40_000, 41_000, 'media-restart')] });
  t.deepEqual(
    brief(long).at(-1),
    '41000-100000 unexplained',
    `more than ${RESTART_EDGE_MS} ms need an account of their own`,
  );
});

test('a cause that is booked beside a restart keeps its time to the millisecond', (t) => {
  const spans = account({
    recorded: [recorded(0, 30_000), recorded(52_000, 100_000)],
    missing: [
      missing(30_500, 36_000, 'camera-refused'),
      missing(36_000, 41_000, 'media-restart'),
      missing(41_500, 50_000, 'no-key-frame'),
    ],
  });
  t.deepEqual(brief(spans), [
    '0-30000 recorded',
    '30000-30500 unexplained',
    '30500-36000 camera-refused',
    '36000-41500 media-restart',
    '41500-50000 no-key-frame',
    '50000-52000 unexplained',
    '52000-100000 recorded',
  ]);
});

test('whatever is booked: no tolerance touches it, and a restart takes at most its edges', (t) => {
  forSeeds(300, (random) => {
    const causes = ['camera-refused', 'network-loss', 'volume-full', 'media-restart', 'service-down'] as const;
    const booked = Array.from({ length: random.int(0, 8) }, () => {
      const start = random.int(0, 95_000);
      return missing(start, start + random.int(1, 9000), random.pick(causes));
    });
    const from = random.int(0, 80_000);
    const footage = [recorded(from, from + random.int(1, 20_000))];
    const spans = account({ recorded: footage, missing: booked });
    for (const span of spans) {
      if (span.state !== 'missing') continue;
      const own = booked.filter(({ start, end }) => start < span.end && end > span.start);
      const isEdge = own.every(({ cause }) => cause === span.cause);
      const strongest = Math.min(...own.map(({ cause }) => CAUSES_BY_WEIGHT.indexOf(cause)));
      t.true(isEdge || CAUSES_BY_WEIGHT.indexOf(span.cause) === strongest, JSON.stringify(span));
    }
  });
});

test('what happens right after an order has begun with the order', (t) => {
  const order = rangeOf(10_000, 100_000);
  const refused = account({ expected: [order], missing: [missing(10_200, 100_000, 'camera-refused')] });
  t.deepEqual(brief(refused), ['0-10000 not-expected', '10000-100000 camera-refused']);
  const recordedLater = account({ expected: [order], recorded: [recorded(12_000, 100_000)] });
  t.deepEqual(brief(recordedLater), ['0-12000 not-expected', '12000-100000 recorded']);
  const late = account({ expected: [order], recorded: [recorded(10_001 + ORDER_EDGE_MS, 100_000)] });
  t.deepEqual(brief(late)[1], '10000-13001 unexplained');
});

test('removed footage is missing also where nothing is expected any more', (t) => {
  t.deepEqual(
    brief(account({ expected: [], missing: [missing(10, 20, 'retention'), missing(30, 40, 'camera-stalled')] })),
    ['0-10 not-expected', '10-20 retention', '20-100000 not-expected'],
  );
});

test('the newest seconds of a running stream are pending, not missing', (t) => {
  const facts = { now: 90_000, recorded: [recorded(0, 88_000)] };
  t.deepEqual(brief(account(facts)), ['0-88000 recorded', '88000-100000 not-expected']);
  const late = { now: 90_000, recorded: [recorded(0, 90_000 - PENDING_MS - 1)] };
  t.deepEqual(brief(account(late))[1], '84999-90000 camera-stalled');
});

test('the last seconds of a stream that was switched off are pending until they are told', (t) => {
  const at = (now: number, until: number): string | undefined =>
    brief(account({ now, expected: [rangeOf(0, 50_000)], recorded: [recorded(0, until)] }))[1];
  t.is(at(50_100, 49_000), '49000-100000 not-expected');
  t.is(at(50_000 + PENDING_MS, 49_000), '49000-100000 not-expected');
  t.is(at(50_001 + PENDING_MS, 49_000), '49000-50000 unexplained');
  t.is(at(50_100, 50_000 - PENDING_MS - 1), '44999-50000 unexplained');
  const onAgain = [rangeOf(0, 50_000), rangeOf(51_000, 100_000)];
  t.deepEqual(brief(account({ now: 52_000, expected: onAgain, recorded: [recorded(0, 49_000)] })), [
    '0-49000 recorded',
    '49000-100000 not-expected',
  ]);
});

test('a silence that lasts is the camera standing still until it is booked, and unexplained if it never is', (t) => {
  const at = (now: number): string | undefined => brief(account({ now, recorded: [recorded(0, 50_000)] }))[1];
  t.is(at(60_000), '50000-60000 camera-stalled');
  t.is(at(50_000 + SILENCE_MS), '50000-70000 camera-stalled');
  t.is(at(50_001 + SILENCE_MS), '50000-70001 unexplained');
  const booked = [missing(50_000, 60_000, 'camera-refused')];
  t.is(
    brief(account({ now: 60_000, recorded: [recorded(0, 50_000)], missing: booked }))[1],
    '50000-60000 camera-refused',
  );
  const past = account({ recorded: [recorded(0, 90_000)] });
  t.is(brief(past)[1], '90000-100000 unexplained');
});

test('a hole while only control ran is a restart of media, one while neither ran is the whole service', (t) => {
  const spans = absencesOf(rangeOf(0, 100), {
    media: [rangeOf(0, 20), rangeOf(30, 60), rangeOf(90, 100)],
    control: [rangeOf(0, 60), rangeOf(89, 100)],
  });
  t.deepEqual(
    spans.map(({ start, end, cause }) => `${start}-${end} ${cause}`),
    ['20-30 media-restart', '89-90 media-restart', '60-89 service-down'],
  );
});

function randomFacts(random: Random): Facts {
  const spot = (): readonly [number, number] => {
    const start = random.int(0, 180_000);
    return [start, start + random.int(0, random.pick([10, 1000, 40_000]))];
  };
  const many = <T>(make: () => T): readonly T[] => Array.from({ length: random.int(0, 30) }, make);
  const start = random.int(0, 100_000);
  return {
    range: rangeOf(start, start + random.int(0, 100_000)),
    now: random.int(0, 250_000),
    expected: many(() => rangeOf(...spot())),
    recorded: many(() => recorded(...spot(), random.chance(0.2))),
    missing: many(() => missing(...spot(), random.pick(MISSING_CAUSES), random.pick(['', 'x', 'y']))),
  };
}

test('an account covers its range without hole or overlap, adds up, and never calls recorded time missing', (t) => {
  forSeeds(1500, (random) => {
    const facts = randomFacts(random);
    const spans = accountOf(facts);
    const { start, end } = facts.range;
    let at: number = start;
    for (const span of spans) {
      if (span.start !== at || span.end <= span.start) throw new Error(`hole or overlap at ${at}`);
      at = span.end;
      const has = facts.recorded.some(
        (other) => other.end > other.start && other.start < span.end && other.end > span.start,
      );
      if (has && span.state !== 'recorded' && span.state !== 'returned') throw new Error(`recorded at ${at} is denied`);
    }
    if (at !== end) throw new Error(`ends at ${at}, not ${end}`);
    const { recorded: own, returned, missing: lost, notExpected } = totalsOf(spans);
    if (own + returned + lost + notExpected !== end - start) throw new Error('totals do not add up');
  });
  t.pass();
});

test('the account of a range is the accounts of its parts', (t) => {
  forSeeds(500, (random) => {
    const facts = randomFacts(random);
    const middle = random.int(facts.range.start, facts.range.end);
    const whole = accountOf(facts);
    const parts = [
      ...accountOf({ ...facts, range: rangeOf(facts.range.start, middle) }),
      ...accountOf({ ...facts, range: rangeOf(middle, facts.range.end) }),
    ];
    const near = (span: AccountSpan) => span.end <= middle || span.start >= middle;
    const texts = new Set(brief(parts));
    for (const text of brief(whole.filter(near)))
      if (!texts.has(text)) throw new Error(`differs at ${text}, cut at ${middle}`);
  });
  t.pass();
});
