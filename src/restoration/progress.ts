/** How far a restoration is, from what is stored of it. */
import type { Meter } from './rate.ts';
import type { RestorationProgress } from './restoration-types.ts';
import type { StoredFile, StoredRestoration, StoredSource, TransferStore } from './transfer-store.ts';

const sumOf = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);

export function createProgress(
  store: Pick<TransferStore, 'sources' | 'files'>,
  meter: Meter,
  snapshotsLeft: ReadonlyMap<string, number>,
): (restoration: StoredRestoration) => RestorationProgress {
  return ({ id, order, state, problem, startedAt, finishedAt }) => {
    const sources = store.sources(id);
    const files = store.files(id);
    const received = files.filter((file) => file.state === 'received');
    const remaining = sources.filter((source) => source.state !== 'settled');
    const bytesOf = (file: StoredFile): number => file.bytes;
    // Footage that is not decided on may have to be sent.
    const undecided = sumOf(remaining, (source: StoredSource) => (source.state === 'undecided' ? source.bytes : 0));
    const total = Math.max(sumOf(files, bytesOf), sumOf(received, bytesOf) + undecided);
    const snapshots = snapshotsLeft.get(id) ?? 0;
    const rate = state === 'running' ? meter.bytesPerSecond() : 0;
    return {
      id,
      order,
      state,
      problem,
      startedAt,
      finishedAt,
      files: {
        total: files.length,
        received: received.length,
        refused: files.filter((file) => file.state === 'refused').length,
      },
      bytes: { total, received: sumOf(received, bytesOf) },
      seconds: {
        total: sumOf(sources, ({ seconds }) => seconds),
        received: sumOf(received, ({ seconds }) => seconds),
        known: sumOf(sources, ({ knownSeconds }) => knownSeconds),
      },
      remaining: {
        files: remaining.length,
        bytes: sumOf(remaining, ({ bytes }) => bytes),
        seconds: sumOf(remaining, ({ seconds }) => seconds),
        ...(snapshots > 0 ? { snapshots } : {}),
      },
      bytesPerSecond: rate,
      etaMs: rate > 0 ? ((total - sumOf(received, bytesOf)) / rate) * 1000 : undefined,
    };
  };
}
