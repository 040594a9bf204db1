/**
 * The embedded arbiter as a pure machine: requests in, answers and what must be durable before they are given out.
 *
 * Belongs here: keys, revisions, conditions, leases, history. Does not: disk and queue (arbiter.ts), the wire (store-handlers.ts).
 *
 * Invariants: A1 no answer to a write before its record is durable; A2 revisions only rise, over restarts too, because every write
 * and every lease takes one and is recorded; A3 for one longest lease after a start no lease is granted: one given before may live.
 */
import type { MonotonicMs } from '../core/units.ts';
import { monotonicMs } from '../core/units.ts';
import {
  MAX_ENTRIES,
  MAX_KEY_LENGTH,
  MAX_OPS,
  MAX_TTL_MS,
  MAX_VALUE_BYTES,
  MIN_TTL_MS,
  storeError,
} from './site-store.ts';
import type { Change, Cond, Entry, Fence, Op, Rev } from './site-store.ts';

/** Changes that watchers can still be told; older ones are answered with `reset`. */
export const MAX_HISTORY = 4096;
export const MAX_LEASES = 1024;

/** One durable step; applied in order they make the state again. */
export type ArbiterRecord = { readonly rev: Rev; readonly ops: readonly Op[] };
type HeldLease = { readonly token: Rev; readonly until: MonotonicMs; readonly ttlMs: number; readonly note: string };

export type ArbiterCore = {
  readonly rev: () => Rev;
  readonly read: (prefix: string) => { readonly rev: Rev; readonly entries: readonly Entry[] };
  /** The record to make durable, or throws a definite store error. Nothing is changed before `apply`. */
  readonly prepareCommit: (conds: readonly Cond[], ops: readonly Op[], now: MonotonicMs) => ArbiterRecord;
  /** `undefined`: somebody holds it. */
  readonly prepareAcquire: (name: string, ttlMs: number, now: MonotonicMs) => ArbiterRecord | undefined;
  readonly apply: (record: ArbiterRecord) => void;
  /** After the record of `prepareAcquire` is durable. */
  readonly grant: (lease: Fence & { readonly ttlMs: number; readonly note: string }, now: MonotonicMs) => void;
  readonly renew: (fence: Fence, now: MonotonicMs) => void;
  readonly release: (fence: Fence, now: MonotonicMs) => void;
  /** Changes after `after` under `prefix`, and the revision up to which they are all. */
  readonly since: (prefix: string, after: Rev) => { readonly rev: Rev; readonly changes: readonly Change[] };
  /** The whole state as one record a key: what a compacted log begins with. */
  readonly snapshot: () => readonly ArbiterRecord[];
};

/** `records`: all that was ever made durable, in order. */
export function createArbiterCore(records: Iterable<ArbiterRecord>, startedAt: MonotonicMs): ArbiterCore {
  const entries = new Map<string, Entry>();
  const history: Change[] = [];
  let rev: Rev = 0n;
  /** Changes up to it are not in `history`. */
  let forgotten: Rev = 0n;
  const apply = (record: ArbiterRecord): void => {
    if (record.rev < rev) throw new RangeError(`expected a revision from ${rev} on, got ${record.rev}`);
    rev = record.rev;
    for (const op of record.ops) history.push(applyOp(entries, op, rev));
    while (history.length > MAX_HISTORY) forgotten = revOf(history.shift()) ?? forgotten;
  };
  for (const record of records) apply(record);
  const leases = createLeases(rev === 0n ? undefined : startedAt);
  forgotten = rev;
  history.length = 0;
  return {
    rev: () => rev,
    read: (prefix) => ({ rev, entries: entriesUnder(entries, prefix) }),
    prepareCommit: (conds, ops, now) => {
      checkBounds(conds, ops, entries);
      for (const cond of conds) checkCond(cond, entries, (fence) => leases.holds(fence, now));
      return { rev: rev + 1n, ops };
    },
    prepareAcquire: (name, ttlMs, now) => (leases.isFree(name, ttlMs, now) ? { rev: rev + 1n, ops: [] } : undefined),
    apply,
    grant: leases.grant,
    renew: leases.renew,
    release: leases.release,
    since: (prefix, after) => {
      if (after < forgotten) return { rev, changes: [{ kind: 'reset', rev }] };
      const changes = history.filter(
        (change) => (revOf(change) ?? 0n) > after && keyOfChange(change).startsWith(prefix),
      );
      return { rev, changes };
    },
    snapshot: () => {
      const byRev = [...entries.values()].sort((a, b) => (a.rev < b.rev ? -1 : a.rev > b.rev ? 1 : 0));
      const records = byRev.map((entry): ArbiterRecord => ({
        rev: entry.rev,
        ops: [{ put: entry.key, value: entry.value }],
      }));
      return [...records, { rev, ops: [] }];
    },
  };
}

type Leases = Pick<ArbiterCore, 'grant' | 'renew' | 'release'> & {
  readonly holds: (fence: Fence, now: MonotonicMs) => boolean;
  /** False: held. @throws when none may be granted */
  readonly isFree: (name: string, ttlMs: number, now: MonotonicMs) => boolean;
};

/** In memory only: `restartedAt` says that others may have been granted before. */
function createLeases(restartedAt: MonotonicMs | undefined): Leases {
  const leases = new Map<string, HeldLease>();
  const live = (name: string, now: MonotonicMs): HeldLease | undefined => {
    const lease = leases.get(name);
    return lease !== undefined && now < lease.until ? lease : undefined;
  };
  return {
    holds: ({ name, token }, now) => live(name, now)?.token === token,
    isFree: (name, ttlMs, now) => {
      checkLease(name, ttlMs);
      if (restartedAt !== undefined && now - restartedAt < MAX_TTL_MS)
        throw storeError(
          'unavailable',
          'The host has just started: leases of before may still be held. Try again later.',
        );
      if (live(name, now) !== undefined) return false;
      for (const [other, lease] of leases) if (now >= lease.until) leases.delete(other);
      if (leases.size >= MAX_LEASES) throw storeError('too-large', `There are ${MAX_LEASES} leases already.`);
      return true;
    },
    grant: ({ name, token, ttlMs, note }, now) => {
      leases.set(name, { token, ttlMs, note, until: monotonicMs(now + ttlMs) });
    },
    renew: ({ name, token }, now) => {
      const lease = live(name, now);
      if (lease?.token !== token)
        throw storeError('lease-lost', `The lease ${name} is held by another one or has ended.`);
      leases.set(name, { ...lease, until: monotonicMs(now + lease.ttlMs) });
    },
    release: ({ name, token }, now) => {
      if (live(name, now)?.token === token) leases.delete(name);
    },
  };
}

function applyOp(entries: Map<string, Entry>, op: Op, rev: Rev): Change {
  if ('del' in op) {
    entries.delete(op.del);
    return { kind: 'del', key: op.del, rev };
  }
  const entry = { key: op.put, value: op.value, rev };
  entries.set(op.put, entry);
  return { kind: 'put', entry };
}

const revOf = (change: Change | undefined): Rev | undefined =>
  change === undefined ? undefined : change.kind === 'put' ? change.entry.rev : change.rev;
const keyOfChange = (change: Change): string =>
  change.kind === 'put' ? change.entry.key : change.kind === 'del' ? change.key : '';

const entriesUnder = (entries: ReadonlyMap<string, Entry>, prefix: string): readonly Entry[] =>
  [...entries.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

function checkBounds(conds: readonly Cond[], ops: readonly Op[], entries: ReadonlyMap<string, Entry>): void {
  if (ops.length > MAX_OPS || conds.length > MAX_OPS)
    throw storeError(
      'too-large',
      `Expected at most ${MAX_OPS} conditions and writes at once, got ${conds.length} and ${ops.length}.`,
    );
  const keys = new Set<string>();
  for (const op of ops) {
    const key = 'put' in op ? op.put : op.del;
    if (keys.has(key)) throw storeError('denied', `Expected each key once in a write, got ${key.slice(0, 64)} twice.`);
    keys.add(key);
    checkKey(key);
    if ('put' in op && op.value.length > MAX_VALUE_BYTES)
      throw storeError('too-large', `Expected at most ${MAX_VALUE_BYTES} bytes under ${key}, got ${op.value.length}.`);
  }
  const added = ops.filter((op) => 'put' in op && !entries.has(op.put)).length;
  if (entries.size + added > MAX_ENTRIES) throw storeError('too-large', `The store holds at most ${MAX_ENTRIES} keys.`);
}

function checkKey(key: string): void {
  if (key.length > 0 && key.length <= MAX_KEY_LENGTH && /^[\x21-\x7e]+$/.test(key)) return;
  throw storeError('denied', `Expected a key of 1 to ${MAX_KEY_LENGTH} printable ASCII characters without spaces.`);
}

function checkLease(name: string, ttlMs: number): void {
  checkKey(name);
  if (ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS) return;
  throw storeError('denied', `Expected a lease of ${MIN_TTL_MS} to ${MAX_TTL_MS} ms, got ${ttlMs}.`);
}

function checkCond(cond: Cond, entries: ReadonlyMap<string, Entry>, holds: (fence: Fence) => boolean): void {
  if ('fence' in cond) {
    if (holds(cond.fence)) return;
    throw storeError('conflict', `The lease ${cond.fence.name} is no longer held by the writer.`);
  }
  const rev = entries.get(cond.key)?.rev;
  if (rev === cond.rev) return;
  throw storeError('conflict', `Expected ${cond.key} at ${cond.rev ?? 'no revision'}, it is at ${rev ?? 'none'}.`);
}
