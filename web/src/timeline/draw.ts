/** Paints the timeline on a canvas: rows of stretches, ruler, range. Reads no state of its own; how states look stands in look.ts. */
import { shortDate, shortTime, clockTime } from '../ui/format.ts';
import type { CameraTrack } from './data.ts';
import type { Look } from './look.ts';
import { spanOf, ticksOf, xOf, type View } from './scale.ts';
import { stretchesOf } from './segments.ts';
import { browserOffset, isTwice, zoneName } from './zone.ts';

export const RULER_HEIGHT = 26;
const MIN_TICK_PIXELS = 84;
const MIN_GAP_PIXELS = 2;

export type Scene = {
  readonly view: View;
  /** One a row; undefined for the name of a server. */
  readonly rows: readonly (CameraTrack | undefined)[];
  readonly rowHeight: number;
  /** Of the first of `rows`, pixels from the top. */
  readonly top: number;
  readonly range: { readonly from: number | undefined; readonly to: number | undefined };
  readonly now: number;
};
type Drawn = Scene & { readonly look: Look };
type Size = { readonly width: number; readonly height: number };

export function draw(context: CanvasRenderingContext2D, size: Size, scene: Drawn): void {
  const { rows, rowHeight, top } = scene;
  context.clearRect(0, 0, size.width, size.height);
  drawTicks(context, size, scene, 'lines');
  rows.forEach((track, index) => {
    const place = { y: top + index * rowHeight + 3, height: rowHeight - 6 };
    if (track !== undefined) drawRow(context, size.width, scene, { track, ...place });
  });
  context.fillStyle = scene.look.ground;
  context.fillRect(0, 0, size.width, RULER_HEIGHT);
  drawTicks(context, size, scene, 'labels');
  drawRange(context, size, scene);
}

type Row = { readonly track: CameraTrack; readonly y: number; readonly height: number };
function drawRow(context: CanvasRenderingContext2D, width: number, { look, view }: Drawn, row: Row): void {
  const { track, y, height } = row;
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

/** In the hour that comes twice the zone is told with the time. */
function labelOf(at: number, major: boolean, seconds: boolean): string {
  if (major) return shortDate(at);
  const time = seconds ? clockTime(at) : shortTime(at);
  return isTwice(at) ? `${time} ${zoneName(at)}` : time;
}

function drawTicks(
  context: CanvasRenderingContext2D,
  { width, height }: Size,
  { look, view }: Drawn,
  what: 'lines' | 'labels',
): void {
  const seconds = spanOf(view) / width < 700;
  context.font = look.font;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  context.strokeStyle = look.line;
  context.fillStyle = look.text;
  for (const { at, major } of ticksOf(view, width, MIN_TICK_PIXELS, browserOffset)) {
    const x = Math.round(xOf(view, width, at)) + 0.5;
    context.beginPath();
    context.moveTo(x, RULER_HEIGHT - 6);
    context.lineTo(x, what === 'lines' ? height : RULER_HEIGHT);
    context.stroke();
    if (what === 'labels') context.fillText(labelOf(at, major, seconds), x, RULER_HEIGHT / 2 - 1);
  }
}

function drawRange(context: CanvasRenderingContext2D, { width, height }: Size, scene: Drawn): void {
  const { look, view, range, now } = scene;
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
