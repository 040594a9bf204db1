import test from 'ava';
import { ownerTable, racesTable, unownedMs, unownedProblems } from './races-table.ts';
import type { Race } from './races-table.ts';

const race = (more: Partial<Race>): Race => ({
  race: 0,
  beside: 'nobody',
  offsetMs: 0,
  ownersAfterMs: 400,
  firstFrameMs: [300, 1700],
  longestHole: 2,
  problems: [],
  ...more,
});

test('a camera is without an owner from the end of the recorder, or of the failover server that may have owned it since', (t) => {
  t.is(unownedMs(race({ ownersAfterMs: 2900 })), 2900);
  t.is(unownedMs(race({ beside: 'Host', offsetMs: 1500, ownersAfterMs: 2900 })), 2900);
  t.is(unownedMs(race({ beside: 'Spare A', offsetMs: 1500, ownersAfterMs: 2900 })), 1400);
  t.is(unownedMs(race({ beside: 'Spare A', offsetMs: -1500, ownersAfterMs: 2900 })), 2900);
  t.is(unownedMs(race({ beside: 'Spare A', offsetMs: 1500, ownersAfterMs: 300 })), 0);
});

test('more than three seconds without an owner is a problem', (t) => {
  t.deepEqual(unownedProblems(race({ ownersAfterMs: 3000 })), []);
  t.is(unownedProblems(race({ ownersAfterMs: 3001 })).length, 1);
  t.deepEqual(unownedProblems(race({ beside: 'Spare B', offsetMs: 2000, ownersAfterMs: 4900 })), []);
});

test('both readings of the three seconds are printed, and which one is missed', (t) => {
  const all = [race({}), race({ beside: 'Spare B', offsetMs: 2000, ownersAfterMs: 4900 })];
  const lines = ownerTable(all, 0).split('\n');
  t.true(
    lines.some((line) => line.includes('400 / 2900 ms | yes')),
    lines.join('\n'),
  );
  t.true(lines.some((line) => line.includes('400 / 4900 ms, 1 longer | **missed**')));
  t.true(ownerTable(all, 1).includes('1 in 2 races | **missed**'));
  t.true(ownerTable([], 0).includes('not measured'));
});

test('races are told by who was killed beside the recorder', (t) => {
  const text = racesTable([
    race({}),
    race({ beside: 'Host', firstFrameMs: [Number.NaN, Number.NaN], problems: ['x'] }),
  ]);
  t.true(text.includes('| Host | 1 | 400 / 400 | – | 2000 / 2000 | 1 |'), text);
  t.true(text.includes('| nobody | 1 | 400 / 400 | 1700 / 1700 | 2000 / 2000 | 0 |'));
});
