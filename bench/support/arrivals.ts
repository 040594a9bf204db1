/**
 * How many bytes of files have arrived in a folder, and when, seen on the disk itself: it costs no cable anything to look.
 * A file that is moved or linked elsewhere counts on; so does one that is removed.
 */
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** `at`: of `performance.now()`; `bytes`: of all files that were ever seen there. */
export type Arrival = { readonly at: number; readonly bytes: number };
export type Arrivals = {
  /** One entry for each look that found more than the one before. */
  readonly seen: readonly Arrival[];
  readonly stop: () => Promise<void>;
};

const LOOK_MS = 10;

/** A folder that is not there yet is empty. */
export function watchArrivals(folder: string): Arrivals {
  const files = new Map<string, FileHandle>();
  const seen: Arrival[] = [];
  const stopping = new AbortController();
  const watching = watch(stopping.signal, async () => {
    const bytes = await look(folder, files);
    if (bytes > (seen.at(-1)?.bytes ?? 0)) seen.push({ at: performance.now(), bytes });
  });
  return {
    seen,
    stop: async () => {
      stopping.abort();
      await watching;
      for (const file of files.values()) await file.close();
    },
  };
}

async function watch(signal: AbortSignal, once: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await once();
    await sleep(LOOK_MS);
  }
}

async function look(folder: string, files: Map<string, FileHandle>): Promise<number> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (files.has(name)) continue;
    // It may have gone meanwhile.
    const file = await open(join(folder, name)).catch(() => undefined);
    if (file !== undefined) files.set(name, file);
  }
  let bytes = 0;
  for (const file of files.values()) bytes += (await file.stat()).size;
  return bytes;
}
