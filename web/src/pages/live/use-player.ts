/** Runs the live player of a tile while tile and page are visible or it is heard, and says how old its picture is. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { livePath, type SiteCamera } from '../../api/site.ts';
import { startLivePlayer, type LivePlayer, type LiveState } from '../../player/live-player.ts';
import { heard, soundOf, type Headers, type Sound } from './heard.ts';

export type Watched = {
  readonly state: LiveState;
  /** Browser milliseconds. */
  readonly lastFrameAt: number | undefined;
  readonly nowMs: number;
  readonly stream: 'main' | 'sub';
  readonly sound: Sound;
};
const AGE_EVERY_MS = 500;

export function usePlayer(
  video: { readonly current: HTMLVideoElement | null },
  camera: SiteCamera,
  usual: 'main' | 'sub',
): Watched {
  const [state, setState] = useState<LiveState>({ kind: 'connecting' });
  const [seen, setSeen] = useState<{ readonly last: number | undefined; readonly now: number }>({
    last: undefined,
    now: Date.now(),
  });
  const [headers, setHeaders] = useState<Headers>({});
  const audio = heard.value === camera.id;
  const sound = soundOf(camera, usual, headers);
  const stream = audio && sound.kind === 'playable' && sound.mainOnly ? 'main' : usual;
  const running = useRef<LivePlayer>(undefined);
  const isHeard = useRef(audio);
  useEffect(() => {
    const onState = (next: LiveState): void => {
      setState(next);
      if (next.kind === 'playing') setHeaders((before) => ({ ...before, [stream]: next }));
    };
    const sync = (): void => {
      const element = video.current;
      if (element === null || (document.hidden && !isHeard.current)) {
        running.current?.stop();
        running.current = undefined;
        return;
      }
      const path = (withAudio: boolean): string => livePath(camera.id, stream, withAudio);
      running.current ??= startLivePlayer({ video: element, audio: isHeard.current, path, onState });
    };
    sync();
    document.addEventListener('visibilitychange', sync);
    const timer = setInterval(
      () => setSeen((before) => ({ last: running.current?.lastFrameAt() ?? before.last, now: Date.now() })),
      AGE_EVERY_MS,
    );
    return () => {
      document.removeEventListener('visibilitychange', sync);
      clearInterval(timer);
      running.current?.stop();
      running.current = undefined;
    };
  }, [camera.id, stream]);
  useEffect(() => {
    isHeard.current = audio;
    running.current?.setAudio(audio);
  }, [audio]);
  // Another server records it, or it records again: do not wait for the next try.
  useEffect(() => running.current?.nudge(), [camera.coveredBy?.id, camera.serverConnected, camera.state]);
  useEffect(
    () => () => {
      if (heard.peek() === camera.id) heard.value = undefined;
    },
    [camera.id],
  );
  return { state, lastFrameAt: seen.last, nowMs: seen.now, stream, sound };
}
