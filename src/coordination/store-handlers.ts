/**
 * The host's side of `store.*`: what a member asks over the peer channel is checked and passed on to the store.
 * Belongs here: that. Does not: who may ask (the caller hands over members of the site only), the wire's shapes (store-wire.ts).
 */
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { storeError } from './site-store.ts';
import type { Change, SiteStore } from './site-store.ts';
import { STORE_METHODS, encodeChange, encodeEntry, params } from './store-wire.ts';
import type { StoreMethod } from './store-wire.ts';

/** Changes in one answer; the rest with the next question. */
export const MAX_CHANGES = 256;

export type StoreHandler = (params: unknown) => Promise<unknown>;

export function createStoreHandlers(
  store: SiteStore,
  clock: Pick<Clock, 'sleep'>,
): ReadonlyMap<StoreMethod, StoreHandler> {
  const handlers: Readonly<Record<StoreMethod, StoreHandler>> = {
    'store.read': async (raw) => {
      const { prefix, stale } = parse(params.read, raw);
      const { rev, entries } = await store.read(prefix, { stale });
      return { rev: rev.toString(), entries: entries.map(encodeEntry) };
    },
    'store.commit': async (raw) => {
      const { conds, ops } = parse(params.commit, raw);
      const checked = conds.map((cond) => ('fence' in cond ? cond : { key: cond.key, rev: cond.rev }));
      const rev = await store.commit(checked, ops);
      return { rev: rev.toString() };
    },
    'store.changes': async (raw) => changesOf(store, clock, parse(params.changes, raw)),
    'store.acquire': async (raw) => {
      const { name, ttlMs, note } = parse(params.acquire, raw);
      const lease = await store.acquire(name, ttlMs, note);
      return lease === undefined ? {} : { lease: { token: lease.token.toString(), ttlMs: lease.ttlMs } };
    },
    'store.renew': async (raw) => {
      await store.renew({ ...parse(params.renew, raw), validUntil: NEVER });
      return {};
    },
    'store.release': async (raw) => {
      await store.release({ ...parse(params.release, raw), ttlMs: 0, validUntil: NEVER });
      return {};
    },
    'store.status': async () => {
      const { grade, rev } = await store.status();
      return { grade, ...(rev !== undefined && { rev: rev.toString() }) };
    },
  };
  return new Map(STORE_METHODS.map((method) => [method, handlers[method]]));
}
/** The store does not ask when the holder's belief ends. */
const NEVER = 0 as never;

function parse<T>(
  schema: { readonly safeParse: (raw: unknown) => { readonly success: boolean; readonly data?: T | undefined } },
  raw: unknown,
): T {
  const { success, data } = schema.safeParse(raw);
  if (!success || data === undefined)
    throw storeError('denied', 'The request to the store is not as docs/design/coordination.md has it.');
  return data;
}

async function changesOf(
  store: SiteStore,
  clock: Pick<Clock, 'sleep'>,
  { prefix, after, waitMs }: { readonly prefix: string; readonly after: bigint; readonly waitMs: number },
): Promise<unknown> {
  const ended = new AbortController();
  const changes: Change[] = [];
  const timer = clock.sleep(durationMs(waitMs), ended.signal).then(() => ended.abort());
  for await (const change of store.watch(prefix, after, ended.signal)) {
    changes.push(change);
    if (changes.length >= MAX_CHANGES) break;
    // What is there already comes at once; nothing more is waited for.
    if (changes.length === 1) void clock.sleep(durationMs(1), ended.signal).then(() => ended.abort());
  }
  ended.abort();
  await timer;
  const rev = changes.reduce((latest, change) => (revOf(change) > latest ? revOf(change) : latest), after);
  return { rev: rev.toString(), changes: changes.map(encodeChange) };
}
const revOf = (change: Change): bigint => (change.kind === 'put' ? change.entry.rev : change.rev);
