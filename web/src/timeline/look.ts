/** How stretches of each state look: colours from the tokens, and a pattern each, so that none is told by its colour alone. */

export type Look = {
  readonly track: string;
  readonly ground: string;
  readonly text: string;
  readonly line: string;
  readonly range: string;
  /** By run state. */
  readonly fills: readonly (string | CanvasPattern)[];
  readonly gapEdge: string;
  readonly font: string;
};

/** Patterns are made once per theme. */
export function lookOf(context: CanvasRenderingContext2D): Look {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const shade = 'rgb(0 0 0 / 30%)';
  return {
    track: token('--tl-track'),
    ground: token('--surface'),
    text: token('--muted'),
    line: token('--line'),
    range: token('--accent-text'),
    gapEdge: token('--tl-hatch'),
    font: `11px ${token('--font')}`,
    fills: [
      token('--tl-own'),
      patterned(context, token('--tl-failover'), shade, stripes),
      patterned(context, token('--tl-returned'), shade, dots),
      patterned(context, token('--tl-missing'), token('--tl-hatch'), hatch),
      patterned(context, token('--tl-track'), token('--faint'), dashes),
    ],
  };
}

type Paint = CanvasRenderingContext2D;
const TILE = 8;
function patterned(context: Paint, ground: string, ink: string, mark: (paint: Paint) => void): string | CanvasPattern {
  const tile = document.createElement('canvas');
  tile.width = TILE;
  tile.height = TILE;
  const paint = tile.getContext('2d');
  if (paint === null) return ground;
  paint.fillStyle = ground;
  paint.fillRect(0, 0, TILE, TILE);
  paint.strokeStyle = ink;
  paint.fillStyle = ink;
  mark(paint);
  return context.createPattern(tile, 'repeat') ?? ground;
}

function slanted(paint: Paint, from: number, to: number): void {
  paint.beginPath();
  for (const shift of [-TILE, 0, TILE]) {
    paint.moveTo(shift, from);
    paint.lineTo(shift + TILE, to);
  }
  paint.stroke();
}
/** Failover: wide stripes one way. */
function stripes(paint: Paint): void {
  paint.lineWidth = 2.4;
  slanted(paint, TILE, 0);
}
/** Missing: thin lines both ways. */
function hatch(paint: Paint): void {
  paint.lineWidth = 1.2;
  slanted(paint, TILE, 0);
  slanted(paint, 0, TILE);
}
/** Returned: a dot here and there. */
function dots(paint: Paint): void {
  paint.fillRect(1, 1, 2, 2);
  paint.fillRect(5, 5, 2, 2);
}
/** Away: an empty track with a broken line in the middle. */
function dashes(paint: Paint): void {
  paint.fillRect(1, 3, 4, 1.5);
}
