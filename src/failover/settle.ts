/**
 * What follows from the facts: which streams are covered, when a takeover is declared, when all is handed back.
 *
 * Invariants, by number in docs/design/failover-machine.md:
 * I1 a stream is released only when R has just confirmed that it records it, when R no longer has it, by command, or by I5;
 * I2 no takeover before its timeout without a command; I3 in whole-server trouble every stream of the roster is covered at once;
 * I5 a camera is left to R unrecorded only when R, well otherwise, has just said that it has no session for it (give-way.ts).
 */
import { monotonicMs, epochMs } from '../core/units.ts';
import type { EpochMs } from '../core/units.ts';
import { keyOf } from './cover-reasons.ts';
import type { CoverReason, ReleaseWhy, StreamKey, StreamRef } from './cover-reasons.ts';
import { log, note, update, wordsOf, wordsOfRelease } from './draft.ts';
import type { Draft } from './draft.ts';
import { REFUSAL_ASK_MS, forgetGaveWay, isLeftToR, noteGaveWay, seemsShutOut } from './give-way.ts';
import type { Event, HandoverConfirmation, State, Wanted } from './machine-types.ts';
import { settlePlanned } from './planned.ts';
import { isProgressing, streamTroubleOf, troubleOf } from './trouble.ts';
import type { Trouble } from './trouble.ts';

/** R's answer must be so young: it was asked with a number that nobody used before. */
export const CONFIRM_MAX_AGE_MS = 1500;
export const ASK_AGAIN_MS = 500;
/** R and F both record for so long, so that a key frame lies in the overlap and the seam finds it. */
export const OVERLAP_MS = 2000;
/** R's newest durable footage may be so old in its answer. */
export const CONFIRM_IDLE_MS = 2000;
/** A takeover ends only when its server has been well for so long. */
export const RESTORE_SETTLE_MS = 5000;
export const FLAP_WINDOW_MS = 600_000;
export const FLAP_FAILURES = 3;
/** Footage this much older than the last durable footage of R goes along, so that the seam has something to match. */
export const EDGE_MS = 5000;
export const MAX_RESTORING = 64;

/** Everything that follows at this moment; run after every event. */
export function settle(draft: Draft): void {
  const { state, at, policy } = draft;
  if (state.watching === 'disabled' || state.watching === 'deauthorized') return;
  const trouble = state.watching === 'on' ? troubleOf(state, at, policy) : undefined;
  noticeTrouble(draft, trouble);
  forgetGaveWay(draft, trouble !== undefined);
  settlePlanned(draft);
  wantWhatIsDue(draft, trouble);
  declareWhenDue(draft, trouble);
  askWhenReady(draft, trouble);
  endTakeoverWhenRestored(draft, trouble);
  endIncidentWhenOver(draft);
}

function noticeTrouble(draft: Draft, trouble: Trouble | undefined): void {
  const { state, at } = draft;
  const failures = state.failures.filter((failure) => at - failure < FLAP_WINDOW_MS);
  if (failures.length !== state.failures.length) update(draft, { failures });
  if (trouble === undefined) {
    if (state.trouble !== undefined || state.calmSince === undefined || state.abandoned)
      update(draft, { trouble: undefined, calmSince: state.calmSince ?? at, abandoned: false });
    return;
  }
  if (state.trouble === trouble.reason) return;
  update(draft, { trouble: trouble.reason, calmSince: undefined });
  note(draft, { kind: 'cause', cause: trouble.reason });
  log(draft, 'warning', 'suspected', `The server is suspected: ${wordsOf(trouble.reason)}.`);
  if (state.roster.length === 0)
    log(draft, 'error', 'no-settings', 'There is no settings backup of this server, so its cameras cannot be covered.');
  if (state.trouble === undefined && trouble.reason !== 'shutdown' && !isResumed(state)) countFailure(draft);
}

/** F was started again while it covered and has not heard R since: that failure was counted. */
const isResumed = ({ instance, wanted }: State): boolean => instance === undefined && Object.keys(wanted).length > 0;

function countFailure(draft: Draft): void {
  const { state, at, policy } = draft;
  const failures = [...state.failures, at].slice(-FLAP_FAILURES);
  update(draft, { failures });
  if (failures.length < FLAP_FAILURES || state.holdDown || policy.holdDownMs === 0) return;
  update(draft, { holdDown: true });
  const seconds = Math.round(policy.holdDownMs / 1000);
  log(
    draft,
    'warning',
    'hold-down',
    `It failed ${FLAP_FAILURES} times within ten minutes: its cameras go back only after ${seconds} calm seconds.`,
  );
}

function wantWhatIsDue(draft: Draft, trouble: Trouble | undefined): void {
  const { state, at, policy } = draft;
  if (state.watching !== 'on' || state.abandoned) return;
  const whole = wholeReasonOf(state, trouble);
  if (whole !== undefined) return want(draft, state.roster, whole, true);
  if (state.link.kind !== 'alive') return;
  const byReason = new Map<CoverReason, StreamRef[]>();
  for (const stream of state.roster) {
    const heard = state.heard[keyOf(stream)];
    const reason = heard === undefined ? undefined : streamTroubleOf(heard, at, policy);
    if (reason === undefined || isLeftToR(state, stream, reason, at)) continue;
    byReason.set(reason, [...(byReason.get(reason) ?? []), stream]);
  }
  for (const [reason, streams] of byReason) want(draft, streams, reason, false);
}

function wholeReasonOf(state: State, trouble: Trouble | undefined): CoverReason | undefined {
  if (trouble !== undefined) return trouble.reason;
  // A declared one keeps what it has; only an ordered one covers a server that is well.
  if (state.takeover?.by === 'manual' && !state.restoreAsked) return 'manual';
  return state.planned === undefined ? undefined : 'planned';
}

function want(draft: Draft, streams: readonly StreamRef[], reason: CoverReason, everything: boolean): void {
  const { state, wall } = draft;
  const added = streams.filter((stream) => state.wanted[keyOf(stream)] === undefined);
  if (added.length === 0) return;
  if (reason !== 'stream-camera') openIncident(draft, reason);
  const wanted: Record<StreamKey, Wanted> = { ...state.wanted };
  for (const stream of added) {
    const lostFrom = epochMs(lastFrameOf(draft, stream) - EDGE_MS);
    wanted[keyOf(stream)] = { stream, reason, since: draft.at, sinceWall: wall, lostFrom, covered: false };
  }
  update(draft, { wanted });
  draft.effects.push({ kind: 'cover', streams: added, reason, everything });
  note(draft, {
    kind: 'wanted',
    streams: added.map((stream) => ({ ...stream, lastFrame: lastFrameOf(draft, stream) })),
  });
  const what = everything ? 'Its cameras are covered' : `${added.length} of its streams are covered`;
  log(
    draft,
    reason === 'planned' || reason === 'manual' ? 'info' : 'warning',
    'covering',
    `${what}: ${wordsOf(reason)}.`,
  );
}

/** By our wall clock: what R wrote last is as old as its last progress. */
function lastFrameOf({ state, at, wall }: Draft, stream: StreamRef): EpochMs {
  const heard = state.heard[keyOf(stream)];
  return epochMs(Math.round(wall - Math.max(0, at - (heard?.progressAt ?? state.lastSign))));
}

/** Also for cameras that only R cannot reach, once there is footage of them (cover-progress). */
export function openIncident(draft: Draft, cause: CoverReason): void {
  const { state, wall } = draft;
  if (state.incident !== undefined) return;
  const incident = `incident-${wall.toString(36)}-${state.serverId.slice(0, 8)}`;
  update(draft, { incident });
  note(draft, { kind: 'opened', serverId: state.serverId, cause, lastSign: state.lastSignWall });
  const before = wantedOf(state);
  if (before.length === 0) return;
  const streams = before.map(({ stream, lostFrom }) => ({ ...stream, lastFrame: epochMs(lostFrom + EDGE_MS) }));
  note(draft, { kind: 'wanted', streams });
}

function declareWhenDue(draft: Draft, trouble: Trouble | undefined): void {
  const { state, at, policy } = draft;
  if (trouble === undefined || state.takeover !== undefined || state.abandoned) return;
  if (!policy.automaticTakeover || at - trouble.since < trouble.timeoutMs) return;
  const takeover = { since: at, sinceWall: draft.wall, by: 'automatic' } as const;
  update(draft, { takeover });
  openIncident(draft, trouble.reason);
  draft.effects.push({ kind: 'declare-takeover', by: 'automatic', reason: trouble.reason });
  note(draft, { kind: 'takeover', by: 'automatic' });
  log(draft, 'error', 'takeover', `Takeover: ${wordsOf(trouble.reason)} for longer than its timeout.`);
}

/** Trouble, plans, switches and hold-down aside, R may have its cameras back. */
function mayHandBack({ state, at, policy }: Draft, trouble: Trouble | undefined): boolean {
  if (trouble !== undefined || state.link.kind !== 'alive' || state.planned !== undefined) return false;
  // Just thawed it reports what it had before: it must be seen recording anew for the length of the overlap.
  if (state.calmSince === undefined || at - state.calmSince < OVERLAP_MS) return false;
  if (state.restoreAsked) return true;
  if (state.takeover?.by === 'manual') return false;
  if (state.takeover !== undefined && !policy.automaticRestore) return false;
  return !state.holdDown || at - state.calmSince >= policy.holdDownMs;
}

function askWhenReady(draft: Draft, trouble: Trouble | undefined): void {
  const { state, at } = draft;
  if (state.asked !== undefined && at - state.asked.at > CONFIRM_MAX_AGE_MS) update(draft, { asked: undefined });
  if (draft.state.asked !== undefined || at < state.nextAskAt || !mayHandBack(draft, trouble)) return;
  const all = wantedOf(state).map(({ stream }) => stream);
  const shutOut = at < state.nextRefusalAskAt ? [] : all.filter((stream) => seemsShutOut(draft, stream));
  const streams = [...all.filter((stream) => isReady(draft, stream)), ...shutOut];
  if (streams.length === 0) return;
  const ask = state.asks + 1;
  update(draft, { asks: ask, asked: { id: ask, at }, nextAskAt: monotonicMs(at + ASK_AGAIN_MS) });
  if (shutOut.length > 0) update(draft, { nextRefusalAskAt: monotonicMs(at + REFUSAL_ASK_MS) });
  draft.effects.push({ kind: 'confirm-handover', ask, streams });
}

/** R's answer. Stale ones, and answers to questions that were given up, change nothing. */
export function applyConfirmation(draft: Draft, { ask, streams: rows, noRoom = [] }: Confirmed): void {
  const { state, at, policy } = draft;
  if (state.asked?.id !== ask) return;
  const isYoung = at - state.asked.at <= CONFIRM_MAX_AGE_MS;
  update(draft, { asked: undefined });
  if (!isYoung || state.watching !== 'on' || !mayHandBack(draft, troubleOf(state, at, policy))) return;
  const streams = rows
    .filter((row) => isConfirmed(row) && isReady(draft, row))
    .flatMap((row) => state.wanted[keyOf(row)]?.stream ?? []);
  release(draft, streams, 'confirmed');
  const shutOut = noRoom.flatMap((row) => draft.state.wanted[keyOf(row)]?.stream ?? []);
  const left = shutOut.filter((stream) => seemsShutOut(draft, stream));
  noteGaveWay(draft, left);
  release(draft, left, 'gave-way');
}
type Confirmed = Extract<Event, { readonly kind: 'confirmed' }>;

/** As far as its keep-alives tell. */
function isReady({ state, at, policy }: Draft, stream: StreamRef): boolean {
  const heard = state.heard[keyOf(stream)];
  if (heard?.wellSince === undefined || at - heard.wellSince < OVERLAP_MS) return false;
  return isProgressing(heard, at, policy);
}

const isConfirmed = ({ since, until, idleMs }: HandoverConfirmation): boolean =>
  until - since >= OVERLAP_MS && idleMs >= 0 && idleMs <= CONFIRM_IDLE_MS;

/** Stops covering these and sends home what was recorded. */
export function release(draft: Draft, streams: readonly StreamRef[], why: ReleaseWhy): void {
  const { state, wall } = draft;
  const released = [...new Set(streams.map(keyOf))].flatMap((key) => state.wanted[key] ?? []);
  if (released.length === 0) return;
  const gone = new Set(released.map(({ stream }) => keyOf(stream)));
  const refs = released.map(({ stream }) => stream);
  const wanted = Object.fromEntries(Object.entries(state.wanted).filter(([key]) => !gone.has(key as StreamKey)));
  update(draft, { wanted });
  draft.effects.push({ kind: 'release', streams: refs, why });
  note(draft, { kind: 'released', streams: refs, why });
  log(draft, 'info', why === 'gave-way' ? why : 'released', wordsOfRelease(why, refs));
  // Without its trust nothing can go home; the footage stays here until somebody decides.
  if (why === 'deauthorized' || state.incident === undefined) return;
  const from = epochMs(Math.min(wall, ...released.map(({ lostFrom }) => lostFrom)));
  draft.effects.push({ kind: 'restore-footage', incident: state.incident, streams: refs, from, to: wall });
}

function endTakeoverWhenRestored(draft: Draft, trouble: Trouble | undefined): void {
  const { state, at, policy } = draft;
  if (state.takeover === undefined || !mayHandBack(draft, trouble)) return;
  if (state.calmSince === undefined || at - state.calmSince < RESTORE_SETTLE_MS) return;
  const isLeft = wantedOf(state).some(({ stream }) => {
    const heard = state.heard[keyOf(stream)];
    return heard !== undefined && streamTroubleOf(heard, at, policy) === undefined;
  });
  if (!isLeft) endTakeover(draft);
}

export function endTakeover(draft: Draft): void {
  const { takeover } = draft.state;
  update(draft, { takeover: undefined, restoreAsked: false });
  if (takeover === undefined) return;
  draft.effects.push({ kind: 'end-takeover', by: takeover.by });
  note(draft, { kind: 'takeover-ended' });
  log(draft, 'info', 'restored', 'The takeover is over: the server has its cameras back.');
}

function endIncidentWhenOver(draft: Draft): void {
  const { state, at, policy } = draft;
  if (state.takeover !== undefined || state.planned !== undefined || wantedOf(state).length > 0) return;
  if (state.restoreAsked) update(draft, { restoreAsked: false });
  const isCalm = state.calmSince !== undefined && at - state.calmSince >= policy.holdDownMs;
  if (state.holdDown && isCalm) update(draft, { holdDown: false, failures: [] });
  if (state.incident === undefined) return;
  note(draft, { kind: 'restoring' });
  update(draft, { incident: undefined });
  beginRestoring(draft, state.incident);
}

/** Its footage is on its way; of too many the oldest are given up. */
export function beginRestoring(draft: Draft, incident: string): void {
  const restoring = [...draft.state.restoring, incident];
  update(draft, { restoring });
  for (const oldest of restoring.slice(0, -MAX_RESTORING)) closeIncident(draft, oldest);
}

/** Its last footage is back, or stays here by policy. */
export function closeIncident(draft: Draft, incident: string): void {
  update(draft, { restoring: draft.state.restoring.filter((other) => other !== incident) });
  draft.effects.push({ kind: 'incident', change: { kind: 'closed', incident, at: draft.wall } });
}

export const wantedOf = ({ wanted }: State): readonly Wanted[] => Object.values(wanted);
