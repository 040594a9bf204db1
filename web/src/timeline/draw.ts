/** Paints the timeline on a canvas: rows of stretches, hatch for missing, stripes for failover, ruler, range. Reads no state of its own. */
import { shortDate, shortTime, clockTime } from '../ui/format.ts';
import type { CameraTrack } from './data.ts';
import { spanOf, ticksOf, xOf, type View } from './scale.ts';
import { stretchesOf } from './segments.ts';

export const RULER_HEIGHT = 26;
const MIN_TICK_PIXELS = 84;
const MIN_GAP_PIXELS = 2;

export type Look = {
  readonly track: string;
  readonly text: string;
  readonly line: string;
  readonly range: string;
  readonly fills: readonly (string | CanvasPattern)[];
  readonly gapEdge: string;
  readonly font: string;
};
export type Scene = {
  readonly view: View;
  readonly tracks: readonly CameraTrack[];
  readonly rowHeight: number;
  readonly range: { readonly from: number | undefined; readonly to: number | undefined };
  readonly now: number;
};

/** Colours from the tokens; patterns are made once per theme. */
export function lookOf(context: CanvasRenderingContext2D): Look {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    track: token('--tl-track'),
    text: token('--muted'),
    line: token('--line'),
    range: token('--accent-text'),
    gapEdge: token('--tl-hatch'),
    font: `11px ${token('--font')}`,
    fills: [
      token('--tl-own'),
      striped(context, token('--tl-failover'), 'rgb(0 0 0 / 28%)'),
      token('--tl-returned'),
      striped(context, token('--tl-missing'), token('--tl-hatch')),
    ],
  };
}

function striped(context: CanvasRenderingContext2D, ground: string, stripe: string): string | CanvasPattern {
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const paint = tile.getContext('2d');
  if (paint === null) return ground;
  paint.fillStyle = ground;
  paint.fillRect(0, 0, 8, 8);
  paint.strokeStyle = stripe;
  paint.lineWidth = 1.6;
  paint.beginPath();
  for (const shift of [-8, 0, 8]) {
    paint.moveTo(shift, 8);
    paint.lineTo(shift + 8, 0);
  }
  paint.stroke();
  return context.createPattern(tile, 'repeat') ?? ground;
}

export function draw(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  scene: Scene & { readonly look: Look },
): void {
  const { look, view, tracks, rowHeight } = scene;
  context.clearRect(0, 0, width, height);
  drawRuler(context, width, height, scene);
  tracks.forEach((track, row) =>
    drawRow(context, width, { look, view, track, y: RULER_HEIGHT + row * rowHeight + 3, height: rowHeight - 6 }),
  );
  drawRange(context, width, height, scene);
}

type Row = {
  readonly look: Look;
  readonly view: View;
  readonly track: CameraTrack;
  readonly y: number;
  readonly height: number;
};
function drawRow(context: CanvasRenderingContext2D, width: number, { look, view, track, y, height }: Row): void {
  context.fillStyle = look.track;
  context.fillRect(0, y, width, height);
  const stretches = stretchesOf(track.runs, track.days, view, width);
  for (const { x, width: wide, state } of stretches) {
    if (state === 3) continue;
    context.fillStyle = look.fills[state] ?? look.track;
    context.fillRect(x, y, wide, height);
  }
  for (const { x, width: wide, state } of stretches) {
    if (state !== 3) continue;
    const shown = Math.max(MIN_GAP_PIXELS, wide);
    context.fillStyle = shown < 5 ? look.gapEdge : (look.fills[3] ?? look.gapEdge);
    context.fillRect(x, y, shown, height);
  }
}

function drawRuler(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { look, view }: Scene & { readonly look: Look },
): void {
  const zone = -new Date(view.start).getTimezoneOffset() * 60_000;
  const seconds = spanOf(view) / width < 700;
  context.font = look.font;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  for (const { at, major } of ticksOf(view, width, MIN_TICK_PIXELS, zone)) {
    const x = Math.round(xOf(view, width, at)) + 0.5;
    context.strokeStyle = look.line;
    context.beginPath();
    context.moveTo(x, RULER_HEIGHT - 6);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = look.text;
    context.fillText(major ? shortDate(at) : seconds ? clockTime(at) : shortTime(at), x, RULER_HEIGHT / 2 - 1);
  }
}

function drawRange(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  { look, view, range, now }: Scene & { readonly look: Look },
): void {
  const { from, to } = range;
  if (from !== undefined || to !== undefined) {
    const left = from === undefined ? -2 : xOf(view, width, from);
    const right = to === undefined ? width + 2 : xOf(view, width, to);
    context.globalAlpha = 0.16;
    context.fillStyle = look.range;
    context.fillRect(left, 0, right - left, height);
    context.globalAlpha = 1;
    for (const x of [left, right]) context.fillRect(x - 1, 0, 2, height);
  }
  const x = xOf(view, width, now);
  if (x <= 0 || x >= width) return;
  context.fillStyle = look.text;
  context.globalAlpha = 0.7;
  for (let y = RULER_HEIGHT; y < height; y += 6) context.fillRect(x, y, 1, 3);
  context.globalAlpha = 1;
}
