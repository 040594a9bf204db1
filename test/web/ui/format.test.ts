import test from 'ava';
import { ago, dateAndTime, timesRead } from '../../../web/src/ui/format.ts';

test('ages are told in one way: seconds only below a minute', (t) => {
  t.deepEqual([400, 3000, 59_000, 60_000, 115_000, 125_000, 3_600_000, 7_200_000, 172_800_000].map(ago), [
    'just now',
    '3 s ago',
    '59 s ago',
    '1 min ago',
    '2 min ago',
    '2 min ago',
    '60 min ago',
    '2 h ago',
    '2 days ago',
  ]);
});

test('times that a box says are told as people read them, and nothing else is touched', (t) => {
  const iso = '2026-11-22T13:57:22.259Z';
  t.is(
    timesRead(`NAS-2 is not connected since ${iso}.`),
    `NAS-2 is not connected since ${dateAndTime(Date.parse(iso))}.`,
  );
  t.is(timesRead('camera 2026-11-22 of T13:57'), 'camera 2026-11-22 of T13:57');
});
