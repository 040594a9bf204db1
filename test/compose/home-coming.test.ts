import test from 'ava';
import { createOnce, homeComingOf } from '../../src/compose/home-coming.ts';
import type { Home } from '../../src/compose/home-coming.ts';
import { epochMs } from '../../src/core/units.ts';

const SPARE = { id: 'spare', name: 'Spare' };
const T0 = new Date(2026, 10, 22, 14, 2, 10).getTime();
const at = (seconds: number) => epochMs(T0 + seconds * 1000);
const homeOf = (cameraId: string, lost: number, by = 'spare'): Home => ({
  cameraId,
  spans: [
    { start: at(-10), end: at(0), state: 'recorded', recordedBy: 'own' },
    { start: at(0), end: at(60), state: 'returned', recordedBy: by },
    { start: at(60), end: at(60 + lost), state: 'missing', cause: 'camera-refused', detail: '' },
  ],
});

test('footage that came home is told with its time, its cameras, from where, and what is missing', (t) => {
  t.deepEqual(homeComingOf(SPARE, [homeOf('a', 2), homeOf('b', 0.5)]), {
    severity: 'info',
    code: 'footage-home',
    message:
      'Footage of 2026-11-22 14:02:10 to 14:03:10 of 2 cameras came home from Spare; 2.5 seconds are missing, see the timeline.',
  });
  t.like(homeComingOf(SPARE, [homeOf('a', 0)]), {
    severity: 'info',
    message: 'Footage of 2026-11-22 14:02:10 to 14:03:10 of 1 camera came home from Spare; nothing is missing.',
  });
});

test('what another server gave is its own news, and nothing is none', (t) => {
  t.is(homeComingOf(SPARE, [homeOf('a', 3, 'another')]), undefined);
  t.is(homeComingOf(SPARE, []), undefined);
});

test('the same is said once', (t) => {
  const isFirst = createOnce();
  t.deepEqual([isFirst('a'), isFirst('a'), isFirst('b')], [true, false, true]);
  for (let number = 0; number < 64; number += 1) isFirst(`${number}`);
  t.true(isFirst('a'), 'of long ago nothing is known');
});
