/** The address bar follows playback, so that it can be passed on at any time; and playback follows a link that is opened on it. */
import { effect, untracked } from '@preact/signals';
import { placeOf, placeQuery } from '../../app/playback-link.ts';
import { query, setQuery } from '../../app/router.ts';
import { centre, contains, spanOf } from '../../timeline/scale.ts';
import type { PlaybackState } from './state.ts';

/** Browsers refuse addresses that change too often. */
const SETTLE_MS = 400;
const WHILE_PLAYING_MS = 5000;

export function syncLink(state: PlaybackState): () => void {
  let written = query.peek().get('at');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  const write = (): void => {
    timer = undefined;
    const {
      cameras: _chosen,
      play: _play,
      ...rest
    } = placeQuery({
      at: Math.round(state.playhead.peek()),
      speed: state.speed.peek(),
      from: state.rangeFrom.peek(),
      to: state.rangeTo.peek(),
      span: spanOf(state.view.peek()),
    });
    written = rest['at'] ?? null;
    setQuery({ ...rest, play: undefined });
  };
  const stopWriting = effect(() => {
    void [state.seeks.value, state.speed.value, state.rangeFrom.value, state.rangeTo.value, state.playing.value];
    if (!first) timer ??= setTimeout(write, SETTLE_MS);
    first = false;
  });
  const whilePlaying = setInterval(() => {
    if (state.playing.peek()) write();
  }, WHILE_PLAYING_MS);
  const stopReading = effect(() => {
    const asked = query.value.get('at');
    if (asked === written) return;
    written = asked;
    const whole = query.value;
    if (asked !== null) untracked(() => open(state, whole));
  });
  return () => {
    clearTimeout(timer);
    clearInterval(whilePlaying);
    stopWriting();
    stopReading();
  };
}

/** A link opened while playback is shown. */
function open(state: PlaybackState, asked: URLSearchParams): void {
  const { at, speed, from, to, span, play } = placeOf(asked);
  if (at === undefined) return;
  state.seek(at);
  state.speed.value = speed ?? 1;
  state.rangeFrom.value = from;
  state.rangeTo.value = to;
  state.playing.value = play === true;
  if (span !== undefined) state.view.value = { start: at - 0.75 * span, end: at + 0.25 * span };
  else if (!contains(state.view.peek(), at)) state.view.value = centre(state.view.peek(), at);
}
