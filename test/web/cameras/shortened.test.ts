import test from 'ava';
import { shortenedBy } from '../../../web/src/pages/cameras/shortened.ts';

const NOW = Date.parse('2026-11-24T12:00:00.000Z');
const camera = (name: string, keptDays: number | undefined, maxDays?: number) => ({
  name,
  ...(keptDays === undefined ? {} : { oldestFootageAt: new Date(NOW - keptDays * 86_400_000).toISOString() }),
  retention: maxDays === undefined ? {} : { maxDays },
});
const namesOf = (days: number, ...cameras: ReturnType<typeof camera>[]): readonly string[] =>
  shortenedBy(cameras, days, NOW).map(({ name }) => name);

test('cameras are named whose footage is older than what is to be kept', (t) => {
  const all = [camera('Door', 11, 14), camera('Yard', 2, 14), camera('Dock', 30), camera('New', undefined)];
  t.deepEqual(namesOf(3, ...all), ['Door', 'Dock']);
  t.deepEqual(namesOf(1, ...all), ['Door', 'Yard', 'Dock']);
  t.is(Math.round(shortenedBy(all, 3, NOW)[0]?.keptDays ?? 0), 11);
});

test('nothing is asked about what stays, or goes already', (t) => {
  t.deepEqual(namesOf(14, camera('Door', 14.02, 14)), [], 'as it is');
  t.deepEqual(namesOf(20, camera('Door', 30, 14)), [], 'more than before');
  t.deepEqual(namesOf(3, camera('Door', 3.01, 14)), [], 'a quarter of an hour');
  for (const none of [0, -1, NaN]) t.deepEqual(namesOf(none, camera('Door', 30, 14)), []);
});
