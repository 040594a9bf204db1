/** One camera live: picture, name, state, age of the last picture; a picture that stands still says so. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../../api/api.ts';
import { t } from '../../messages/messages.ts';
import { startLivePlayer, type LivePlayer, type LiveState } from '../../player/live-player.ts';
import { ago, clockTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { problemOf } from '../../ui/state-chip.tsx';
import { freshnessOf } from './layout.ts';
import { Unsupported } from './unsupported.tsx';

type TileProps = { readonly camera: Camera; readonly large: boolean; readonly onLarge: (on: boolean) => void };
const AGE_EVERY_MS = 500;

export function LiveTile({ camera, large, onLarge }: TileProps): VNode {
  const tile = useRef<HTMLLIElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [forceSub, setForceSub] = useState(false);
  const stream = camera.sub !== undefined && (!large || forceSub) ? 'sub' : 'main';
  const { state, lastFrameAt, nowMs } = usePlayer(video, camera.id, stream);
  const fresh = freshnessOf(lastFrameAt, nowMs);
  return (
    <li class={`tile ${fresh}`} ref={tile}>
      <video
        ref={video}
        muted
        playsInline
        disableRemotePlayback
        aria-label={t('live.pictureOf', { name: camera.name })}
        onDblClick={() => onLarge(!large)}
      />
      <Cover
        camera={camera}
        state={state}
        fresh={fresh}
        lastFrameAt={lastFrameAt}
        nowMs={nowMs}
        onSub={camera.sub !== undefined && stream === 'main' ? () => setForceSub(true) : undefined}
      />
      <div class="tile-bar">
        <span class="tile-name cut">{camera.name}</span>
        <span class={`tile-age ${fresh}`}>
          <span class="dot" />
          {fresh === 'live'
            ? t('live.live')
            : lastFrameAt === undefined
              ? t('live.noPicture')
              : ago(nowMs - lastFrameAt)}
        </span>
        <Tools
          camera={camera}
          large={large}
          onLarge={onLarge}
          onFullscreen={() => void tile.current?.requestFullscreen().catch(() => undefined)}
        />
      </div>
    </li>
  );
}

type ToolsProps = TileProps & { readonly onFullscreen: () => void };
function Tools({ camera: { id, name }, large, onLarge, onFullscreen }: ToolsProps): VNode {
  return (
    <span class="tile-tools">
      <a
        class="tile-button"
        href={`/playback?cameras=${encodeURIComponent(id)}`}
        aria-label={t('live.toPlayback', { name })}
      >
        <Icon name="playback" />
      </a>
      <button
        type="button"
        class="tile-button"
        aria-pressed={large}
        aria-label={t(large ? 'live.smaller' : 'live.larger', { name })}
        onClick={() => onLarge(!large)}
      >
        <Icon name={large ? 'close' : 'zoomIn'} />
      </button>
      <button type="button" class="tile-button" aria-label={t('live.fullscreen', { name })} onClick={onFullscreen}>
        <Icon name="fullscreen" />
      </button>
    </span>
  );
}

type Watched = { readonly state: LiveState; readonly lastFrameAt: number | undefined; readonly nowMs: number };

/** Runs the player while the tile and the page are visible. */
function usePlayer(
  video: { readonly current: HTMLVideoElement | null },
  cameraId: string,
  stream: 'main' | 'sub',
): Watched {
  const [state, setState] = useState<LiveState>({ kind: 'connecting' });
  const [seen, setSeen] = useState<{ readonly last: number | undefined; readonly now: number }>({
    last: undefined,
    now: Date.now(),
  });
  useEffect(() => {
    let player: LivePlayer | undefined;
    const sync = (): void => {
      const element = video.current;
      if (document.hidden || element === null) {
        player?.stop();
        player = undefined;
      } else player ??= startLivePlayer({ video: element, cameraId, stream, onState: setState });
    };
    sync();
    document.addEventListener('visibilitychange', sync);
    const timer = setInterval(
      () => setSeen((before) => ({ last: player?.lastFrameAt() ?? before.last, now: Date.now() })),
      AGE_EVERY_MS,
    );
    return () => {
      document.removeEventListener('visibilitychange', sync);
      clearInterval(timer);
      player?.stop();
    };
  }, [cameraId, stream]);
  return { state, lastFrameAt: seen.last, nowMs: seen.now };
}

type CoverProps = {
  readonly camera: Camera;
  readonly state: LiveState;
  readonly fresh: 'none' | 'live' | 'stale';
  readonly lastFrameAt: number | undefined;
  readonly nowMs: number;
  readonly onSub: (() => void) | undefined;
};

/** What lies over the picture when it is not live: why, and since when. */
function Cover({ camera, state, fresh, lastFrameAt, nowMs, onSub }: CoverProps): VNode | null {
  if (state.kind === 'unsupported') return <Unsupported codec={state.codec} onSub={onSub} />;
  if (fresh === 'live') return null;
  const reason = problemOf(camera) ?? (state.kind === 'waiting' ? state.reason : undefined);
  if (lastFrameAt === undefined && reason === undefined) {
    return (
      <div class="cover">
        <span class="spinner" />
        <p>{t('live.connecting')}</p>
      </div>
    );
  }
  const since = lastFrameAt ?? (camera.lastFrameAt === undefined ? undefined : Date.parse(camera.lastFrameAt));
  return (
    <div class="cover">
      <Icon name="alert" />
      <p class="strong">
        {since === undefined
          ? t('live.noPicture')
          : t('live.noPictureSince', { time: clockTime(since), ago: ago(nowMs - since) })}
      </p>
      {reason !== undefined && <p class="small">{reason}</p>}
    </div>
  );
}
