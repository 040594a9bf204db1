/**
 * Server-sent events, resumed by `Last-Event-ID` after any break; EventSource gives up after an error answer, this does not.
 * Listeners get every event; after a break `resynced` counts up so that what is shown can be asked for again. A tab that nobody looks
 * at has no stream (seen.ts).
 */
import { signal } from '@preact/signals';
import type { LiveEvent } from './api.ts';
import { API, reachable, refusedSessions } from './client.ts';
import { thisTab, watchSeen } from './seen.ts';
import { createSseParser } from './sse-parser.ts';

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 8000;
/** The server sends a comment at least every 5 s. */
const SILENCE_MS = 12_000;

/** Counts reconnections: anything shown may be stale and should be fetched anew. */
export const resynced = signal(0);

const listeners = new Set<(event: LiveEvent) => void>();
let running: AbortController | undefined;

export function onEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let isWanted = false;
let isSeen = true;
let lastId: string | undefined;

let isWatchingPage = false;
/** A page that the browser keeps for the Back button keeps its connection too. There are six to a server: the seventh page would wait for minutes. */
function watchPage(): void {
  if (isWatchingPage) return;
  isWatchingPage = true;
  addEventListener('pagehide', () => running?.abort());
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) begin(true);
  });
  isSeen = watchSeen(thisTab(), (now) => {
    isSeen = now;
    if (now) begin(true);
    else running?.abort();
  });
}

/** Unless nobody would look at what it tells. `openedBefore`: what is shown may be stale. */
function begin(openedBefore: boolean): void {
  running?.abort();
  if (!isWanted || !isSeen) return;
  running = new AbortController();
  void keepOpen(running.signal, openedBefore);
}

export function startEvents(): void {
  watchPage();
  isWanted = true;
  begin(false);
}

export function stopEvents(): void {
  isWanted = false;
  running?.abort();
  lastId = undefined;
}

async function keepOpen(abort: AbortSignal, openedBefore: boolean): Promise<void> {
  let wait = FIRST_RETRY_MS;
  let opened = openedBefore;
  while (!abort.aborted) {
    await readOnce(abort, () => {
      if (opened) resynced.value += 1;
      opened = true;
      wait = FIRST_RETRY_MS;
    });
    if (abort.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(MAX_RETRY_MS, wait * 2);
  }
}

async function readOnce(abort: AbortSignal, onOpen: () => void): Promise<void> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (lastId !== undefined) headers['Last-Event-ID'] = lastId;
  const attempt = new AbortController();
  const stop = (): void => attempt.abort();
  abort.addEventListener('abort', stop);
  let silence = setTimeout(stop, SILENCE_MS);
  try {
    const response = await fetch(`${API}/events`, { headers, signal: attempt.signal, cache: 'no-store' });
    if (response.status === 401) refusedSessions.value += 1;
    if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`);
    reachable.value = true;
    onOpen();
    const parser = createSseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE_MS);
      for (const event of parser.push(chunk.value)) {
        lastId = event.id ?? lastId;
        deliver(event.data);
      }
    }
  } catch {
    if (!abort.aborted) reachable.value = false;
  } finally {
    clearTimeout(silence);
    abort.removeEventListener('abort', stop);
  }
}

function deliver(data: string): void {
  let event: LiveEvent;
  try {
    event = JSON.parse(data) as LiveEvent;
  } catch {
    return; // a proxy's noise is not worth a broken page
  }
  for (const listener of listeners) listener(event);
}
