/**
 * Seeds over all cores: one thread a core, each plays the next few seeds until there are no more. A seed plays the same wherever
 * it is played, so only the order in which outcomes come differs; they are told sorted.
 */
import { availableParallelism } from 'node:os';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { simulate } from './simulation.ts';
import type { Outcome } from './simulation.ts';

export type Played = { readonly seed: number; readonly outcome: Outcome };
type Slice = { readonly first: number; readonly seeds: number };

/** About a second: few messages, and no core idles for long at the end. */
const SEEDS_A_SLICE = 50;

/** From `first` on; fewer when `isEnough` says so. By seed. */
export async function playSeeds(
  first: number,
  seeds: number,
  isEnough: (played: readonly Played[]) => boolean,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  let next = first;
  const nextSlice = (): Slice | undefined => {
    const slice = { first: next, seeds: Math.min(SEEDS_A_SLICE, first + seeds - next) };
    if (slice.seeds <= 0 || isEnough(played)) return undefined;
    next += slice.seeds;
    return slice;
  };
  const threads = Array.from({ length: Math.min(availableParallelism(), Math.ceil(seeds / SEEDS_A_SLICE)) });
  await Promise.all(threads.map(async () => await playSlices(nextSlice, (some) => played.push(...some))));
  return played.toSorted((a, b) => a.seed - b.seed);
}

async function playSlices(nextSlice: () => Slice | undefined, hear: (some: readonly Played[]) => void): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  try {
    await new Promise<void>((resolve, reject) => {
      const hand = (): void => {
        const slice = nextSlice();
        if (slice === undefined) resolve();
        else worker.postMessage(slice);
      };
      worker.on('message', (some: readonly Played[]) => {
        hear(some);
        hand();
      });
      worker.once('error', reject);
      hand();
    });
  } finally {
    await worker.terminate();
  }
}

if (!isMainThread)
  parentPort?.on('message', ({ first, seeds }: Slice) => {
    const some = Array.from({ length: seeds }, (_, index) => ({
      seed: first + index,
      outcome: simulate(first + index),
    }));
    parentPort?.postMessage(some);
  });
