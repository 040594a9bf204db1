import test from 'ava';
import type { AccountSpan } from '../../src/ledger/account.ts';
import type { MissingCause } from '../../src/ledger/causes.ts';
import { accountOfSite } from '../../src/ledger/site-account.ts';
import type { SiteFacts, SiteSpan, ToldAccount } from '../../src/ledger/site-account.ts';
import { rangeOf } from '../../src/ledger/spans.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const DAY = rangeOf(0, 1000);
const recorded = (start: number, end: number, by = 'own'): AccountSpan => ({
  ...rangeOf(start, end),
  state: 'recorded',
  recordedBy: by,
});
const returned = (start: number, end: number, by = 'F'): AccountSpan => ({
  ...rangeOf(start, end),
  state: 'returned',
  recordedBy: by,
});
const missing = (start: number, end: number, cause: MissingCause): AccountSpan => ({
  ...rangeOf(start, end),
  state: 'missing',
  cause,
  detail: '',
});
const cover = (account: readonly AccountSpan[], isAway = false, serverId = 'F'): SiteFacts['covers'][number] => ({
  serverId,
  isAway,
  told: { account },
});
const owner = (told?: ToldAccount): NonNullable<SiteFacts['owner']> => ({
  serverId: 'R',
  ...(told === undefined ? {} : { told }),
});
const merged = (facts: Partial<SiteFacts>): readonly string[] =>
  accountOfSite({ range: DAY, now: 5000, covers: [], ...facts }).map(brief);

function brief(span: SiteSpan): string {
  const times = `${span.start}-${span.end}`;
  if (span.state === 'missing') return `${times} ${span.cause}`;
  if (span.state === 'away') return `${times} away ${span.serverId}`;
  if (span.state === 'not-expected') return `${times} -`;
  return `${times} ${span.covered ? 'covered' : span.state}`;
}

test('footage of a failover server fills what the owner lacks, and nothing else', (t) => {
  const own = [recorded(0, 400), missing(400, 600, 'service-down'), recorded(600, 1000)];
  t.deepEqual(merged({ owner: owner({ account: own }), covers: [cover([recorded(350, 590, 'F')])] }), [
    '0-400 recorded',
    '400-590 covered',
    '590-600 service-down',
    '600-1000 recorded',
  ]);
});

test('what went home is told by the owner, and not as deleted by who gave it back', (t) => {
  const own = [recorded(0, 400), returned(400, 590), missing(590, 600, 'service-down'), recorded(600, 1000)];
  t.deepEqual(merged({ owner: owner({ account: own }), covers: [cover([missing(380, 600, 'deleted')])] }), [
    '0-400 recorded',
    '400-590 returned',
    '590-600 service-down',
    '600-1000 recorded',
  ]);
});

test('of two causes the one that says more is shown', (t) => {
  const own = [missing(0, 1000, 'service-down')];
  t.deepEqual(
    merged({ owner: owner({ account: own }), covers: [cover([missing(100, 300, 'not-reachable-from-failover')])] }),
    ['0-100 service-down', '100-300 not-reachable-from-failover', '300-1000 service-down'],
  );
});

test('of an owner that is away nobody knows, but for what others hold or missed, until now', (t) => {
  const covers = [cover([recorded(300, 500, 'F'), missing(500, 520, 'camera-stalled'), missing(0, 100, 'deleted')])];
  t.deepEqual(merged({ owner: owner(), covers, now: 800 }), [
    '0-300 away R',
    '300-500 covered',
    '500-520 camera-stalled',
    '520-800 away R',
    '800-1000 -',
  ]);
});

test('an owner that hangs told what it told; behind that nobody knows', (t) => {
  const account = [recorded(0, 400), recorded(400, 900)];
  t.deepEqual(merged({ owner: owner({ account, until: 450 }), covers: [cover([recorded(500, 600, 'F')])] }), [
    '0-450 recorded',
    '450-500 away R',
    '500-600 covered',
    '600-1000 away R',
  ]);
});

test('what a failover server holds that is away itself is no missing time', (t) => {
  const own = [missing(0, 500, 'service-down'), missing(500, 600, 'deleted'), recorded(600, 1000)];
  t.deepEqual(merged({ owner: owner({ account: own }), covers: [cover([recorded(100, 700, 'F')], true)] }), [
    '0-100 service-down',
    '100-500 away F',
    '500-600 deleted',
    '600-1000 recorded',
  ]);
});

test('a box that can ask no owner shows what it holds and says nothing of the rest', (t) => {
  t.deepEqual(merged({ covers: [cover([recorded(100, 200, 'F')])] }), ['0-100 -', '100-200 covered', '200-1000 -']);
});

const CAUSES: readonly MissingCause[] = ['service-down', 'camera-stalled', 'deleted', 'unexplained'];
function randomAccount(random: Random, by: string): readonly AccountSpan[] {
  const spans: AccountSpan[] = [];
  for (let at = random.int(-50, 60); at < 1050;) {
    const end = at + random.int(1, 200);
    const kind = random.int(0, 3);
    if (kind === 0) spans.push(recorded(at, end, by));
    if (kind === 1) spans.push(returned(at, end, by));
    if (kind === 2) spans.push(missing(at, end, random.pick(CAUSES)));
    at = end + (random.chance(0.3) ? random.int(0, 100) : 0);
  }
  return spans;
}

function randomFacts(random: Random): SiteFacts {
  const told: ToldAccount = {
    account: randomAccount(random, 'own'),
    ...(random.chance(0.3) ? { until: random.int(-100, 1100) } : {}),
  };
  const covers = Array.from({ length: random.int(0, 3) }, (_, index) =>
    cover(randomAccount(random, `F${index}`), random.chance(0.3), `F${index}`),
  );
  const who = random.int(0, 3);
  return {
    range: DAY,
    now: random.int(-100, 1200),
    covers,
    ...(who === 0 ? {} : { owner: { serverId: 'R', ...(who === 1 ? {} : { told }) } }),
  };
}

const at = <T extends { readonly start: number; readonly end: number }>(
  spans: readonly T[],
  ms: number,
): T | undefined => spans.find(({ start, end }) => start <= ms && ms < end);
const isFootage = (span: { readonly state: string } | undefined): boolean =>
  span?.state === 'recorded' || span?.state === 'returned';

test('any accounts: no hole, no overlap, the owner first, never a silent gap, nothing made up', (t) => {
  forSeeds(1500, (random) => {
    const facts = randomFacts(random);
    const spans = accountOfSite(facts);
    let until: number = DAY.start;
    for (const span of spans) {
      if (span.start !== until || span.end <= span.start) throw new Error(`${span.start}-${span.end} after ${until}`);
      until = span.end;
    }
    if (until !== DAY.end) throw new Error(`it ends at ${until}`);
    for (let ms = 0; ms < DAY.end; ms += 1) {
      const problem = problemAt(facts, at(spans, ms), ms);
      if (problem !== undefined) throw new Error(`${problem} at ${ms}`);
    }
  });
  t.pass();
});

/** The rules, once more and by the millisecond. */
function problemAt(facts: SiteFacts, shown: SiteSpan | undefined, ms: number): string | undefined {
  const said = saidAt(facts, ms);
  if (isFootage(said)) return shown?.state === said?.state && !isCovered(shown) ? undefined : 'not the owner first';
  const isHeld = facts.covers.some(({ isAway, told }) => !isAway && isFootage(at(told.account, ms)));
  if (isHeld) return isCovered(shown) ? undefined : 'what is held is not shown';
  if (isFootage(shown)) return 'made up';
  return isDue(facts, said, ms) && !isExplained(shown) ? 'a silent gap' : undefined;
}

const isKnown = ({ owner: own }: SiteFacts, ms: number): boolean =>
  own?.told !== undefined && ms < (own.told.until ?? Infinity);
const saidAt = (facts: SiteFacts, ms: number): AccountSpan | undefined =>
  isKnown(facts, ms) ? at(facts.owner?.told?.account ?? [], ms) : undefined;
const isDue = (facts: SiteFacts, said: AccountSpan | undefined, ms: number): boolean =>
  said?.state === 'missing' || (facts.owner !== undefined && !isKnown(facts, ms) && ms < facts.now);
const isExplained = (span: SiteSpan | undefined): boolean => span?.state === 'missing' || span?.state === 'away';
const isCovered = (span: SiteSpan | undefined): boolean => span !== undefined && 'covered' in span && span.covered;

test('a camera that comes and goes all day, missed by two servers, is accounted for in a moment', (t) => {
  const COUNT = 30_000;
  const flapping = (shift: number): readonly AccountSpan[] =>
    Array.from({ length: COUNT }, (_, index) => missing(index * 10 + shift, index * 10 + shift + 5, 'unexplained'));
  const began = performance.now();
  const spans = accountOfSite({
    range: rangeOf(0, COUNT * 10),
    now: COUNT * 10,
    owner: { serverId: 'R', told: { account: flapping(0) } },
    covers: [cover(flapping(3))],
  });
  t.is(spans.length, 2 * COUNT);
  // Each against each took a minute; a bound for a busy machine.
  t.true(performance.now() - began < 15_000, `${performance.now() - began} ms`);
});
