/**
 * Whose bytes are on their way to a server: those of one file at a time, whichever restoration it is of. What is under way when the link is
 * cut is sent again, and that may be one fragment, not one for each camera.
 */
import { UnderstudyError } from '../core/errors.ts';

/** Does `send` when those that asked before are done, in that order. @throws restoration/stopped if `signal` is aborted before; what `send` throws */
export type Turns = (serverId: string, signal: AbortSignal, send: () => Promise<void>) => Promise<void>;

export function createTurns(): Turns {
  /** Resolves when all that asked so far are done. */
  const done = new Map<string, Promise<void>>();
  return async (serverId, signal, send) => {
    const before = done.get(serverId) ?? Promise.resolve();
    const mine = Promise.withResolvers<void>();
    done.set(
      serverId,
      before.then(async () => await mine.promise),
    );
    try {
      await unlessAborted(before, signal);
      await send();
    } finally {
      mine.resolve();
    }
  };
}

async function unlessAborted(before: Promise<void>, signal: AbortSignal): Promise<void> {
  const stop = Promise.withResolvers<void>();
  const abort = (): void => stop.resolve();
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (!signal.aborted) await Promise.race([before, stop.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  if (signal.aborted)
    throw new UnderstudyError('unavailable', 'restoration/stopped', 'It was stopped before its turn came.');
}
