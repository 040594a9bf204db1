/**
 * The arbiter on the host: the core behind a queue, with its log on disk. One write at a time is made durable and then answered.
 *
 * Belongs here: order, disk, watching. Does not: what is allowed (arbiter-core.ts), the log's bytes (arbiter-log.ts).
 */
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import { createArbiterCore } from './arbiter-core.ts';
import type { ArbiterCore, ArbiterRecord } from './arbiter-core.ts';
import { LEASE_TRUST, storeError } from './site-store.ts';
import type { Change, Lease, Rev, SiteStore } from './site-store.ts';

/** Where the records are kept; everything `append` resolved for is there after a power cut. */
export type ArbiterStorage = {
  readonly load: () => Promise<readonly ArbiterRecord[]>;
  readonly append: (record: ArbiterRecord) => Promise<void>;
  /** Replaces all by these; called when the log has grown. */
  readonly compact: (records: readonly ArbiterRecord[]) => Promise<void>;
  readonly isLong: () => boolean;
};
export type ArbiterDeps = { readonly clock: Pick<Clock, 'monotonic'>; readonly storage: ArbiterStorage };
/** Waiting for the disk at one time; more are refused. */
export const MAX_WAITING_WRITES = 256;

/** @throws when the log cannot be read: then this host must not decide anything. */
export async function openArbiter({ clock, storage }: ArbiterDeps): Promise<SiteStore> {
  const core = createArbiterCore(await storage.load(), clock.monotonic());
  const watchers = new Set<() => void>();
  const write = createWrites(core, storage, watchers);
  const leaseOf = (name: string, token: Rev, ttlMs: number, asked: MonotonicMs): Lease => ({
    name,
    token,
    ttlMs,
    validUntil: monotonicMs(asked + ttlMs * LEASE_TRUST),
  });
  return {
    read: async (prefix) => Promise.resolve(core.read(prefix)),
    commit: async (conds, ops) => {
      const record = await write(() => core.prepareCommit(conds, ops, clock.monotonic()));
      if (record === undefined) throw storeError('conflict', 'Nothing was written.');
      return record.rev;
    },
    watch: (prefix, after, signal) => watchOf({ core, watchers }, { prefix, after, signal }),
    acquire: async (name, ttlMs, note) => {
      const asked = clock.monotonic();
      const record = await write(
        () => core.prepareAcquire(name, ttlMs, clock.monotonic()),
        ({ rev }) => core.grant({ name, token: rev, ttlMs, note: note.slice(0, 256) }, clock.monotonic()),
      );
      return record === undefined ? undefined : leaseOf(name, record.rev, ttlMs, asked);
    },
    renew: async ({ name, token, ttlMs }) => {
      const asked = clock.monotonic();
      core.renew({ name, token }, asked);
      return Promise.resolve(leaseOf(name, token, ttlMs, asked));
    },
    release: async (lease) => Promise.resolve(core.release(lease, clock.monotonic())),
    status: async () => Promise.resolve({ grade: 'arbiter', rev: core.rev() }),
  };
}

type Write = (
  prepare: () => ArbiterRecord | undefined,
  then?: (record: ArbiterRecord) => void,
) => Promise<ArbiterRecord | undefined>;

function createWrites(core: ArbiterCore, storage: ArbiterStorage, watchers: ReadonlySet<() => void>): Write {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let broken: string | undefined;
  const perform = async (...[prepare, then]: Parameters<Write>): Promise<ArbiterRecord | undefined> => {
    if (broken !== undefined) throw storeError('unavailable', `The log of the arbiter cannot be written: ${broken}`);
    const record = prepare();
    if (record === undefined) return undefined;
    try {
      await storage.append(record);
    } catch (error) {
      // Whether it is on disk nobody knows: with this state nothing may be decided any more. A restart reads what is there.
      broken = messageOf(error);
      throw storeError('indeterminate', `The log of the arbiter failed: ${broken}`);
    }
    core.apply(record);
    then?.(record);
    for (const wake of watchers) wake();
    if (storage.isLong()) await storage.compact(core.snapshot()).catch((error: unknown) => (broken = messageOf(error)));
    return record;
  };
  return async (prepare, then) => {
    if (waiting >= MAX_WAITING_WRITES) throw storeError('unavailable', 'Too many writes wait for the disk.');
    waiting += 1;
    const result = last.then(async () => perform(prepare, then));
    last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      waiting -= 1;
    }
  };
}

type WatchParts = { readonly core: ArbiterCore; readonly watchers: Set<() => void> };
type WatchRequest = { readonly prefix: string; readonly after: Rev; readonly signal: AbortSignal };

async function* watchOf(
  { core, watchers }: WatchParts,
  { prefix, after, signal }: WatchRequest,
): AsyncIterable<Change> {
  let told = after;
  while (!signal.aborted) {
    const { rev, changes } = core.since(prefix, told);
    told = rev > told ? rev : told;
    for (const change of changes) {
      if (signal.aborted) return;
      yield change;
    }
    if (core.rev() > told) continue;
    await nextChange(watchers, signal);
  }
}

async function nextChange(watchers: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  watchers.add(wake);
  signal.addEventListener('abort', wake, { once: true });
  if (signal.aborted) resolve();
  await promise;
  watchers.delete(wake);
  signal.removeEventListener('abort', wake);
}
