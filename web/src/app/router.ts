/**
 * The router: the address bar as a signal, links without reloads. Belongs here: matching and moving. Does not: what a page shows (app.tsx).
 */
import { computed, signal } from '@preact/signals';

const location_ = signal(new URL(location.href));

/** The path, without a trailing slash. */
export const path = computed(() => location_.value.pathname.replace(/(.)\/$/, '$1'));
/** The query, read-only; change it with `setQuery`. */
export const query = computed(() => location_.value.searchParams);

export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  const url = new URL(to, location.href);
  if (how === 'push') history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  location_.value = url;
}

/** Changes some of the query and leaves no trace in the history; `undefined` removes. */
export function setQuery(change: Readonly<Record<string, string | undefined>>): void {
  const url = new URL(location.href);
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) url.searchParams.delete(key);
    else url.searchParams.set(key, value);
  }
  if (url.href !== location.href) navigate(url.href, 'replace');
}

/** Follows plain clicks on links of this origin; modified clicks, downloads and other targets stay the browser's. */
export function startRouter(): void {
  addEventListener('popstate', () => {
    location_.value = new URL(location.href);
  });
  document.addEventListener('click', (event) => {
    const url = followed(event);
    if (url === undefined) return;
    event.preventDefault();
    navigate(url.href);
  });
}

function followed(event: MouseEvent): URL | undefined {
  const modified = [event.ctrlKey, event.metaKey, event.shiftKey, event.altKey, event.button !== 0].includes(true);
  if (event.defaultPrevented || modified || !(event.target instanceof Element)) return undefined;
  const link = event.target.closest('a');
  if (link === null || link.target !== '' || link.hasAttribute('download')) return undefined;
  const url = new URL(link.href, location.href);
  return url.origin === location.origin && !url.pathname.startsWith('/api/') ? url : undefined;
}
