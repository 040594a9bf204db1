/**
 * Reads the frame number that stands in the bottom left corner of the committed clips (test/lab/draw-scene.mjs draws it): twelve
 * cells of 8 x 8 pixels, white, black, eight bits (highest first), their parity, white. With the camera's `origin` and `frameMs` a
 * page can tell how old the picture on screen is.
 */
const CELL = 8;
const CELLS = 12;

/** A picture as a canvas gives it: RGBA, or one byte a pixel. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  readonly data: ArrayLike<number>;
};

/** The frame's number in the loop, or `undefined` if no whole bar code is there. */
export function readBarCode({ width, height, channels, data }: Picture): number | undefined {
  if (width < CELL * CELLS || height < CELL) return undefined;
  const cells = Array.from({ length: CELLS }, (_, cell) => {
    const pixel = (height - CELL / 2) * width + cell * CELL + CELL / 2;
    return (data[pixel * channels] ?? 0) > 127 ? 1 : 0;
  });
  if (cells[0] !== 1 || cells[1] !== 0 || cells[11] !== 1) return undefined;
  const bits = cells.slice(2, 10);
  const parity = bits.reduce((sum: number, bit) => sum ^ bit, 0);
  return parity === cells[10] ? bits.reduce((number: number, bit) => number * 2 + bit, 0) : undefined;
}

/** Counter of the newest access unit at or before `position` that shows `number`. */
export function counterShowing(number: number, position: number, framesPerLoop: number): number {
  const behind = (((position - number) % framesPerLoop) + framesPerLoop) % framesPerLoop;
  return position - behind;
}
