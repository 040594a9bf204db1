/**
 * A member's side of the store: `SiteStore` over requests to the host. A request that got no answer is `unavailable` if it read,
 * `indeterminate` if it may have written; nothing is repeated here, because only the caller knows whether that is right.
 */
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError, messageOf } from '../core/errors.ts';
import { durationMs, monotonicMs } from '../core/units.ts';
import { LEASE_TRUST, MAX_VALUE_BYTES, storeError } from './site-store.ts';
import type { Change, Lease, Rev, SiteStore, StoreErrorCode } from './site-store.ts';
import { encodeCond, encodeOp, results } from './store-wire.ts';
import type { StoreMethod } from './store-wire.ts';

/** A long question for changes; the host answers at once when there are some. */
export const WATCH_WAIT_MS = 10_000;
/** Between two tries when the host does not answer. */
export const WATCH_RETRY_MS = 500;

export type StoreClientDeps = {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Resolves with the host's result; rejects with the error the host gave (its `code` kept), or with anything else without an answer. */
  readonly request: (method: StoreMethod, params: unknown) => Promise<unknown>;
};

const DEFINITE: readonly StoreErrorCode[] = ['conflict', 'lease-lost', 'unavailable', 'too-large', 'denied'];
const WRITES: readonly StoreMethod[] = ['store.commit', 'store.acquire'];

export function createStoreClient(deps: StoreClientDeps): SiteStore {
  const ask = async <T>(method: StoreMethod, params: unknown, schema: z.ZodType<T>): Promise<T> => {
    try {
      return schema.parse(await deps.request(method, params));
    } catch (error) {
      throw storeErrorOf(error, WRITES.includes(method));
    }
  };
  const leaseOf = (name: string, token: Rev, ttlMs: number, asked: number): Lease => ({
    name,
    token,
    ttlMs,
    validUntil: monotonicMs(asked + ttlMs * LEASE_TRUST),
  });
  return {
    read: async (prefix, options) => ask('store.read', { prefix, stale: options?.stale ?? false }, results.read),
    commit: async (conds, ops) => {
      for (const op of ops)
        if ('put' in op && op.value.length > MAX_VALUE_BYTES)
          throw storeError(
            'too-large',
            `Expected at most ${MAX_VALUE_BYTES} bytes under ${op.put}, got ${op.value.length}.`,
          );
      const { rev } = await ask(
        'store.commit',
        { conds: conds.map(encodeCond), ops: ops.map(encodeOp) },
        results.commit,
      );
      return rev;
    },
    watch: (prefix, after, signal) => watchOf(deps, ask, { prefix, after, signal }),
    acquire: async (name, ttlMs, note) => {
      const asked = deps.clock.monotonic();
      const { lease } = await ask('store.acquire', { name, ttlMs, note }, results.acquire);
      return lease === undefined ? undefined : leaseOf(name, lease.token, lease.ttlMs, asked);
    },
    renew: async ({ name, token, ttlMs }) => {
      const asked = deps.clock.monotonic();
      await ask('store.renew', { name, token: token.toString(), ttlMs }, results.renew);
      return leaseOf(name, token, ttlMs, asked);
    },
    release: async ({ name, token }) => {
      await ask('store.release', { name, token: token.toString() }, results.release);
    },
    status: async () => {
      try {
        const { grade, rev } = await ask('store.status', {}, results.status);
        return { grade, rev };
      } catch {
        return { grade: 'unreachable', rev: undefined };
      }
    },
  };
}

type Ask = <T>(method: StoreMethod, params: unknown, schema: z.ZodType<T>) => Promise<T>;
type WatchRequest = { readonly prefix: string; readonly after: Rev; readonly signal: AbortSignal };

async function* watchOf(
  { clock }: StoreClientDeps,
  ask: Ask,
  { prefix, after, signal }: WatchRequest,
): AsyncIterable<Change> {
  let told = after;
  while (!signal.aborted) {
    const answer = await Promise.race([
      ask('store.changes', { prefix, after: told.toString(), waitMs: WATCH_WAIT_MS }, results.changes).catch(
        () => undefined,
      ),
      aborted(signal),
    ]);
    if (answer === undefined) {
      await clock.sleep(durationMs(WATCH_RETRY_MS), signal);
      continue;
    }
    for (const change of answer.changes) {
      if (signal.aborted) return;
      yield change;
    }
    if (answer.rev > told) told = answer.rev;
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener('abort', () => resolve(undefined), { once: true });
  if (signal.aborted) resolve(undefined);
  return promise;
}

function storeErrorOf(error: unknown, mayHaveWritten: boolean): UnderstudyError {
  if (error instanceof UnderstudyError && DEFINITE.some((code) => error.code === `store/${code}`)) return error;
  const message = `The host gave no answer: ${messageOf(error)}`;
  return storeError(mayHaveWritten ? 'indeterminate' : 'unavailable', message);
}
