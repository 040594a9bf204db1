/** Which rows of a long list stand in the document: those in sight and some around them. Pure. */
export const WINDOW_ABOVE = 100;
const AROUND = 12;

export type RowWindow = { readonly from: number; readonly to: number; readonly before: number; readonly after: number };

export type Sight = { readonly top: number; readonly height: number };
/** Lengths in pixels; `before` and `after` are the heights that stand for the rows left out; of up to `whole` rows none are. */
export function windowOf(
  count: number,
  rowHeight: number,
  { top: scrollTop, height }: Sight,
  whole = WINDOW_ABOVE,
): RowWindow {
  if (count <= whole) return { from: 0, to: count, before: 0, after: 0 };
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const from = Math.min(Math.max(0, first - AROUND), count - 1);
  const to = Math.min(count, first + Math.ceil(height / rowHeight) + AROUND);
  return { from, to: Math.max(to, from), before: from * rowHeight, after: (count - Math.max(to, from)) * rowHeight };
}
