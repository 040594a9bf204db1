/**
 * Which cameras this failover server records, among several: record first, claim second. Pure, one machine for all cameras.
 *
 * The machine of each protected server says which cameras are wanted (machine.ts), the plan who steps in in which order (plan.ts);
 * here is decided when to begin, in which epoch, and when to yield. Cameras have one owner in the end because epochs of different
 * servers never are equal (epochs.ts) and the lower one yields; never because somebody was told to stop.
 *
 * Invariants: C1 a camera is stopped only when it is no longer wanted here, or when a server with a higher epoch has just answered
 * a fresh question that it records it; C2 an epoch is durable (`savedClaimsOf`) before it is used: save, then carry effects out;
 * C3 nothing waits for the store.
 */
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import type { CoverProgress, StreamProgress } from '../wire/peer-protocol.ts';
import {
  YIELD_MAX_AGE_MS,
  YIELD_OVERLAP_MS,
  isReadyWinner,
  isSilent,
  outranks,
  stepIn,
  yieldTo,
} from './claim-decisions.ts';
import type { ClaimDraft, ClaimEffect, ClaimEvent, ClaimsState, Held, Member, OtherClaim } from './claim-types.ts';
import { MAX_EPOCH } from './epochs.ts';
import { GRACE_FROM_MS } from './facts.ts';

export const MAX_CLAIM_CAMERAS = 8192;
export const MAX_OTHERS = 256;
export const YIELD_IDLE_MS = 2000;

export function initialClaims(selfId: string, maxEpoch: number): ClaimsState {
  return {
    selfId,
    maxEpoch,
    wanted: {},
    held: {},
    servers: {},
    others: {},
    asks: 0,
    nextAskAt: monotonicMs(-Infinity),
    asked: undefined,
  };
}

export function stepClaims(
  state: ClaimsState,
  event: ClaimEvent,
): { readonly state: ClaimsState; readonly effects: readonly ClaimEffect[] } {
  const effects: ClaimEffect[] = [];
  const draft: ClaimDraft = { state, effects, at: event.at };
  apply(draft, event);
  stepIn(draft);
  yieldTo(draft);
  return { state: draft.state, effects };
}

function apply(draft: ClaimDraft, event: ClaimEvent): void {
  switch (event.kind) {
    case 'want':
      return want(draft, event);
    case 'unwant':
      return unwant(draft, event.cameraIds);
    case 'ranks':
      return rank(draft, event.ranks);
    case 'heard':
      return hear(draft, event.memberId, event.covering);
    case 'alive':
      return alive(draft, event.memberId);
    case 'gone':
      return gone(draft, event.memberId);
    case 'known-epoch':
      return know(draft, event.epoch);
    case 'issued':
      return issued(draft, event.serverId, event.epoch);
    case 'winner-answered':
      return answered(draft, event);
    case 'tick':
      return forgive(draft, event.loopDelayMs);
  }
}

type Of<Kind extends ClaimEvent['kind']> = Extract<ClaimEvent, { readonly kind: Kind }>;

function want(draft: ClaimDraft, { serverId, cameraIds }: Of<'want'>): void {
  const wanted = { ...draft.state.wanted };
  for (const cameraId of cameraIds) {
    if (wanted[cameraId] !== undefined || Object.keys(wanted).length >= MAX_CLAIM_CAMERAS) continue;
    wanted[cameraId] = { serverId, uncoveredSince: draft.at, ranks: [] };
  }
  draft.state = { ...draft.state, wanted };
}

function unwant(draft: ClaimDraft, cameraIds: readonly string[]): void {
  const wanted = { ...draft.state.wanted };
  const held = { ...draft.state.held };
  const stopped = cameraIds.filter((cameraId) => held[cameraId] !== undefined);
  for (const cameraId of cameraIds) {
    delete wanted[cameraId];
    delete held[cameraId];
  }
  draft.state = { ...draft.state, wanted, held };
  if (stopped.length > 0) draft.effects.push({ kind: 'stop', cameraIds: stopped, to: undefined });
  forgetServers(draft);
}

/** The epoch of a cover that is over is not used again. */
function forgetServers(draft: ClaimDraft): void {
  const left = new Set(Object.values(draft.state.held).map(({ serverId }) => serverId));
  const servers = Object.fromEntries(Object.entries(draft.state.servers).filter(([serverId]) => left.has(serverId)));
  draft.state = { ...draft.state, servers };
}

function rank(draft: ClaimDraft, ranks: Of<'ranks'>['ranks']): void {
  const wanted = { ...draft.state.wanted };
  for (const [cameraId, order] of Object.entries(ranks)) {
    const entry = wanted[cameraId];
    if (entry !== undefined) wanted[cameraId] = { ...entry, ranks: order };
  }
  draft.state = { ...draft.state, wanted };
}

function hear(draft: ClaimDraft, memberId: string, covering: readonly CoverProgress[]): void {
  const { others } = draft.state;
  const present = others[memberId];
  if (present === undefined && Object.keys(others).length >= MAX_OTHERS) return;
  const said = present?.claims ?? {};
  const before = present !== undefined && isSilent(present, draft.at) ? doubted(said) : said;
  const claims: Record<string, OtherClaim> = {};
  for (const { epoch, streams } of covering) {
    know(draft, epoch);
    // One stream of a camera that is recorded is enough to call it recorded.
    for (const { cameraId, state } of streams)
      if (claims[cameraId]?.isRecording !== true)
        claims[cameraId] = claimOf({ epoch, state, at: draft.at }, before[cameraId]);
  }
  const member: Member = { lastSign: draft.at, claims };
  draft.state = { ...draft.state, others: { ...draft.state.others, [memberId]: member } };
}

type Told = Pick<CoverProgress, 'epoch'> & Pick<StreamProgress, 'state'> & { readonly at: MonotonicMs };
const claimOf = ({ epoch, state, at }: Told, before: OtherClaim | undefined): OtherClaim => ({
  epoch,
  isRecording: state === 'recording',
  recordingSince: state === 'recording' ? (before?.recordingSince ?? at) : undefined,
  hasFailed: state === 'failed',
  since: before?.since ?? at,
});

function alive(draft: ClaimDraft, memberId: string): void {
  const known = draft.state.others[memberId];
  if (known === undefined) return;
  const claims = isSilent(known, draft.at) ? doubted(known.claims) : known.claims;
  const member = { lastSign: draft.at, claims };
  draft.state = { ...draft.state, others: { ...draft.state.others, [memberId]: member } };
}

/** What was said before a silence says nothing about the time since. */
const doubted = (claims: Member['claims']): Member['claims'] =>
  Object.fromEntries(
    Object.entries(claims).map(([cameraId, claim]): [string, OtherClaim] => [
      cameraId,
      { ...claim, recordingSince: undefined },
    ]),
  );

function gone(draft: ClaimDraft, memberId: string): void {
  const { [memberId]: _gone, ...others } = draft.state.others;
  draft.state = { ...draft.state, others };
}

/** Every epoch that is heard of anywhere; beyond any belief ones are not counted on from. */
function know(draft: ClaimDraft, epoch: number): void {
  if (!Number.isSafeInteger(epoch) || epoch <= draft.state.maxEpoch || epoch >= MAX_EPOCH) return;
  draft.state = { ...draft.state, maxEpoch: epoch };
}

/** The host issued an epoch: it wins over the provisional one. */
function issued(draft: ClaimDraft, serverId: string, epoch: number): void {
  know(draft, epoch);
  const server = draft.state.servers[serverId];
  if (server === undefined) return;
  const raised = Math.max(server.epoch, epoch);
  draft.state = {
    ...draft.state,
    servers: { ...draft.state.servers, [serverId]: { epoch: raised, isIssued: true, askedAt: draft.at } },
  };
  if (raised === server.epoch) return;
  const cameraIds = heldOf(draft.state, serverId);
  draft.effects.push({ kind: 'record', serverId, cameraIds, epoch: raised });
}

function answered(draft: ClaimDraft, { memberId, ask, streams }: Of<'winner-answered'>): void {
  const { asked, held, servers } = draft.state;
  if (asked?.id !== ask || asked.memberId !== memberId) return;
  draft.state = { ...draft.state, asked: undefined };
  if (draft.at - asked.at > YIELD_MAX_AGE_MS) return;
  const lost = asked.cameraIds.filter((cameraId) => {
    const entry = held[cameraId];
    const own = entry === undefined ? undefined : servers[entry.serverId];
    if (own === undefined || !isReadyWinner(draft.state.others[memberId], cameraId, draft.at)) return false;
    return streams.some(
      (row) =>
        row.cameraId === cameraId &&
        outranks({ id: memberId, epoch: row.epoch }, { id: draft.state.selfId, epoch: own.epoch }) &&
        row.until - row.since >= YIELD_OVERLAP_MS &&
        row.idleMs >= 0 &&
        row.idleMs <= YIELD_IDLE_MS,
    );
  });
  if (lost.length === 0) return;
  const left: Record<string, Held> = { ...held };
  const wanted = { ...draft.state.wanted };
  for (const cameraId of lost) {
    delete left[cameraId];
    const entry = wanted[cameraId];
    if (entry !== undefined) wanted[cameraId] = { ...entry, uncoveredSince: undefined };
  }
  draft.state = { ...draft.state, held: left, wanted };
  draft.effects.push({ kind: 'stop', cameraIds: lost, to: memberId });
  forgetServers(draft);
}

/** What we did not run for is not held against the others. */
function forgive(draft: ClaimDraft, delayMs: number): void {
  if (!(delayMs > 100)) return;
  const others = Object.fromEntries(
    Object.entries(draft.state.others).map(([id, member]): [string, Member] => {
      const lastSign = monotonicMs(Math.min(draft.at, member.lastSign + delayMs));
      // A member that paused at the same time must show anew that it records.
      const claims = delayMs >= GRACE_FROM_MS ? doubted(member.claims) : member.claims;
      return [id, { ...member, lastSign, claims }];
    }),
  );
  draft.state = { ...draft.state, others };
}

export const heldOf = ({ held }: ClaimsState, serverId: string): readonly string[] =>
  Object.keys(held).filter((cameraId) => held[cameraId]?.serverId === serverId);

/** Whether it is recorded here, and in which epoch. */
export function epochOf(state: ClaimsState, cameraId: string): number | undefined {
  const entry = state.held[cameraId];
  return entry === undefined ? undefined : state.servers[entry.serverId]?.epoch;
}

/** Kept on disk before the effects of a step are carried out. */
export type SavedClaims = {
  readonly maxEpoch: number;
  readonly servers: readonly {
    readonly serverId: string;
    readonly epoch: number;
    readonly cameraIds: readonly string[];
  }[];
};
export const savedClaimsOf = (state: ClaimsState): SavedClaims => ({
  maxEpoch: state.maxEpoch,
  servers: Object.entries(state.servers).map(([serverId, { epoch }]) => ({
    serverId,
    epoch,
    cameraIds: heldOf(state, serverId),
  })),
});

/** After a restart: what was recorded here is recorded on at once, in the epoch it had. Others are heard later. */
export function resumeClaims(
  selfId: string,
  saved: SavedClaims,
  at: MonotonicMs,
): { readonly state: ClaimsState; readonly effects: readonly ClaimEffect[] } {
  const wanted: Record<string, ClaimsState['wanted'][string]> = {};
  const held: Record<string, Held> = {};
  const servers: Record<string, ClaimsState['servers'][string]> = {};
  for (const { serverId, epoch, cameraIds } of saved.servers) {
    servers[serverId] = { epoch, isIssued: false, askedAt: at };
    for (const cameraId of cameraIds) {
      held[cameraId] = { serverId, since: at };
      wanted[cameraId] = { serverId, uncoveredSince: undefined, ranks: [selfId] };
    }
  }
  const state: ClaimsState = { ...initialClaims(selfId, saved.maxEpoch), wanted, held, servers };
  const effects = saved.servers
    .filter(({ cameraIds }) => cameraIds.length > 0)
    .map(({ serverId, epoch, cameraIds }): ClaimEffect => ({ kind: 'record', serverId, cameraIds, epoch }));
  return { state, effects };
}
