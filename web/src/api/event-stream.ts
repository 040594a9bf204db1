/**
 * Server-sent events, resumed by `Last-Event-ID` after any break; EventSource gives up after an error answer, this does not.
 * Listeners get every event; after a break `resynced` counts up so that what is shown can be asked for again.
 */
import { signal } from '@preact/signals';
import type { LiveEvent } from './api.ts';
import { API, reachable, refusedSessions } from './client.ts';
import { createSseParser } from './sse-parser.ts';

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 8000;
/** The server sends a comment at least every 15 s. */
const SILENCE_MS = 40_000;

/** Counts reconnections: anything shown may be stale and should be fetched anew. */
export const resynced = signal(0);

const listeners = new Set<(event: LiveEvent) => void>();
let running: AbortController | undefined;

export function onEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function startEvents(): void {
  running?.abort();
  running = new AbortController();
  void keepOpen(running.signal);
}

export function stopEvents(): void {
  running?.abort();
  running = undefined;
}

async function keepOpen(abort: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let wait = FIRST_RETRY_MS;
  let opened = false;
  while (!abort.aborted) {
    const outcome = await readOnce(lastId, abort, () => {
      if (opened) resynced.value += 1;
      opened = true;
      wait = FIRST_RETRY_MS;
    }).catch(() => undefined);
    if (abort.aborted) return;
    if (outcome !== undefined) lastId = outcome.lastId ?? lastId;
    else reachable.value = false;
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(MAX_RETRY_MS, wait * 2);
  }
}

async function readOnce(
  lastId: string | undefined,
  abort: AbortSignal,
  onOpen: () => void,
): Promise<{ lastId: string | undefined }> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (lastId !== undefined) headers['Last-Event-ID'] = lastId;
  const attempt = new AbortController();
  const stop = (): void => attempt.abort();
  abort.addEventListener('abort', stop);
  let silence = setTimeout(stop, SILENCE_MS);
  let id = lastId;
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
        id = event.id ?? id;
        deliver(event.data);
      }
    }
  } catch {
    if (!abort.aborted) reachable.value = false;
  } finally {
    clearTimeout(silence);
    abort.removeEventListener('abort', stop);
  }
  return { lastId: id };
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
