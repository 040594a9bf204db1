import test from 'ava';
import type { Clock } from '../../../web/src/player/camera-player.ts';
import type { EpochVideo } from '../../../web/src/player/epoch-video.ts';
import { steer } from '../../../web/src/player/steer.ts';

/** A video as a browser has it: played at its end it begins anew. */
function fakeVideo(at: number, duration: number): { video: HTMLVideoElement; at: () => number } {
  const fake = {
    currentTime: at,
    paused: true,
    muted: true,
    playbackRate: 1,
    seeking: false,
    get ended() {
      return fake.currentTime >= duration;
    },
    pause: () => {
      fake.paused = true;
    },
    play: async () => {
      if (fake.ended) fake.currentTime = 0;
      fake.paused = false;
    },
  };
  return { video: fake as unknown as HTMLVideoElement, at: () => fake.currentTime };
}

/** Wall time, in ms, and media time are one. */
function played(at: number, duration: number): { playing: EpochVideo; video: HTMLVideoElement; at: () => number } {
  const fake = fakeVideo(at, duration);
  const playing: EpochVideo = {
    epoch: { url: '', start: '', end: '', codec: '', serverId: 'srv-1' },
    video: fake.video,
    ready: () => true,
    hasSound: () => false,
    seek: (wall) => {
      fake.video.currentTime = Math.min(wall / 1000, duration);
      return true;
    },
    aheadOf: (wall) => fake.at() * 1000 - wall,
    step: async () => undefined,
    close: () => undefined,
  };
  return { playing, ...fake };
}
const clockAt = (at: number): Clock => ({
  at,
  speed: 1,
  playing: true,
  jumped: false,
  heard: false,
  scrubbing: false,
  expected: true,
});

test('a video that waits is played', (t) => {
  const { playing, video, at } = played(10, 64);
  steer(playing, clockAt(10_000));
  t.false(video.paused);
  t.is(at(), 10);
});

test('a video at its end, a little before the clock is there, stays at its last picture', (t) => {
  const { playing, video, at } = played(64, 64);
  steer(playing, clockAt(63_900));
  t.true(video.paused);
  t.is(at(), 64);
});

test('back from the end it plays again', (t) => {
  const { playing, video, at } = played(64, 64);
  steer(playing, { ...clockAt(20_000), jumped: true });
  t.is(at(), 20);
  t.false(video.paused);
});
