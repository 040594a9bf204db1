/** Reads what a page shows until it is what it shall become: an address, a list or a count may be a moment behind what was waited for. */
import { isDeepStrictEqual } from 'node:util';

/** An upper bound on a slow machine. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/** `wanted` as soon as `read` gives it; after the usual patience what it gave last, for the assertion to show. */
export async function settles<T>(wanted: T, read: () => T | Promise<T>): Promise<T> {
  return await settlesTo(read, (value) => isDeepStrictEqual(value, wanted));
}

/** The first value that is so; after the usual patience the last one. */
export async function settlesTo<T>(read: () => T | Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (isSo(value) || performance.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
