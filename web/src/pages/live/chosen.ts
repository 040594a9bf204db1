/** What live view is asked to show: view, server and layout from the address, and the views kept for whoever is signed in. */
import { signal } from '@preact/signals';
import type { SiteCamera } from '../../api/site.ts';
import { query } from '../../app/router.ts';
import { access } from '../../app/session.ts';
import { cameras } from '../../app/stores.ts';
import { isLayout, type Layout } from './layout.ts';
import { loadViews, MAX_VIEW_CAMERAS, saveViews, type LiveView } from './views.ts';

export const STORED_LAYOUT = 'understudy.layout';

type Kept = { readonly userId: string; readonly views: readonly LiveView[] };
const kept = signal<Kept | undefined>(undefined);
const userIdOf = (): string => (access.value.kind === 'signed-in' ? access.value.session.user.id : '');

export function views(): readonly LiveView[] {
  const userId = userIdOf();
  return kept.value?.userId === userId ? kept.value.views : loadViews(localStorage, userId);
}
export function keepViews(next: readonly LiveView[]): void {
  kept.value = { userId: userIdOf(), views: next };
  saveViews(localStorage, userIdOf(), next);
}
export function chosenView(): LiveView | undefined {
  const id = query.value.get('view');
  return id === null ? undefined : views().find((view) => view.id === id);
}
export const chosenServer = (): string | undefined => query.value.get('server') ?? undefined;

export function layoutOf(draft: LiveView | undefined): Layout {
  const asked = draft?.layout ?? query.value.get('layout') ?? chosenView()?.layout;
  const wanted = asked ?? localStorage.getItem(STORED_LAYOUT) ?? 'auto';
  return isLayout(wanted) ? wanted : 'auto';
}

/** In the order of the view; without one as the site lists them. */
export function camerasOf(draft: LiveView | undefined): readonly SiteCamera[] {
  const enabled = (cameras.value ?? []).filter((camera) => camera.enabled);
  const ids = (draft ?? chosenView())?.cameras;
  if (ids !== undefined) {
    const known = new Map(enabled.map((camera) => [camera.id, camera]));
    return ids.flatMap((id) => known.get(id) ?? []);
  }
  const serverId = chosenServer();
  return serverId === undefined ? enabled : enabled.filter((camera) => camera.server.id === serverId);
}

/** A new view begins with what is shown now. */
export const draftOf = (layout: Layout): LiveView => ({
  id: `view-${Date.now().toString(36)}`,
  name: '',
  layout,
  cameras: camerasOf(undefined)
    .map(({ id }) => id)
    .slice(0, MAX_VIEW_CAMERAS),
});
