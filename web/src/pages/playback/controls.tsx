/** The bar between picture and timeline: play, step, gaps, speed, zoom, go to a time, in and out points. */
import type { VNode } from 'preact';
import { SPEEDS } from '../../app/playback-link.ts';
import { t, type PlaybackKey } from '../../messages/playback/words.ts';
import { zoomAround } from '../../timeline/keys.ts';
import { spanOf } from '../../timeline/scale.ts';
import { timeText } from '../../timeline/words.ts';
import { zoneText } from '../../timeline/zone.ts';
import { clockTime, decimal, shortDate } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { PlaybackState } from './state.ts';

type Props = { readonly state: PlaybackState; readonly onGoTo: () => void };

export function Controls({ state, onGoTo }: Props): VNode {
  const { playing } = state;
  return (
    <div class="controls" role="toolbar" aria-label={t('controls')}>
      <span class="controls-group">
        <Tool icon="gapBack" label={`${t('gapBack')} [`} onClick={() => state.jumpGap(-1)} />
        <Tool icon="stepBack" label={`${t('stepBack')} ,`} onClick={() => state.stepFrame(-1)} />
        <button
          type="button"
          class="button primary icon-only play"
          aria-label={t(playing.value ? 'pause' : 'play')}
          onClick={state.toggle}
        >
          <Icon name={playing.value ? 'pause' : 'play'} />
        </button>
        <Tool icon="stepForward" label={`${t('stepForward')} .`} onClick={() => state.stepFrame(1)} />
        <Tool icon="gapForward" label={`${t('gapForward')} ]`} onClick={() => state.jumpGap(1)} />
      </span>
      <Time state={state} onGoTo={onGoTo} />
      <Speed state={state} />
      <span class="controls-group">
        <Tool icon="zoomOut" label={`${t('zoomOut')} -`} onClick={() => zoomAround(state, 2)} />
        <Spans state={state} />
        <Tool icon="zoomIn" label={`${t('zoomIn')} +`} onClick={() => zoomAround(state, 0.5)} />
      </span>
      <Marks state={state} />
    </div>
  );
}

type ToolProps = { readonly icon: IconName; readonly label: string; readonly onClick: () => void };
function Tool({ icon, label, onClick }: ToolProps): VNode {
  return (
    <button type="button" class="button quiet icon-only" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** What time it is there, in which zone; leads to any other time. */
function Time({ state, onGoTo }: Props): VNode {
  const at = state.playhead.value;
  const zone = t('zone', { zone: zoneText(at) });
  return (
    <button type="button" class="button quiet controls-time" title={`${t('goTo')} (G) · ${zone}`} onClick={onGoTo}>
      <strong>{timeText(at)}</strong>
      <span class="muted small">{shortDate(at)}</span>
      <Icon name="calendar" />
      <span class="hidden-text">{t('goTo')}</span>
    </button>
  );
}

/** A mark is set where the playhead is. */
function Marks({ state }: { readonly state: PlaybackState }): VNode {
  const [from, to] = [state.rangeFrom.value, state.rangeTo.value];
  return (
    <span class="controls-group marks">
      <button type="button" class="button quiet" title="I" onClick={() => state.mark('from')}>
        {from === undefined ? t('markIn') : `⟨ ${clockTime(from)}`}
      </button>
      <button type="button" class="button quiet" title="O" onClick={() => state.mark('to')}>
        {to === undefined ? t('markOut') : `${clockTime(to)} ⟩`}
      </button>
      {(from ?? to) !== undefined && <Tool icon="close" label={t('clearMarks')} onClick={state.clearMarks} />}
    </span>
  );
}

const MINUTE_MS = 60_000;
const SPANS: readonly (readonly [ms: number, words: PlaybackKey])[] = [
  [10 * MINUTE_MS, 'span10m'],
  [60 * MINUTE_MS, 'span1h'],
  [6 * 60 * MINUTE_MS, 'span6h'],
  [24 * 60 * MINUTE_MS, 'span24h'],
  [7 * 24 * 60 * MINUTE_MS, 'span7d'],
  [30 * 24 * 60 * MINUTE_MS, 'span30d'],
];

/** How much time the timeline shows. */
function Spans({ state }: { readonly state: PlaybackState }): VNode {
  const shown = spanOf(state.view.value);
  return (
    <span class="segmented" role="group" aria-label={t('span')}>
      {SPANS.map(([span, words]) => (
        <button
          key={span}
          type="button"
          aria-pressed={Math.abs(shown - span) < 1000}
          onClick={() => zoomAround(state, span / spanOf(state.view.peek()))}
        >
          {t(words)}
        </button>
      ))}
    </span>
  );
}

function Speed({ state }: { readonly state: PlaybackState }): VNode {
  return (
    <select
      class="speed"
      aria-label={t('speed')}
      value={String(state.speed.value)}
      onChange={(event) => (state.speed.value = Number(event.currentTarget.value))}
    >
      {SPEEDS.map((speed) => (
        <option key={speed} value={String(speed)}>
          {decimal(speed, 2)}×
        </option>
      ))}
    </select>
  );
}
