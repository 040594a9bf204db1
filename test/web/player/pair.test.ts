import test from 'ava';
import type { EpochVideo } from '../../../web/src/player/epoch-video.ts';
import { createPair, STUCK_MS } from '../../../web/src/player/pair.ts';
import type { Pair } from '../../../web/src/player/pair.ts';

const EPOCH = {
  start: '2026-11-22T10:00:00.000Z',
  end: '2026-11-22T10:05:00.000Z',
  codec: 'avc1.640028',
  serverId: 's',
};
const TICK_MS = 100;

/** A player whose videos have a picture so long after they were begun. */
function createScene(loadsFor: (opened: number) => number): {
  readonly follow: (url: string, forMs: number) => ReturnType<Pair['choose']>;
  readonly opened: readonly number[];
  readonly shown: () => number;
} {
  let now = 0;
  const opened: number[] = [];
  const element = (): HTMLVideoElement =>
    ({ hidden: true, setAttribute: () => undefined, removeAttribute: () => undefined }) as unknown as HTMLVideoElement;
  const videos = [element(), element()] as const;
  const pair = createPair(
    videos,
    (epoch, video) => {
      const readyAt = now + loadsFor(opened.length);
      opened.push(now);
      const made = { epoch, video, ready: () => now >= readyAt, close: () => undefined } as Partial<EpochVideo>;
      return { kind: 'open', video: made as EpochVideo };
    },
    () => now,
  );
  return {
    opened,
    shown: () => videos.filter(({ hidden }) => !hidden).length,
    follow: (url, forMs) => {
      const until = now + forMs;
      let chosen = pair.choose({ ...EPOCH, url }, 0);
      while (now < until) {
        now += TICK_MS;
        chosen = pair.choose({ ...EPOCH, url }, 0);
      }
      return chosen;
    },
  };
}

test('a video that hangs is loaded anew', (t) => {
  const scene = createScene((times) => (times === 0 ? Infinity : 1000));
  t.is(scene.follow('one', STUCK_MS + 2000).kind, 'seen');
  t.is(scene.opened.length, 2);
  t.is(scene.shown(), 1);
});

test('where every picture takes longer than that, it comes all the same', (t) => {
  const scene = createScene(() => 5 * STUCK_MS);
  t.is(scene.follow('one', 20 * STUCK_MS).kind, 'seen');
  t.deepEqual(
    scene.opened.map((at) => Math.round(at / STUCK_MS)),
    [0, 1, 3, 7],
  );
});

test('for another epoch nobody is more patient than at first', (t) => {
  const scene = createScene((times) => (times < 3 ? Infinity : 1000));
  t.is(scene.follow('one', 2 * STUCK_MS).kind, 'pending');
  t.is(scene.follow('two', STUCK_MS + 2000).kind, 'seen');
  t.is(scene.opened.length, 4);
});
