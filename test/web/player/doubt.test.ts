import test from 'ava';
import { createDoubt, DOUBT_MS } from '../../../web/src/player/doubt.ts';

test('what is expected and not there is asked for again every few seconds, as long as it lasts', (t) => {
  const doubt = createDoubt();
  const asked: number[] = [];
  for (let now = 0; now <= 4 * DOUBT_MS; now += 100) if (doubt.note(true, now)) asked.push(now);
  t.deepEqual(asked, [DOUBT_MS, 2 * DOUBT_MS, 3 * DOUBT_MS, 4 * DOUBT_MS]);
});

test('a seam that is played across is no reason to ask', (t) => {
  const doubt = createDoubt();
  const seams = [0, DOUBT_MS - 1, DOUBT_MS, 2 * DOUBT_MS - 1].map((now, index) => doubt.note(index !== 1, now));
  t.deepEqual(seams, [false, false, false, false]);
});
