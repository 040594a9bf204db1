/**
 * The requests `store.*` of the peer channel: parameters and results as JSON, both ways. Revisions are decimal strings, values
 * base64; `validUntil` never travels, because it is a time of the holder's own clock.
 */
import { z } from 'zod';
import type { Change, Cond, Entry, Op } from './site-store.ts';

export const STORE_METHODS = [
  'store.read',
  'store.commit',
  'store.changes',
  'store.acquire',
  'store.renew',
  'store.release',
  'store.status',
] as const;
export type StoreMethod = (typeof STORE_METHODS)[number];

const rev = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform((text) => BigInt(text));
const value = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));
const text = z.string().max(1024);
const count = z.number().int().min(0);
const fence = z.strictObject({ name: text, token: rev });
const entry = z.strictObject({ key: text, value, rev });
const change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('put'), entry }),
  z.strictObject({ kind: z.literal('del'), key: text, rev }),
  z.strictObject({ kind: z.literal('reset'), rev }),
]);
const lease = z.strictObject({ token: rev, ttlMs: count });

export const params = {
  read: z.strictObject({ prefix: text, stale: z.boolean() }),
  commit: z.strictObject({
    conds: z.array(z.union([z.strictObject({ key: text, rev: rev.optional() }), z.strictObject({ fence })])).max(256),
    ops: z.array(z.union([z.strictObject({ put: text, value }), z.strictObject({ del: text })])).max(256),
  }),
  /** Waits up to `waitMs` for a change. */
  changes: z.strictObject({ prefix: text, after: rev, waitMs: z.number().min(0).max(30_000) }),
  acquire: z.strictObject({ name: text, ttlMs: count, note: text }),
  renew: z.strictObject({ name: text, token: rev, ttlMs: count }),
  release: z.strictObject({ name: text, token: rev }),
  status: z.strictObject({}),
} as const;
export const results = {
  read: z.strictObject({ rev, entries: z.array(entry) }),
  commit: z.strictObject({ rev }),
  changes: z.strictObject({ rev, changes: z.array(change) }),
  acquire: z.strictObject({ lease: lease.optional() }),
  renew: z.strictObject({}),
  release: z.strictObject({}),
  status: z.strictObject({ grade: z.enum(['quorum', 'arbiter', 'unreachable']), rev: rev.optional() }),
} as const;

const encodeValue = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const encodeEntry = (item: Entry): unknown => ({
  key: item.key,
  value: encodeValue(item.value),
  rev: item.rev.toString(),
});
export const encodeCond = (cond: Cond): unknown =>
  'fence' in cond
    ? { fence: { name: cond.fence.name, token: cond.fence.token.toString() } }
    : { key: cond.key, ...(cond.rev !== undefined && { rev: cond.rev.toString() }) };
export const encodeOp = (op: Op): unknown => ('put' in op ? { put: op.put, value: encodeValue(op.value) } : op);
export function encodeChange(item: Change): unknown {
  if (item.kind === 'put') return { kind: 'put', entry: encodeEntry(item.entry) };
  return { ...item, rev: item.rev.toString() };
}
