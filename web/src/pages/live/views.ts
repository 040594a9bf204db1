/**
 * Named views: which cameras, in which order, in which layout. Kept in this browser for each user; pure but for reading and writing there.
 * Belongs here: their shape and what moving does. Does not: how they are chosen (view-bar.tsx) or arranged (arrange.tsx).
 */
import { isLayout, type Layout } from './layout.ts';

export type LiveView = {
  readonly id: string;
  readonly name: string;
  readonly layout: Layout;
  /** In the order of the tiles. */
  readonly cameras: readonly string[];
};
/** More than anybody has names for; keeps the storage of the browser small. */
export const MAX_VIEWS = 64;
export const MAX_VIEW_CAMERAS = 256;
export const MAX_VIEW_NAME = 32;

type Store = Pick<Storage, 'getItem' | 'setItem'>;
const keyOf = (userId: string): string => `understudy.views.${userId}`;

export function loadViews(store: Store, userId: string): readonly LiveView[] {
  try {
    const parsed: unknown = JSON.parse(store.getItem(keyOf(userId)) ?? '[]');
    return Array.isArray(parsed) ? parsed.flatMap(viewOf).slice(0, MAX_VIEWS) : [];
  } catch {
    return []; // written by another version, or by hand
  }
}

export function saveViews(store: Store, userId: string, views: readonly LiveView[]): void {
  try {
    store.setItem(keyOf(userId), JSON.stringify(views));
  } catch {
    // a full or forbidden storage: the view lasts as long as the page
  }
}

function viewOf(value: unknown): readonly LiveView[] {
  const { id, name, layout, cameras } = (value ?? {}) as Partial<Record<keyof LiveView, unknown>>;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof layout !== 'string' || !isLayout(layout)) return [];
  if (!Array.isArray(cameras)) return [];
  const ids = cameras.filter((camera): camera is string => typeof camera === 'string').slice(0, MAX_VIEW_CAMERAS);
  return [{ id, name: name.slice(0, MAX_VIEW_NAME), layout, cameras: [...new Set(ids)] }];
}

/** The view with its id replaced, or added behind the others. */
export const withView = (views: readonly LiveView[], view: LiveView): readonly LiveView[] =>
  views.some(({ id }) => id === view.id)
    ? views.map((other) => (other.id === view.id ? view : other))
    : [...views, view].slice(-MAX_VIEWS);

/** `id` at the place `to`; the others keep their order. */
export function moved(ids: readonly string[], id: string, to: number): readonly string[] {
  if (!ids.includes(id)) return ids;
  const rest = ids.filter((other) => other !== id);
  const place = Math.max(0, Math.min(rest.length, to));
  return [...rest.slice(0, place), id, ...rest.slice(place)];
}
