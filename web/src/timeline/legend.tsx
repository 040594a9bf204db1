/** What each look on the timeline means, painted with the very same patterns. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { shownTheme } from '../app/theme.ts';
import { t } from '../messages/playback/words.ts';
import { lookOf } from './look.ts';

const STATES = [0, 1, 2, 3, 4] as const;

export function Legend(): VNode {
  return (
    <ul class="tl-legend" aria-label={t('legend')}>
      {STATES.map((state) => (
        <li key={state}>
          <Swatch state={state} />
          {t(`state.${state}`)}
        </li>
      ))}
    </ul>
  );
}

function Swatch({ state }: { readonly state: number }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = shownTheme.value;
  useEffect(() => {
    const [element, ratio] = [canvas.current, devicePixelRatio];
    const context = element?.getContext('2d');
    if (element === null || context === null || context === undefined) return;
    element.width = Math.round(WIDTH * ratio);
    element.height = Math.round(HEIGHT * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const look = lookOf(context);
    context.fillStyle = look.fills[state] ?? look.track;
    context.fillRect(0, 0, WIDTH, HEIGHT);
  }, [state, theme]);
  return <canvas ref={canvas} aria-hidden="true" />;
}
/** As in timeline.css. */
const [WIDTH, HEIGHT] = [26, 12];
