/** What the page shows, asked for again every few seconds while somebody looks. */
import { computed, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { resynced } from '../../../api/event-stream.ts';
import { serversApi, type KnownServer, type SiteServerView } from '../../../api/servers.ts';
import { access } from '../../../app/session.ts';
import { server } from '../../../app/stores.ts';
import { rowsOf, type ServerRow } from './rows.ts';

const LOOK_EVERY_MS = 3000;
/** Of 200 servers all that is known takes a quarter of a megabyte. */
const LOOK_SELDOM_MS = 8000;
const MANY = 60;

type Told = { readonly status: readonly SiteServerView[]; readonly known: readonly KnownServer[] };
const told = signal<Told | undefined>(undefined);
/** Of the last time of asking; the rows of before stay on screen. */
export const problem = signal<unknown>(undefined);

export const isHost = computed(() => server.value?.site.kind === 'host');
/** A recording server adds nobody: it is added. */
export const canAdd = computed(
  () => isHost.value || server.value?.mode === 'failover' || server.value?.mode === 'host',
);
export const isOwner = computed(() => {
  const now = access.value;
  return now.kind === 'signed-in' && now.session.user.role === 'owner';
});

/** `undefined` until the first answer. */
export const rows = computed<readonly ServerRow[] | undefined>(() => {
  const own = server.value;
  if (told.value === undefined || own === undefined) return undefined;
  const { status, known } = told.value;
  return rowsOf(status, known, { id: own.id, name: own.name, isHost: isHost.value });
});
export const rowById = (id: string): ServerRow | undefined => rows.value?.find((row) => row.id === id);

/** Answers that come late are older than what is shown. */
let asked = 0;
export async function refreshServers(): Promise<void> {
  asked += 1;
  const mine = asked;
  try {
    const [status, known] = await Promise.all([serversApi.status(), serversApi.known()]);
    if (mine !== asked) return;
    told.value = { status, known };
    problem.value = undefined;
  } catch (error) {
    if (mine === asked) problem.value = error;
  }
}

export function useServers(): void {
  const breaks = resynced.value;
  useEffect(() => {
    const watch = { isOver: false };
    void keepAsking(watch);
    const look = (): void => {
      if (!document.hidden) void refreshServers();
    };
    document.addEventListener('visibilitychange', look);
    return () => {
      watch.isOver = true;
      document.removeEventListener('visibilitychange', look);
    };
  }, [breaks]);
}

/** Not again before the last answer, so that nothing piles up on a slow link; a large site is asked less often. */
async function keepAsking(watch: { readonly isOver: boolean }): Promise<void> {
  while (!watch.isOver) {
    if (!document.hidden) await refreshServers();
    const many = (rows.peek()?.length ?? 0) > MANY;
    await new Promise((resolve) => setTimeout(resolve, many ? LOOK_SELDOM_MS : LOOK_EVERY_MS));
  }
}
