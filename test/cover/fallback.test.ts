/** A hot camera that refuses its second session: when that is believed, and when it is asked again. */
import test from 'ava';
import { FIRST_HOT_RETRY_MS, HOT_REFUSALS, LAST_HOT_RETRY_MS, laterOn, refusedHot } from '../../src/cover/fallback.ts';
import type { Fallback } from '../../src/cover/fallback.ts';
import { forSeeds } from '../support/seeded-random.ts';

const source = 'rtsp://camera';
const refusal = (at: number, of = source) => ({ source: of, message: '453 Not Enough Bandwidth', at });

test('three refusals in a row are believed, not fewer', (t) => {
  let state = refusedHot(undefined, refusal(0));
  t.is(state.kind, 'asking');
  state = refusedHot(state, refusal(5000));
  t.is(state.kind, 'asking');
  t.deepEqual(refusedHot(state, refusal(9000)), {
    kind: 'fallen',
    source,
    retryAt: 9000 + FIRST_HOT_RETRY_MS,
    falls: 1,
    message: '453 Not Enough Bandwidth',
  });
});

test('what has fallen is asked again after growing waits, and one more refusal is answer enough', (t) => {
  let state: Fallback | undefined;
  const waits: number[] = [];
  let at = 0;
  for (let round = 0; round < 6; round += 1) {
    const needed = round === 0 ? HOT_REFUSALS : 1;
    for (let count = 0; count < needed; count += 1) state = refusedHot(state, refusal(at));
    if (state?.kind !== 'fallen') throw new Error(`round ${round}`);
    waits.push(state.retryAt - at);
    t.is(laterOn(state, source, state.retryAt - 1), state);
    at = state.retryAt;
    state = laterOn(state, source, at);
    t.is(state?.kind, 'asking');
  }
  t.deepEqual(waits, [30_000, 60_000, 120_000, 240_000, 480_000, LAST_HOT_RETRY_MS]);
});

test('with another address or password nothing is known of the camera', (t) => {
  let state: Fallback | undefined;
  for (let count = 0; count < HOT_REFUSALS; count += 1) state = refusedHot(state, refusal(0));
  if (state === undefined) throw new Error('nothing was refused');
  t.is(laterOn(state, 'rtsp://other', 1), undefined);
  t.is(laterOn(state, source, 1), state);
  t.like(refusedHot(state, refusal(1, 'rtsp://other')), { kind: 'asking', refusals: 1, falls: 0 });
});

test('whatever comes: it is never given up for longer than the last wait, nor asked more often than the first', (t) => {
  forSeeds(30, (random, seed) => {
    let state: Fallback | undefined;
    let [at, askedAt] = [0, -Infinity];
    for (let step = 0; step < 400; step += 1) {
      at += random.int(1, 30_000);
      const before = state;
      state = random.chance(0.5) ? refusedHot(state, refusal(at)) : state && laterOn(state, source, at);
      if (before?.kind === 'fallen' && state?.kind === 'asking') {
        if (at - askedAt < FIRST_HOT_RETRY_MS) throw new Error(`seed ${seed}: asked again after ${at - askedAt} ms`);
        askedAt = at;
      }
      if (state?.kind === 'fallen' && state.retryAt - at > LAST_HOT_RETRY_MS) throw new Error(`seed ${seed}: given up`);
    }
  });
  t.pass();
});
