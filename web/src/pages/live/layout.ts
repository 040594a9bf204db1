/** How many tiles stand on a page, in how many columns, and when a picture is no longer live. Pure. */
export const LAYOUTS = ['auto', '1', '4', '9', '16', '25', 'focus'] as const;
export type Layout = (typeof LAYOUTS)[number];
export const isLayout = (text: string): text is Layout => (LAYOUTS as readonly string[]).includes(text);

const MAX_TILES = 16;
const MAX_TILES_PHONE = 6;
/** One of two by two tiles and five around it. */
const FOCUS_TILES = 6;
const FOCUS_COLUMNS = 3;

export type GridShape = {
  readonly perPage: number;
  readonly columns: number;
  readonly rows: number;
  /** The first tile stands over four places. */
  readonly focus: boolean;
};

export function gridOf(layout: Layout, count: number, phone: boolean): GridShape {
  if (layout === 'focus') {
    const columns = phone ? 2 : FOCUS_COLUMNS;
    return { perPage: FOCUS_TILES, columns, rows: phone ? 5 : FOCUS_COLUMNS, focus: true };
  }
  const perPage =
    layout === 'auto' ? Math.max(1, Math.min(phone ? MAX_TILES_PHONE : MAX_TILES, count)) : Number(layout);
  const square = Math.ceil(Math.sqrt(perPage));
  const columns = phone ? (layout === 'auto' ? 1 : Math.min(2, square)) : square;
  const shown = layout === 'auto' ? perPage : Math.max(1, Math.min(perPage, count));
  return { perPage, columns, rows: Math.max(1, Math.ceil(shown / columns)), focus: false };
}

/** A picture older than this is not live: the tile says so over it. */
export const STALE_MS = 3000;
/** While there is no connection at all, it need not be as old. */
const STALE_UNCONNECTED_MS = 1200;
export type Freshness = 'none' | 'live' | 'stale';
export function freshnessOf(lastFrameAt: number | undefined, nowMs: number, connected = true): Freshness {
  if (lastFrameAt === undefined) return 'none';
  return nowMs - lastFrameAt > (connected ? STALE_MS : STALE_UNCONNECTED_MS) ? 'stale' : 'live';
}
