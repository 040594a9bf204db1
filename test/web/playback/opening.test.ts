import test from 'ava';
import { boxNow, setBoxClock } from '../../../web/src/app/box-clock.ts';
import { server } from '../../../web/src/app/stores.ts';
import { createPlaybackState } from '../../../web/src/pages/playback/state.ts';

const HOUR_MS = 3_600_000;
globalThis.requestAnimationFrame = () => 0;
globalThis.cancelAnimationFrame = () => undefined;

test.serial("the box's clock becomes known between the first picture of the page and what runs behind it", (t) => {
  for (const off of [HOUR_MS, -HOUR_MS]) {
    server.value = undefined;
    setBoxClock(Date.now(), Date.now(), Date.now());
    const state = createPlaybackState({});
    setBoxClock(Date.now() + off, Date.now(), Date.now());
    server.value = {} as NonNullable<typeof server.value>;
    const stop = state.start();
    stop();
    t.true(Math.abs(boxNow() - 60_000 - state.playhead.peek()) < 5000, String(off));
  }
});
