/** How many tiles stand on a page and in how many columns. Pure. */
export const LAYOUTS = ['auto', '1', '4', '9', '16'] as const;
export type Layout = (typeof LAYOUTS)[number];
export const isLayout = (text: string): text is Layout => (LAYOUTS as readonly string[]).includes(text);

const MAX_TILES = 16;
const MAX_TILES_PHONE = 6;

export function gridOf(
  layout: Layout,
  count: number,
  phone: boolean,
): { readonly perPage: number; readonly columns: number } {
  if (layout !== 'auto')
    return {
      perPage: Number(layout),
      columns: phone ? Math.min(2, Math.sqrt(Number(layout))) : Math.sqrt(Number(layout)),
    };
  const perPage = Math.max(1, Math.min(phone ? MAX_TILES_PHONE : MAX_TILES, count));
  if (phone) return { perPage, columns: 1 };
  return { perPage, columns: Math.ceil(Math.sqrt(perPage)) };
}

/** A picture older than this is not live: the tile says so over it. */
export const STALE_MS = 3000;
export type Freshness = 'none' | 'live' | 'stale';
export function freshnessOf(lastFrameAt: number | undefined, nowMs: number): Freshness {
  if (lastFrameAt === undefined) return 'none';
  return nowMs - lastFrameAt > STALE_MS ? 'stale' : 'live';
}
