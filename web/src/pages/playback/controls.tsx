/** The bar between picture and timeline: play, step, gaps, speed, zoom, go to a time, in and out points. */
import type { VNode } from 'preact';
import { t } from '../../messages/messages.ts';
import { zoomAround } from '../../timeline/keys.ts';
import { centre, spanOf } from '../../timeline/scale.ts';
import { clockTime, localInput, shortDate } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { PlaybackState } from './state.ts';

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
type Props = { readonly state: PlaybackState; readonly cameraIds: readonly string[] };

export function Controls({ state, cameraIds }: Props): VNode {
  const { playing, playhead } = state;
  return (
    <div class="controls" role="toolbar" aria-label={t('playback.controls')}>
      <span class="controls-group">
        <Tool icon="gapBack" label={`${t('playback.gapBack')} [`} onClick={() => state.jumpGap(-1, cameraIds)} />
        <Tool icon="stepBack" label={`${t('playback.stepBack')} ,`} onClick={() => state.stepFrame(-1)} />
        <button
          type="button"
          class="button primary icon-only play"
          aria-label={t(playing.value ? 'playback.pause' : 'playback.play')}
          onClick={state.toggle}
        >
          <Icon name={playing.value ? 'pause' : 'play'} />
        </button>
        <Tool icon="stepForward" label={`${t('playback.stepForward')} .`} onClick={() => state.stepFrame(1)} />
        <Tool icon="gapForward" label={`${t('playback.gapForward')} ]`} onClick={() => state.jumpGap(1, cameraIds)} />
      </span>
      <span class="controls-time">
        <strong>{clockTime(playhead.value)}</strong>
        <span class="muted small">{shortDate(playhead.value)}</span>
      </span>
      <Speed state={state} />
      <GoTo state={state} />
      <span class="controls-group">
        <Tool icon="zoomOut" label={`${t('playback.zoomOut')} -`} onClick={() => zoomAround(state, 2)} />
        <Spans state={state} />
        <Tool icon="zoomIn" label={`${t('playback.zoomIn')} +`} onClick={() => zoomAround(state, 0.5)} />
      </span>
      <span class="controls-group marks">
        <button type="button" class="button quiet" title="I" onClick={() => state.mark('from')}>
          {state.rangeFrom.value === undefined ? t('playback.markIn') : `⟨ ${clockTime(state.rangeFrom.value)}`}
        </button>
        <button type="button" class="button quiet" title="O" onClick={() => state.mark('to')}>
          {state.rangeTo.value === undefined ? t('playback.markOut') : `${clockTime(state.rangeTo.value)} ⟩`}
        </button>
      </span>
    </div>
  );
}

function Tool({
  icon,
  label,
  onClick,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
}): VNode {
  return (
    <button type="button" class="button quiet icon-only" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

const MINUTE_MS = 60_000;
const SPANS = [
  [10 * MINUTE_MS, '10 min'],
  [60 * MINUTE_MS, '1 h'],
  [6 * 60 * MINUTE_MS, '6 h'],
  [24 * 60 * MINUTE_MS, '24 h'],
] as const;

/** How much time the timeline shows. */
function Spans({ state }: { readonly state: PlaybackState }): VNode {
  const shown = spanOf(state.view.value);
  return (
    <span class="segmented" role="group" aria-label={t('playback.span')}>
      {SPANS.map(([span, text]) => (
        <button
          key={span}
          type="button"
          aria-pressed={Math.abs(shown - span) < 1000}
          onClick={() => zoomAround(state, span / spanOf(state.view.peek()))}
        >
          {text}
        </button>
      ))}
    </span>
  );
}

function Speed({ state }: { readonly state: PlaybackState }): VNode {
  return (
    <select
      class="speed"
      aria-label={t('playback.speed')}
      value={String(state.speed.value)}
      onChange={(event) => (state.speed.value = Number(event.currentTarget.value))}
    >
      {SPEEDS.map((speed) => (
        <option key={speed} value={String(speed)}>
          {speed}×
        </option>
      ))}
    </select>
  );
}

function GoTo({ state }: { readonly state: PlaybackState }): VNode {
  const go = (text: string): void => {
    const at = new Date(text).getTime();
    if (Number.isNaN(at)) return;
    state.seek(at);
    state.view.value = centre(state.view.peek(), at);
  };
  return (
    <input
      class="go-to"
      type="datetime-local"
      step="1"
      aria-label={t('playback.goTo')}
      title={t('playback.goTo')}
      value={localInput(Math.floor(state.playhead.value / 60_000) * 60_000)}
      onChange={(event) => go(event.currentTarget.value)}
    />
  );
}
