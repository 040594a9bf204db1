/** What a page shows, asked for again while somebody looks: each few seconds, after events, after a reconnection, when the page is seen again. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveEvent } from '../../api/api.ts';
import { onEvent, resynced } from '../../api/event-stream.ts';

export type Fresh<T> = {
  /** The last answer, also while another is asked for and after a failure. */
  readonly value: T | undefined;
  /** Of the last attempt. */
  readonly error: unknown;
  readonly refresh: () => void;
};
type Options = {
  /** With another key everything begins anew. */
  readonly key?: string;
  readonly everyMs: number;
  /** Kinds of events after which it is asked for again. */
  readonly on?: readonly LiveEvent['kind'][];
};
/** Several events in one breath make one request. */
const COALESCE_MS = 300;

export function useFresh<T>(
  load: (abort: AbortSignal) => Promise<T>,
  { key = '', everyMs, on = [] }: Options,
): Fresh<T> {
  const [state, setState] = useState<{ readonly value: T | undefined; readonly error: unknown }>({
    value: undefined,
    error: undefined,
  });
  const latest = useRef(load);
  latest.current = load;
  const ask = useRef<() => void>(() => undefined);
  useEffect(() => {
    const abort = new AbortController();
    const run = createRunner(async () => {
      try {
        const value = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ value, error: undefined });
      } catch (error) {
        if (!abort.signal.aborted) setState(({ value }) => ({ value, error }));
      }
    });
    ask.current = run;
    setState({ value: undefined, error: undefined });
    run();
    const stop = startAsking(run, everyMs, on);
    return () => {
      abort.abort();
      stop();
    };
  }, [key, everyMs]);
  return { ...state, refresh: () => ask.current() };
}

/** One at a time; asked for meanwhile it runs once more. */
function createRunner(work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  const run = (): void => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    void work().finally(() => {
      running = false;
      if (!again) return;
      again = false;
      run();
    });
  };
  return run;
}

function startAsking(run: () => void, everyMs: number, on: readonly LiveEvent['kind'][]): () => void {
  let soon: ReturnType<typeof setTimeout> | undefined;
  const later = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined;
      run();
    }, COALESCE_MS);
  };
  const ifSeen = (): void => {
    if (!document.hidden) run();
  };
  const timer = setInterval(ifSeen, everyMs);
  document.addEventListener('visibilitychange', ifSeen);
  const stopEvents = onEvent(({ kind }) => {
    if (on.includes(kind)) later();
  });
  const before = resynced.peek();
  const stopResync = resynced.subscribe((count) => {
    if (count !== before) later();
  });
  return () => {
    clearInterval(timer);
    clearTimeout(soon);
    document.removeEventListener('visibilitychange', ifSeen);
    stopEvents();
    stopResync();
  };
}
