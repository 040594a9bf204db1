/**
 * When a failover server steps in for a camera, and when it yields one (claims.ts holds the state and what is heard).
 */
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import { SUSPICION_MS } from '../site/failover-settings.ts';
import type { ClaimDraft, ClaimsState, Held, Member, OtherClaim, WantedCamera } from './claim-types.ts';
import { nextEpoch, slotOf } from './epochs.ts';

/**
 * Rank k begins so much later than rank k - 1 if nobody is seen recording: all notice the same silence within a tick of each other, and a
 * claim is told at once.
 */
export const RANK_STEP_MS = 500;
/** Another failover server that gave no sign for so long is not counted on: as with a protected one, a pause of 800 ms fits below. */
export const MEMBER_SILENT_MS: number = SUSPICION_MS;
/**
 * The same for a camera that it is not heard to record, nor is anybody else: two beats missed. Its own server is lost already, and recorded
 * twice for some seconds is better than not at all.
 */
export const CLAIMANT_SILENT_MS = 600;
/** Who has claimed a camera gets so long to its first durable key frame before the next one steps in. */
export const START_ALLOWANCE_MS = 3000;
/** Between two tries to have an epoch issued. */
export const CLAIM_RETRY_MS = 2000;
/** Both record for so long, so that the seam finds a key frame. */
export const YIELD_OVERLAP_MS = 2000;
/** Between two questions to winners. */
export const ASK_AGAIN_MS = 500;
/** The answer of a winner must be so young; older questions are given up. */
export const YIELD_MAX_AGE_MS = 1500;

/** Begins to record what is due, and asks for epochs. */
export function stepIn(draft: ClaimDraft): void {
  const wanted: Record<string, WantedCamera> = { ...draft.state.wanted };
  const due = new Map<string, string[]>();
  let changed = false;
  for (const [cameraId, entry] of Object.entries(wanted)) {
    if (draft.state.held[cameraId] !== undefined) continue;
    const isCovered = ownersOf(draft.state, cameraId, draft.at).length > 0;
    const uncoveredSince = isCovered ? undefined : (entry.uncoveredSince ?? draft.at);
    if (uncoveredSince !== entry.uncoveredSince) {
      wanted[cameraId] = { ...entry, uncoveredSince };
      changed = true;
    }
    if (uncoveredSince === undefined || !isOurTurn(draft, entry, uncoveredSince)) continue;
    due.set(entry.serverId, [...(due.get(entry.serverId) ?? []), cameraId]);
  }
  if (changed) draft.state = { ...draft.state, wanted };
  for (const [serverId, cameraIds] of due) begin(draft, serverId, cameraIds);
  for (const serverId of Object.keys(draft.state.servers)) askForEpoch(draft, serverId);
}

/** Others who record it, or who have begun to and may still get there. */
function ownersOf(state: ClaimsState, cameraId: string, at: MonotonicMs): readonly OtherClaim[] {
  return Object.values(state.others).flatMap((member) => {
    const claim = member.claims[cameraId];
    if (claim === undefined || isSilent(member, at, claim.isRecording ? MEMBER_SILENT_MS : CLAIMANT_SILENT_MS))
      return [];
    const mayStillBegin = !claim.hasFailed && at - claim.since <= START_ALLOWANCE_MS;
    return claim.isRecording || mayStillBegin ? [claim] : [];
  });
}
export const isSilent = ({ lastSign }: Member, at: MonotonicMs, most: number = MEMBER_SILENT_MS): boolean =>
  at - lastSign > most;

function isOurTurn({ state, at }: ClaimDraft, { ranks }: WantedCamera, uncoveredSince: MonotonicMs): boolean {
  const there = ranks.filter((id) => {
    const member = state.others[id];
    return id === state.selfId || (member !== undefined && !isSilent(member, at, CLAIMANT_SILENT_MS));
  });
  const rank = there.indexOf(state.selfId);
  return rank >= 0 && at - uncoveredSince >= rank * RANK_STEP_MS;
}

function begin(draft: ClaimDraft, serverId: string, cameraIds: readonly string[]): void {
  const { state, at } = draft;
  const held: Record<string, Held> = { ...state.held };
  for (const cameraId of cameraIds) held[cameraId] = { serverId, since: at };
  const present = state.servers[serverId];
  // The epoch of this cover will do, unless a higher one is known: of another claim, or of a server that was back meanwhile.
  const keeps = present !== undefined && present.epoch >= state.maxEpoch;
  const epoch = keeps ? present.epoch : nextEpoch(state.maxEpoch, slotOf(state.selfId, Object.keys(state.others)));
  const server = keeps ? present : { epoch, isIssued: false, askedAt: at };
  draft.state = {
    ...state,
    held,
    maxEpoch: Math.max(state.maxEpoch, epoch),
    servers: { ...state.servers, [serverId]: server },
  };
  const all = Object.keys(held).filter((cameraId) => held[cameraId]?.serverId === serverId);
  draft.effects.push({ kind: 'record', serverId, cameraIds: keeps ? cameraIds : all, epoch });
  if (!server.isIssued) draft.effects.push({ kind: 'claim', serverId, cameraIds: all, above: epoch });
}

function askForEpoch(draft: ClaimDraft, serverId: string): void {
  const server = draft.state.servers[serverId];
  if (server === undefined || server.isIssued || draft.at - server.askedAt < CLAIM_RETRY_MS) return;
  const { held } = draft.state;
  const cameraIds = Object.keys(held).filter((cameraId) => held[cameraId]?.serverId === serverId);
  if (cameraIds.length === 0) return;
  draft.state = {
    ...draft.state,
    servers: { ...draft.state.servers, [serverId]: { ...server, askedAt: draft.at } },
  };
  draft.effects.push({ kind: 'claim', serverId, cameraIds, above: server.epoch });
}

/** Asks a winner whether it records what we record in a lower epoch; one question at a time. */
export function yieldTo(draft: ClaimDraft): void {
  const { state, at } = draft;
  if (at < state.nextAskAt || (state.asked !== undefined && at - state.asked.at <= YIELD_MAX_AGE_MS)) return;
  const byWinner = new Map<string, string[]>();
  for (const [cameraId, { serverId }] of Object.entries(state.held)) {
    const winner = winnerOf(state, cameraId, { epoch: state.servers[serverId]?.epoch ?? 0, at });
    if (winner !== undefined) byWinner.set(winner, [...(byWinner.get(winner) ?? []), cameraId]);
  }
  const [first] = byWinner;
  if (first === undefined) {
    if (state.asked !== undefined) draft.state = { ...state, asked: undefined };
    return;
  }
  const [memberId, cameraIds] = first;
  const id = state.asks + 1;
  draft.state = {
    ...state,
    asks: id,
    nextAskAt: monotonicMs(at + ASK_AGAIN_MS),
    asked: { id, memberId, at, cameraIds },
  };
  draft.effects.push({ kind: 'ask-winner', memberId, ask: id, cameraIds });
}

type Claimant = { readonly id: string; readonly epoch: number };
/** The one order in which all decide: the higher epoch; should two slots have met, the greater id. */
export const outranks = (a: Claimant, b: Claimant): boolean => (a.epoch === b.epoch ? a.id > b.id : a.epoch > b.epoch);

/** Heard all along to record it for so long that both have a key frame of it; just thawed it must show so anew. */
export function isReadyWinner(member: Member | undefined, cameraId: string, at: MonotonicMs): boolean {
  if (member === undefined || isSilent(member, at)) return false;
  const since = member.claims[cameraId]?.recordingSince;
  return since !== undefined && at - since >= YIELD_OVERLAP_MS;
}

/** Of those who record it and outrank us, the highest. */
function winnerOf(
  state: ClaimsState,
  cameraId: string,
  own: { readonly epoch: number; readonly at: MonotonicMs },
): string | undefined {
  let winner: Claimant | undefined;
  for (const [id, member] of Object.entries(state.others)) {
    const claim = member.claims[cameraId];
    if (claim === undefined || !isReadyWinner(member, cameraId, own.at)) continue;
    if (!outranks({ id, epoch: claim.epoch }, { id: state.selfId, epoch: own.epoch })) continue;
    if (winner === undefined || outranks({ id, epoch: claim.epoch }, winner)) winner = { id, epoch: claim.epoch };
  }
  return winner?.id;
}
