/** One camera of the synchronized grid: its picture at the playhead, or why there is none. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../../api/api.ts';
import { t } from '../../messages/messages.ts';
import { createCameraPlayer, type CameraPlayer, type PlayerStatus } from '../../player/camera-player.ts';
import { runAt } from '../../timeline/runs.ts';
import { causeText } from '../../timeline/words.ts';
import { duration } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Unsupported } from '../live/unsupported.tsx';
import type { PlaybackState } from './state.ts';

const FOLLOW_MS = 100;

export function PlaybackTile({ state, camera }: { readonly state: PlaybackState; readonly camera: Camera }): VNode {
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const player = useRef<CameraPlayer>(null);
  const [status, setStatus] = useState<PlayerStatus>({ kind: 'loading' });
  useEffect(() => {
    if (first.current === null || second.current === null) return undefined;
    const made = createCameraPlayer({
      cameraId: camera.id,
      videos: [first.current, second.current],
      onStatus: setStatus,
    });
    player.current = made;
    let seeks = -1;
    const timer = setInterval(() => {
      const jumped = seeks !== state.seeks.peek();
      seeks = state.seeks.peek();
      made.follow({
        at: state.playhead.peek(),
        speed: state.speed.peek(),
        playing: state.playing.peek(),
        jumped,
        heard: state.heard.peek() === camera.id,
      });
    }, FOLLOW_MS);
    return () => {
      clearInterval(timer);
      made.close();
      setWaiting(state, camera.id, false);
    };
  }, [camera.id, state]);
  useEffect(() => setWaiting(state, camera.id, status.kind === 'loading'), [status.kind]);
  const useSub = camera.sub === undefined ? undefined : () => player.current?.useStream('sub');
  return (
    <li class="tile">
      <video ref={first} muted playsInline aria-label={t('live.pictureOf', { name: camera.name })} hidden />
      <video ref={second} muted playsInline aria-hidden="true" hidden />
      <Cover state={state} camera={camera} status={status} onSub={useSub} />
      <div class="tile-bar">
        <span class="tile-name cut">{camera.name}</span>
        {status.kind === 'playing' && status.hasSound && <SoundButton state={state} camera={camera} />}
      </div>
    </li>
  );
}

function SoundButton({ state, camera }: { readonly state: PlaybackState; readonly camera: Camera }): VNode {
  const isHeard = state.heard.value === camera.id;
  return (
    <span class={`tile-tools ${isHeard ? 'stay' : ''}`}>
      <button
        type="button"
        class="tile-button"
        aria-pressed={isHeard}
        aria-label={t('playback.sound', { name: camera.name })}
        title={t('playback.sound', { name: camera.name })}
        onClick={() => (state.heard.value = isHeard ? undefined : camera.id)}
      >
        <Icon name={isHeard ? 'sound' : 'soundOff'} />
      </button>
    </span>
  );
}

/** The common clock waits for a video that waits for data. */
function setWaiting(state: PlaybackState, cameraId: string, waits: boolean): void {
  const before = state.waiting.peek();
  if (before.has(cameraId) === waits) return;
  const next = new Set(before);
  if (waits) next.add(cameraId);
  else next.delete(cameraId);
  state.waiting.value = next;
}

type CoverProps = {
  readonly state: PlaybackState;
  readonly camera: Camera;
  readonly status: PlayerStatus;
  readonly onSub: (() => void) | undefined;
};
function Cover({ state, camera, status, onSub }: CoverProps): VNode | null {
  void state.data.version.value;
  const run = runAt(state.data.trackOf(camera.id).runs, state.playhead.value);
  if (status.kind === 'unsupported') return <Unsupported codec={status.codec} onSub={onSub} />;
  if (run?.state === 3) {
    return (
      <div class="cover solid">
        <Icon name="alert" />
        <p class="strong">{t('playback.missing')}</p>
        <p class="small">
          {causeText(run.cause)} · {duration((run.end - run.start) / 1000)}
        </p>
      </div>
    );
  }
  if (status.kind === 'playing') return null;
  return (
    <div class="cover">
      {status.kind === 'loading' ? <span class="spinner" /> : <Icon name="info" />}
      <p>
        {status.kind === 'loading'
          ? t('common.loading')
          : status.kind === 'failed'
            ? t('playback.failed', { message: status.message })
            : t('playback.nothing')}
      </p>
    </div>
  );
}
