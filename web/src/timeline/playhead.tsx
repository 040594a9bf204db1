/** The playhead as a slider: where it stands is spoken, with what is recorded there. */
import { useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { t } from '../messages/playback/words.ts';
import type { PlaybackState } from '../pages/playback/state.ts';
import { dateAndTime } from '../ui/format.ts';
import { runAt } from './runs.ts';
import { xOf } from './scale.ts';
import { runText, timeText } from './words.ts';
import { isTwice, zoneName } from './zone.ts';

type PlayheadProps = {
  readonly state: PlaybackState;
  readonly chosen: readonly string[];
  readonly field: { readonly current: HTMLDivElement | null };
};
export function Playhead({ state, chosen, field }: PlayheadProps): VNode {
  const head = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const width = state.width.value === 0 ? (field.current?.clientWidth ?? 0) : state.width.value;
    const x = xOf(state.view.value, width, state.playhead.value);
    if (head.current !== null) head.current.style.transform = `translateX(${x}px)`;
  });
  const at = Math.round(state.playhead.value / 1000) * 1000;
  const [first] = chosen;
  void state.data.version.value;
  const run = first === undefined ? undefined : runAt(state.data.trackOf(first).runs, at);
  const { start, end } = state.view.value;
  return (
    <div
      ref={head}
      class="tl-head"
      role="slider"
      tabIndex={0}
      aria-label={t('playhead')}
      aria-orientation="horizontal"
      aria-valuemin={Math.round(start / 1000)}
      aria-valuemax={Math.round(end / 1000)}
      aria-valuenow={at / 1000}
      aria-valuetext={`${dateAndTime(at)}${isTwice(at) ? ` ${zoneName(at)}` : ''}, ${runText(run)}`}
    >
      <span>{timeText(state.playhead.value)}</span>
    </div>
  );
}
