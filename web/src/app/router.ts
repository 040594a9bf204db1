/**
 * The router: the address bar as a signal, links without reloads. Belongs here: matching, moving, and asking first where something would be
 * lost. Does not: what a page shows (app.tsx), how it is asked (ui/leave-guard.tsx).
 */
import { computed, signal } from '@preact/signals';

const location_ = signal(new URL(location.href));

/** The path, without a trailing slash. */
export const path = computed(() => location_.value.pathname.replace(/(.)\/$/, '$1'));
/** The query, read-only; change it with `setQuery`. */
export const query = computed(() => location_.value.searchParams);

type Guard = (leave: () => void) => void;
let guard: Guard | undefined;

/** Until what it returns is called: who wants to leave here is given to `ask`, which lets them go or does not. Closing the tab asks too. */
export function holdBack(ask: Guard): () => void {
  guard = ask;
  addEventListener('beforeunload', refuse);
  return () => {
    if (guard === ask) guard = undefined;
    removeEventListener('beforeunload', refuse);
  };
}
const refuse = (event: Event): void => event.preventDefault();

/** `go` at once, or when who holds back lets it. */
function asked(go: () => void): void {
  const held = guard;
  if (held === undefined) return go();
  location_.value = new URL(location_.value); // what showed the new place already (a select) shows this one again
  return held(() => {
    guard = undefined;
    go();
  });
}

export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  asked(() => move(new URL(to, location.href), how));
}
function move(url: URL, how: 'push' | 'replace'): void {
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
    if (guard === undefined) {
      location_.value = new URL(location.href);
      return;
    }
    // The browser has moved already: the page comes back over it, and "back" leads there when that is wanted.
    history.pushState(null, '', location_.value);
    asked(() => history.back());
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
