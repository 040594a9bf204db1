/**
 * Has the store issue an epoch for a cover: above everything known, never the same one twice, and in the slot of the host so that it
 * wins over provisional ones. Under `epoch/<serverId>` lies the last one with who got it.
 */
import { UnderstudyError } from '../core/errors.ts';
import { hashOf, HOST_SLOT, MAX_EPOCH, nextEpoch, SLOTS } from '../failover/epochs.ts';
import { z } from 'zod';
import { isStoreError, storeError } from './site-store.ts';
import type { Cond, Entry, Op, SiteStore } from './site-store.ts';

export const MAX_TRIES = 5;
const issuedSchema = z.object({
  epoch: z.number().int().min(0).max(MAX_EPOCH),
  failoverId: z.string(),
  claim: z.string(),
});
export type EpochRequest = {
  readonly serverId: string;
  readonly failoverId: string;
  /** The highest epoch that the asking server knows. */
  readonly above: number;
  /** Names this claim: after an uncertain answer it is recognised. */
  readonly claim: string;
  /** Whose store is asked, and in which term it is the host; absent: the first host of its site. */
  readonly host?: { readonly id: string; readonly term: number };
};

/** Rounds that belong to one term. */
export const ROUNDS_OF_TERM: number = 2 ** 24;
/** From the second term on a host uses one round of so many, by its id: two may hold the same term for a moment. */
export const ROUND_STRIDE = 256;

/**
 * The first epoch of a host above `above`. Each term has rounds of its own, so that what one host has issued, and nobody heard of, no later
 * one issues again. Undefined: none is left in its term, or somebody has one of a later term.
 */
export function epochOfHost(above: number, { id, term }: NonNullable<EpochRequest['host']>): number | undefined {
  const firstRound = (term - 1) * ROUNDS_OF_TERM;
  const stride = term === 1 ? 1 : ROUND_STRIDE;
  const lane = term === 1 ? 0 : hashOf(id) % ROUND_STRIDE;
  const least = Math.max(above, firstRound * SLOTS);
  if (least >= MAX_EPOCH) return undefined;
  const round = Math.floor(nextEpoch(least, HOST_SLOT) / SLOTS);
  const own = firstRound + lane + Math.ceil(Math.max(0, round - firstRound - lane) / stride) * stride;
  return own < firstRound + ROUNDS_OF_TERM && (own + 1) * SLOTS <= MAX_EPOCH ? own * SLOTS + HOST_SLOT : undefined;
}

const keyFor = (serverId: string): string => `epoch/${serverId}`;

/** What to write, from what is there; `kind: 'have'`: this claim has been answered before. */
export function epochWrite(
  request: EpochRequest,
  present: Entry | undefined,
):
  | { readonly kind: 'have'; readonly epoch: number }
  | { readonly kind: 'write'; readonly epoch: number; readonly conds: readonly Cond[]; readonly ops: readonly Op[] } {
  const key = keyFor(request.serverId);
  const last = present === undefined ? undefined : parseIssued(present.value);
  if (last?.claim === request.claim) return { kind: 'have', epoch: last.epoch };
  const { host = { id: '', term: 1 } } = request;
  const epoch = epochOfHost(Math.max(request.above, last?.epoch ?? 0), host);
  if (epoch === undefined) throw storeError('denied', `No epoch is left for this host in term ${host.term}.`);
  const { failoverId, claim } = request;
  const value = new TextEncoder().encode(JSON.stringify({ epoch, failoverId, claim }));
  return { kind: 'write', epoch, conds: [{ key, rev: present?.rev }], ops: [{ put: key, value }] };
}

/** @throws store errors: then the cover goes on in the epoch it has */
export async function claimEpoch(store: Pick<SiteStore, 'read' | 'commit'>, request: EpochRequest): Promise<number> {
  const key = keyFor(request.serverId);
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const { entries } = await store.read(key);
    const write = epochWrite(
      request,
      entries.find((entry) => entry.key === key),
    );
    if (write.kind === 'have') return write.epoch;
    try {
      await store.commit(write.conds, write.ops);
      return write.epoch;
    } catch (error) {
      if (!isStoreError(error, 'conflict') && !isStoreError(error, 'indeterminate')) throw error;
    }
  }
  throw storeError('unavailable', `No epoch was issued in ${MAX_TRIES} tries: others write at the same time.`);
}

function parseIssued(value: Uint8Array): z.infer<typeof issuedSchema> {
  try {
    return issuedSchema.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch (error) {
    throw new UnderstudyError(
      'corrupt',
      'coordination/epoch-damaged',
      'The epoch that the store has issued last cannot be read; none is issued above an unknown one.',
      { cause: error },
    );
  }
}
