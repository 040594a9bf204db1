/** Export jobs of every server of the site, asked again while somebody looks. */
import { signal } from '@preact/signals';
import { onEvent } from '../../api/event-stream.ts';
import { exportsAt, type SiteExport } from '../../api/site-footage.ts';
import { messageOf } from '../../app/toasts.tsx';
import { listServers, servers, type KnownServer } from '../playback/servers.ts';

/** A server whose exports cannot be told now. */
export type AwayServer = { readonly name: string; readonly message: string };
export type Jobs = { readonly jobs: readonly SiteExport[]; readonly away: readonly AwayServer[] };
/** `undefined` until the first answer. */
export const exportJobs = signal<Jobs | undefined>(undefined);

type Answer = { readonly server: KnownServer; readonly jobs: readonly SiteExport[] } | AwayServer;
async function ask(server: KnownServer): Promise<Answer> {
  try {
    return { server, jobs: await exportsAt(server.id) };
  } catch (error) {
    return { name: server.name, message: messageOf(error) };
  }
}

let asking: Promise<void> | undefined;
/** Newest first, whichever server they are on. */
export function refreshJobs(): Promise<void> {
  asking ??= refresh().finally(() => {
    asking = undefined;
  });
  return asking;
}
async function refresh(): Promise<void> {
  const answers = await Promise.all([...servers.peek().values()].map(ask));
  const jobs = answers.flatMap((answer) => ('jobs' in answer ? answer.jobs : []));
  exportJobs.value = {
    jobs: jobs.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)),
    away: answers.flatMap((answer) => ('jobs' in answer ? [] : answer)),
  };
}

const RUNNING_MS = 1000;
const IDLE_MS = 10_000;
/** By events, and by asking: soon while a job runs, for other servers may tell nothing by themselves. */
export function watchJobs(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const loop = async (): Promise<void> => {
    if (!document.hidden) await refreshJobs().catch(() => undefined); // the banner tells
    if (over) return;
    const busy = exportJobs.peek()?.jobs.some(({ state }) => state === 'queued' || state === 'running') === true;
    timer = setTimeout(() => void loop(), busy ? RUNNING_MS : IDLE_MS);
  };
  void listServers().then(loop);
  const stopEvents = onEvent((event) => {
    if (event.kind === 'export') void refreshJobs().catch(() => undefined);
  });
  return () => {
    over = true;
    clearTimeout(timer);
    stopEvents();
  };
}
