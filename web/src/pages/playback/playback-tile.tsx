/** One camera of the synchronized grid: its picture at the playhead, or why there is none. */
import { effect } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { t as shell } from '../../messages/messages.ts';
import { t } from '../../messages/playback/words.ts';
import { createCameraPlayer, type CameraPlayer, type PlayerStatus } from '../../player/camera-player.ts';
import { MISSING, runAt } from '../../timeline/runs.ts';
import { Icon } from '../../ui/icon.tsx';
import type { PlaybackState } from './state.ts';
import { Cover, Recorder } from './tile-cover.tsx';

const FOLLOW_MS = 100;
type TileProps = {
  readonly state: PlaybackState;
  readonly camera: SiteCamera;
  readonly onExport: (() => void) | undefined;
};

export function PlaybackTile({ state, camera, onExport }: TileProps): VNode {
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const scrub = useRef<HTMLVideoElement>(null);
  const player = useRef<CameraPlayer>(null);
  const [status, setStatus] = useState<PlayerStatus>({ kind: 'loading' });
  useEffect(() => {
    const videos = [first.current, second.current, scrub.current] as const;
    const [one, two, three] = videos;
    if (one === null || two === null || three === null) return undefined;
    const onStatus = (next: PlayerStatus): void => {
      setStatus(next);
      setWaiting(state, camera.id, waitOf(next));
    };
    const made = createCameraPlayer({
      cameraId: camera.id,
      hasSub: camera.sub !== undefined && camera.recordSub,
      videos: [one, two],
      scrubVideo: three,
      onStatus,
    });
    player.current = made;
    state.steppers.set(camera.id, made.step);
    const stop = follow(state, camera.id, made);
    setWaiting(state, camera.id, 'loads');
    return () => {
      stop();
      made.close();
      state.steppers.delete(camera.id);
      setWaiting(state, camera.id, undefined);
    };
  }, [camera.id, state]);
  const useSub = camera.sub !== undefined && camera.recordSub ? () => player.current?.useStream('sub') : undefined;
  return (
    <li class="tile">
      <video ref={first} muted playsInline aria-label={shell('live.pictureOf', { name: camera.name })} hidden />
      <video ref={second} muted playsInline aria-label={shell('live.pictureOf', { name: camera.name })} hidden />
      <video ref={scrub} class="scrub" muted playsInline aria-hidden="true" hidden />
      <Cover state={state} camera={camera} status={status} onSub={useSub} onExport={onExport} />
      {status.kind === 'playing' && status.keysOnly && state.playing.value && (
        <p class="tile-note">
          <Icon name="info" />
          {t('keysOnly', { speed: state.speed.value })}
        </p>
      )}
      <div class="tile-bar">
        <span class="tile-name cut">{camera.name}</span>
        <Recorder camera={camera} status={status} />
        {status.kind === 'playing' && status.hasSound && <SoundButton state={state} camera={camera} />}
      </div>
    </li>
  );
}

/** Tells the player where the clock is: ten times a second, and at once whenever it jumps. */
function follow(state: PlaybackState, cameraId: string, player: CameraPlayer): () => void {
  let seeks = -1;
  const tick = (): void => {
    const jumped = seeks !== state.seeks.peek();
    seeks = state.seeks.peek();
    player.follow({
      at: state.playhead.peek(),
      speed: state.speed.peek(),
      playing: state.playing.peek(),
      jumped,
      heard: state.heard.peek() === cameraId,
      scrubbing: state.scrubbing.peek(),
      expected: isExpected(state, cameraId),
    });
  };
  const timer = setInterval(tick, FOLLOW_MS);
  const stop = effect(() => {
    void [state.seeks.value, state.playing.value, state.scrubbing.value];
    tick();
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}

function isExpected({ data, playhead }: PlaybackState, cameraId: string): boolean {
  const run = runAt(data.trackOf(cameraId).runs, playhead.peek());
  return run !== undefined && run.state !== MISSING;
}

function SoundButton({ state, camera }: { readonly state: PlaybackState; readonly camera: SiteCamera }): VNode {
  const isHeard = state.heard.value === camera.id;
  return (
    <span class={`tile-tools ${isHeard ? 'stay' : ''}`}>
      <button
        type="button"
        class="tile-button"
        aria-pressed={isHeard}
        aria-label={t('sound', { name: camera.name })}
        title={t('sound', { name: camera.name })}
        onClick={() => (state.heard.value = isHeard ? undefined : camera.id)}
      >
        <Icon name={isHeard ? 'sound' : 'soundOff'} />
      </button>
    </span>
  );
}

type Wait = 'loads' | 'failed' | undefined;
const waitOf = ({ kind }: PlayerStatus): Wait =>
  kind === 'loading' ? 'loads' : kind === 'failed' ? 'failed' : undefined;

/** The common clock waits for a video that loads; for one that failed only when no other has a picture. */
function setWaiting(state: PlaybackState, cameraId: string, wait: Wait): void {
  const before = state.waiting.peek();
  if (wait === undefined && !before.has(cameraId)) return;
  const next = new Map(before);
  if (wait === undefined) next.delete(cameraId);
  else next.set(cameraId, wait === 'failed' ? -Infinity : performance.now());
  state.waiting.value = next;
}
