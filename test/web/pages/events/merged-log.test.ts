/** Several logs read by pages: nothing is shown before all have been read so far back, nothing is lost or shown twice. */
import test from 'ava';
import type { LogEntry } from '../../../../src/api/contract/events.ts';
import {
  behind,
  emptyPart,
  rowsOf,
  withEntry,
  withNewest,
  withOlder,
  type Part,
} from '../../../../web/src/pages/events/merged-log.ts';
import { forSeeds } from '../../../support/seeded-random.ts';

const entry = (id: string, seconds: number): LogEntry => ({
  id,
  at: new Date(1_700_000_000_000 + seconds * 1000).toISOString(),
  severity: 'info',
  code: 'test',
  message: id,
});
const idsOf = (parts: readonly Part[]): readonly string[] => rowsOf(parts).map(({ id }) => id);
const page = (items: readonly LogEntry[], next?: string) => (next === undefined ? { items } : { items, next });
const A = emptyPart({ id: 'a', name: 'A' });
const B = emptyPart({ id: 'b', name: 'B' });

test('older entries of one server wait until the other was read as far back', (t) => {
  const a = withNewest(A, page([entry('a9', 9), entry('a8', 8)], '2'));
  const b = withNewest(B, page([entry('b9', 9), entry('b2', 2)]));
  t.deepEqual(idsOf([a, b]), ['a9', 'b9', 'a8']);
  t.deepEqual(behind([a, b]), [a]);
  const all = [withOlder(a, page([entry('a3', 3), entry('a1', 1)]), '2'), b];
  t.deepEqual(idsOf(all), ['a9', 'b9', 'a8', 'a3', 'b2', 'a1']);
  t.deepEqual(behind(all), []);
});

test('a server that cannot be asked holds the others back no further', (t) => {
  const b = withNewest(B, page([entry('b9', 9)]));
  t.deepEqual(idsOf([{ ...A, problem: 'away' }, b]), ['b9']);
  t.deepEqual(idsOf([A, b]), ['b9'], 'nor one that has not answered yet');
});

test('the newest page again adds what is new; where it does not reach back the log begins anew', (t) => {
  const first = withNewest(A, page([entry('3', 3), entry('2', 2)], 'older'));
  const more = withNewest(first, page([entry('4', 4), entry('3', 3)], 'other'));
  t.deepEqual([idsOf([more]), more.next], [['4', '3', '2'], 'older']);
  const anew = withNewest(more, page([entry('9', 9), entry('8', 8)], 'newer'));
  t.deepEqual([idsOf([anew]), anew.next], [['9', '8'], 'newer']);
});

test('older entries that come late, or twice, leave no hole behind them', (t) => {
  const first = withNewest(A, page([entry('9', 9), entry('8', 8)], 'behind 8'));
  const older = page([entry('7', 7)], 'behind 7');
  const anew = withNewest(first, page([entry('99', 99)], 'behind 99'));
  t.is(withOlder(anew, older, 'behind 8'), anew, 'what is between is not known');
  const read = withOlder(first, older, 'behind 8');
  t.is(withOlder(read, older, 'behind 8'), read);
  t.is(read.next, 'behind 7');
});

test('an entry just written stands first once, and not before the log was read', (t) => {
  t.is(withEntry(A, entry('1', 1)), A);
  const read = withEntry(withNewest(A, page([entry('1', 1)])), entry('2', 2));
  t.deepEqual(idsOf([withEntry(read, entry('2', 2))]), ['2', '1']);
});

test('random logs read to the end are whole and in order at each step', (t) => {
  forSeeds(200, (random) => {
    const logs = Array.from({ length: random.int(1, 5) }, (_, at) =>
      Array.from({ length: random.int(0, 29) }, (_one, index) => entry(`${at}-${index}`, random.int(0, 49))).toSorted(
        (a, b) => b.at.localeCompare(a.at),
      ),
    );
    const pageAt = (at: number, from: number) => {
      const to = from + random.int(1, 6);
      const log = logs[at] ?? [];
      return page(log.slice(from, to), to < log.length ? String(to) : undefined);
    };
    let parts = logs.map((_, at) => withNewest(emptyPart({ id: String(at), name: '' }), pageAt(at, 0)));
    for (let step = 0; behind(parts).length > 0; step += 1) {
      t.true(step < 200, 'it ends');
      const shown = rowsOf(parts);
      const late = behind(parts);
      parts = parts.map((part, at) =>
        late.includes(part) ? withOlder(part, pageAt(at, Number(part.next)), part.next ?? '') : part,
      );
      const before = new Set(shown.map(({ id }) => id));
      const added = rowsOf(parts).filter(({ id }) => !before.has(id));
      t.is(rowsOf(parts).length, shown.length + added.length, 'what was shown stays');
      const oldest = shown.at(-1)?.at;
      t.true(
        added.every(({ at }) => oldest === undefined || at <= oldest),
        'and nothing comes between',
      );
    }
    const times = rowsOf(parts).map(({ at }) => at);
    t.deepEqual(times, times.toSorted().toReversed());
    t.is(times.length, logs.flat().length);
  });
});
