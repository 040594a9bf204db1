/**
 * What the servers of a site agree on, as a port: small values under keys, written atomically under conditions, watched, and
 * leases that fence writes. The embedded arbiter on the host stands behind it (arbiter.ts); a quorum may some day
 * (docs/design/coordination.md). test/coordination/site-store-conformance.ts holds every implementation to it.
 *
 * Nothing about whether to record ever waits for it: record first, claim second.
 */
import { UnderstudyError } from '../core/errors.ts';
import type { MonotonicMs } from '../core/units.ts';

/** Store-wide, increasing with every write, never used again, over restarts too. */
export type Rev = bigint;

/** One value. Footage, backups and logs do not go in: only where they are and their hash. */
export const MAX_VALUE_BYTES: number = 64 * 1024;
export const MAX_KEY_LENGTH = 256;
/** Of one `commit`. */
export const MAX_OPS = 64;
export const MAX_ENTRIES = 16_384;
export const MIN_TTL_MS = 1000;
/** A host that was started again grants no lease for so long. */
export const MAX_TTL_MS = 15_000;
/** A holder's clock may run 2 % slow against the store's: it believes in its lease for this share of the time. */
export const LEASE_TRUST = 0.98;

export type Entry = { readonly key: string; readonly value: Uint8Array; readonly rev: Rev };
export type Lease = {
  readonly name: string;
  readonly token: Rev;
  /** By the holder's clock, counted from when it asked. After it the holder must not act in its name. */
  readonly validUntil: MonotonicMs;
  readonly ttlMs: number;
};
export type Fence = { readonly name: string; readonly token: Rev };
export type Cond =
  /** The key is at this revision; `undefined`: it is not there. */
  { readonly key: string; readonly rev: Rev | undefined } | { readonly fence: Fence };
export type Op = { readonly put: string; readonly value: Uint8Array } | { readonly del: string };
export type Change =
  | { readonly kind: 'put'; readonly entry: Entry }
  | { readonly kind: 'del'; readonly key: string; readonly rev: Rev }
  /** History is gone: read again, then watch from this revision. */
  | { readonly kind: 'reset'; readonly rev: Rev };
export type Grade = 'quorum' | 'arbiter' | 'unreachable';

/**
 * Rejects with errors of `storeError`: `conflict`, `lease-lost`, `unavailable`, `too-large`, `denied` are definite (nothing was
 * written); after `indeterminate` it may or may not have been: read again before deciding.
 */
export type SiteStore = {
  /** Entries whose key begins with `prefix`, by key. `stale`: an answer from memory will do. */
  readonly read: (
    prefix: string,
    options?: { readonly stale?: boolean },
  ) => Promise<{ readonly rev: Rev; readonly entries: readonly Entry[] }>;
  /** All of `ops` if all of `conds` hold, else nothing: `conflict`. */
  readonly commit: (conds: readonly Cond[], ops: readonly Op[]) => Promise<Rev>;
  /** In order, each change once, from `after` on; ends when `signal` is aborted. */
  readonly watch: (prefix: string, after: Rev, signal: AbortSignal) => AsyncIterable<Change>;
  /** `undefined`: somebody else holds it. `note` is for people. */
  readonly acquire: (name: string, ttlMs: number, note: string) => Promise<Lease | undefined>;
  /** The lease with its new end. */
  readonly renew: (lease: Lease) => Promise<Lease>;
  readonly release: (lease: Lease) => Promise<void>;
  readonly status: () => Promise<{ readonly grade: Grade; readonly rev: Rev | undefined }>;
};

export type StoreErrorCode = 'conflict' | 'lease-lost' | 'unavailable' | 'too-large' | 'denied' | 'indeterminate';
const KINDS = {
  conflict: 'conflict',
  'lease-lost': 'conflict',
  unavailable: 'unavailable',
  'too-large': 'limit',
  denied: 'forbidden',
  indeterminate: 'unavailable',
} as const;
export const storeError = (code: StoreErrorCode, message: string): UnderstudyError =>
  new UnderstudyError(KINDS[code], `store/${code}`, message);
export const isStoreError = (error: unknown, code: StoreErrorCode): boolean =>
  error instanceof UnderstudyError && error.code === `store/${code}`;
