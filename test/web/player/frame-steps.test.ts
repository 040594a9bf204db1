import test from 'ava';
import { watchFrames } from '../../../web/src/player/frame-steps.ts';

const FRAME_S = 0.04;
/** 25 pictures a second, each on screen so long after it was sought, if nothing else was sought meanwhile. */
function slowVideo(presentedMs: number) {
  let look: ((now: number, picture: { readonly mediaTime: number }) => void) | undefined;
  const waiting: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const present = (at: number): void => look?.(0, { mediaTime: Math.floor(at / FRAME_S + 1e-6) * FRAME_S });
  const video = {
    set currentTime(to: number) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        for (const done of waiting.splice(0)) done();
        present(to);
      }, presentedMs);
    },
    buffered: { length: 1, start: () => 0, end: () => 100 },
    addEventListener: (_event: string, done: () => void) => void waiting.push(done),
    requestVideoFrameCallback: (next: typeof look) => {
      look = next;
      return 0;
    },
  };
  return { video: video as unknown as HTMLVideoElement, present };
}

test('a step is one picture, there and back, also where pictures take their time to be found', async (t) => {
  const { video, present } = slowVideo(250);
  const frames = watchFrames(video);
  present(1);
  t.is((await frames.step(1))?.toFixed(3), '1.040');
  t.is((await frames.step(1))?.toFixed(3), '1.080');
  t.is((await frames.step(-1))?.toFixed(3), '1.040');
  frames.stop();
  t.is(await frames.step(1), undefined, 'nobody looks any more');
});
