import test from 'ava';
import { createStreamCounter, statsOf } from '../../src/recorder/stream-counter.ts';
import { createRandom } from '../support/seeded-random.ts';

const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const WALL = 1_767_225_600_000;

test('rates are those of the camera from the second look on, however its frames are read', (t) => {
  const random = createRandom(3);
  const counter = createStreamCounter();
  let frame = 0;
  // The process has been running for a minute; the camera is read every 200 ms, give or take.
  for (let at = 60_000, look = 0; look < 30; look += 1) {
    for (let read = 0; read < 5; read += 1) {
      at += random.int(150, 250);
      for (; frame * 40 <= at - 60_300; frame += 1) {
        counter.accessUnits += 1;
        counter.bytes += 20_000;
        counter.lastFrameAt = WALL + frame * 40;
      }
    }
    const { framesPerSecond, bitsPerSecond } = statsOf(KEY, counter, { at, now: WALL + at });
    t.is(framesPerSecond, look === 0 ? 0 : 25, `look ${look}`);
    t.is(bitsPerSecond, look === 0 ? 0 : 4_000_000, `look ${look}`);
  }
});

test('a stream that stands still has no frames, and an outage is not spread over those that come then', (t) => {
  const counter = createStreamCounter();
  const add = (frames: number, last: number): void => {
    counter.accessUnits += frames;
    counter.lastFrameAt = WALL + last;
  };
  const look = (at: number): number => statsOf(KEY, counter, { at, now: WALL + at }).framesPerSecond;
  add(25, 1000);
  look(1000);
  add(25, 2000);
  t.is(look(2000), 25);
  t.is(look(3000), 0);
  t.is(look(60_000), 0);
  add(20, 60_900);
  t.is(look(61_000), 20);
  // The clock was set back by an hour.
  add(25, -3_538_000);
  t.is(look(62_000), 25);
});

test('the last frame never lies in the future', (t) => {
  const counter = createStreamCounter();
  t.is(statsOf(KEY, counter, { at: 1, now: WALL }).lastFrameAt, undefined);
  counter.lastFrameAt = WALL + 1500;
  t.is(statsOf(KEY, counter, { at: 1, now: WALL }).lastFrameAt, WALL);
  counter.lastFrameAt = WALL - 40;
  t.is(statsOf(KEY, counter, { at: 2, now: WALL }).lastFrameAt, WALL - 40);
});
