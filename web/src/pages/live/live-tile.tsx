/** One camera live: picture, name, state, age of the last picture; a picture that stands still says so. */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { cameraServers } from '../../app/stores.ts';
import { t } from '../../messages/messages.ts';
import { ago } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { ArrangeTools, type Arranging } from './arrange-tools.tsx';
import { heard, silenceOf } from './heard.ts';
import { freshnessOf, type Freshness } from './layout.ts';
import { SnapshotButton } from './snapshot-button.tsx';
import { SoundButton, switchSound } from './sound-button.tsx';
import { Badge, Cover } from './tile-cover.tsx';
import { usePlayer } from './use-player.ts';

type TileProps = {
  readonly camera: SiteCamera;
  readonly large: boolean;
  /** The only one on the page. */
  readonly single: boolean;
  readonly onLarge: (on: boolean) => void;
  /** Present while a view is arranged. */
  readonly arranging?: Arranging | undefined;
};

export function LiveTile({ camera, large, single, onLarge, arranging }: TileProps): VNode {
  const tile = useRef<HTMLLIElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [forceSub, setForceSub] = useState(false);
  const asked = useFullScreen(tile) || large;
  const usual = forceSub ? 'sub' : streamFor(camera, { asked, single });
  const { state, lastFrameAt, nowMs, stream, sound } = usePlayer(video, camera, usual);
  const silence = silenceOf(sound);
  const fresh = freshnessOf(lastFrameAt, nowMs, state.kind === 'playing');
  const toggleFull = (): void => toggleFullScreen(tile.current);
  return (
    <li
      class={`tile ${fresh} ${arranging === undefined ? '' : 'arranging'}`}
      ref={tile}
      data-camera={camera.id}
      {...dragOf(arranging)}
    >
      <video
        ref={video}
        muted
        playsInline
        disableRemotePlayback
        tabIndex={0}
        aria-label={t('live.pictureOf', { name: camera.name })}
        onDblClick={toggleFull}
        onKeyDown={arranging?.onKeyDown ?? keysFor(toggleFull, () => switchSound({ ...camera, silence }))}
      />
      <Cover
        camera={camera}
        state={state}
        fresh={fresh}
        lastFrameAt={lastFrameAt}
        nowMs={nowMs}
        onSub={camera.sub !== undefined && stream === 'main' ? () => setForceSub(true) : undefined}
      />
      <Badge camera={camera} />
      <div class="tile-bar">
        <span class="tile-name cut">{camera.name}</span>
        {cameraServers.value.length > 1 && <span class="tile-server cut">{camera.server.name}</span>}
        <Age fresh={fresh} lastFrameAt={lastFrameAt} nowMs={nowMs} />
      </div>
      {arranging === undefined ? (
        <Tools {...{ camera, large, asked, onLarge, silence }} onFullscreen={toggleFull} />
      ) : (
        <ArrangeTools name={camera.name} arranging={arranging} />
      )}
    </li>
  );
}

type Wanted = { readonly asked: boolean; readonly single: boolean };
/** The sub-stream for tiles, the main one for a picture that has the page or the screen. */
function streamFor(camera: SiteCamera, { asked, single }: Wanted): 'main' | 'sub' {
  return camera.sub === undefined || asked || (single && canShowMain(camera)) ? 'main' : 'sub';
}

type Drag = Partial<Pick<Arranging, 'onDragStart' | 'onDragOver' | 'onDrop'>> & { readonly draggable?: true };
const dragOf = (arranging: Arranging | undefined): Drag =>
  arranging === undefined
    ? {}
    : {
        draggable: true,
        onDragStart: arranging.onDragStart,
        onDragOver: arranging.onDragOver,
        onDrop: arranging.onDrop,
      };

function toggleFullScreen(tile: HTMLElement | null): void {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
  else void tile?.requestFullscreen().catch(() => undefined);
}

const keysFor =
  (toggleFull: () => void, toggleSound: () => void) =>
  (event: KeyboardEvent): void => {
    if (event.key === 'Enter') toggleFull();
    else if (event.key === 's' && !event.ctrlKey && !event.metaKey && !event.altKey) toggleSound();
    else moveFocus(event);
  };

/** What it sends is known before it is asked for: a lone tile does not begin with an explanation where the sub-stream plays. */
function canShowMain({ streams }: SiteCamera): boolean {
  const codec = streams.find(({ stream }) => stream === 'main')?.codec;
  if (codec === undefined || typeof MediaSource === 'undefined') return true;
  return MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
}

function useFullScreen(tile: { readonly current: HTMLElement | null }): boolean {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = (): void =>
      setFull(document.fullscreenElement !== null && document.fullscreenElement === tile.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  return full;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
/** Arrow keys go from picture to picture. */
function moveFocus(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
  const all = [...document.querySelectorAll<HTMLElement>('.grid.live .tile video')];
  const next = all[all.indexOf(event.currentTarget) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

type AgeProps = { readonly fresh: Freshness; readonly lastFrameAt: number | undefined; readonly nowMs: number };
function Age({ fresh, lastFrameAt, nowMs }: AgeProps): VNode {
  const text = lastFrameAt === undefined ? t('live.noPicture') : ago(nowMs - lastFrameAt);
  return (
    <span class={`tile-age ${fresh}`} title={text}>
      <span class="dot" />
      {fresh === 'live' ? t('live.live') : text}
    </span>
  );
}

type ToolsProps = Pick<TileProps, 'camera' | 'large' | 'onLarge'> & {
  readonly silence: string | undefined;
  /** It has the page or the screen. */
  readonly asked: boolean;
  readonly onFullscreen: () => void;
};
function Tools({ camera: { id, name }, large, asked, onLarge, silence, onFullscreen }: ToolsProps): VNode {
  return (
    <span class={`tile-tools ${heard.value === id ? 'stay' : ''}`}>
      <SoundButton id={id} name={name} silence={silence} />
      {asked && <SnapshotButton id={id} name={name} />}
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
