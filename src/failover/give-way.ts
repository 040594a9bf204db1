/**
 * A camera that lets one server in only, and F is in: R is refused as long as F records, so it can never confirm that it records
 * again. Then F lets go first, without that confirmation, and leaves the camera alone for a while (I5 in docs/design/failover-machine.md).
 *
 * Belongs here: when that is due, for how long, how soon again. Does not: the question to R and letting go itself (settle.ts).
 */
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import { keyOf } from './cover-reasons.ts';
import type { CoverReason, StreamKey, StreamRef } from './cover-reasons.ts';
import { update } from './draft.ts';
import type { Draft } from './draft.ts';
import type { GaveWay, State } from './machine-types.ts';

/** R is refused, and the camera is recorded here, for so long before R is asked whether it lacks a session: two attempts of R at least. */
export const REFUSED_MS = 10_000;
/** Between two questions about it: many cameras refuse for another reason, a wrong password for example, for days. */
export const REFUSAL_ASK_MS = 2500;
/** The camera is left to R for so long: what a camera needs that keeps a session until its usual timeout (RFC 2326 §12.37). */
export const GIVE_WAY_MS = 60_000;
/** It did not help: not again before this, doubled each time, for each time may cost a minute of footage. */
export const GIVE_WAY_AGAIN_MS = 600_000;
export const GIVE_WAY_AGAIN_MAX_MS = 7_200_000;
/** R records it for so long: it helped, and what comes later is another story. */
export const GAVE_WAY_WELL_MS = 10_000;

/** As far as its keep-alives tell R lacks this camera because it is recorded here. All streams of a camera go together. */
export function seemsShutOut({ state, at }: Pick<Draft, 'state' | 'at'>, stream: StreamRef): boolean {
  const key = keyOf(stream);
  const wanted = state.wanted[key];
  if (wanted?.covered !== true || state.heard[key]?.refusedSince === undefined) return false;
  const since = NAMES.map((name) => state.heard[keyOf({ ...stream, stream: name })]?.refusedSince ?? Infinity);
  const isLong = at - Math.max(Math.min(...since), wanted.since) >= REFUSED_MS;
  const before = state.gaveWay[key];
  return isLong && (before === undefined || at - before.at >= againAfter(before));
}

const NAMES = ['main', 'sub'] as const;
const againAfter = ({ times }: GaveWay): number =>
  Math.min(GIVE_WAY_AGAIN_MAX_MS, GIVE_WAY_AGAIN_MS * 2 ** Math.min(10, times - 1));

export function noteGaveWay(draft: Draft, streams: readonly StreamRef[]): void {
  const gaveWay: Record<StreamKey, GaveWay> = { ...draft.state.gaveWay };
  for (const stream of streams) {
    const key = keyOf(stream);
    gaveWay[key] = { at: draft.at, times: (gaveWay[key]?.times ?? 0) + 1 };
  }
  update(draft, { gaveWay });
}

/** It is R's turn, whatever R says of the camera; a volume of R that fails is another thing, and has a reason of its own. */
export function isLeftToR({ gaveWay }: State, stream: StreamRef, reason: CoverReason, at: MonotonicMs): boolean {
  if (reason !== 'stream-camera' && reason !== 'stream-stalled') return false;
  const gave = gaveWay[keyOf(stream)];
  return gave !== undefined && at - gave.at < GIVE_WAY_MS;
}

/** When R as a whole fails everything begins anew; so does a stream that R records again, or has no longer. */
export function forgetGaveWay(draft: Draft, isInTrouble: boolean): void {
  const { state, at } = draft;
  const kept = (Object.keys(state.gaveWay) as StreamKey[]).flatMap((key) => {
    const gave = state.gaveWay[key];
    const wellSince = state.heard[key]?.wellSince;
    const isDone = wellSince !== undefined && at - wellSince >= GAVE_WAY_WELL_MS;
    const isKnown = state.roster.some((stream) => keyOf(stream) === key);
    return gave === undefined || isInTrouble || isDone || !isKnown ? [] : [[key, gave] as const];
  });
  if (kept.length !== Object.keys(state.gaveWay).length) update(draft, { gaveWay: Object.fromEntries(kept) });
}

/** A pause of F counts against nobody. */
export const gaveWayLater = ({ gaveWay }: State, later: (moment: MonotonicMs) => MonotonicMs): State['gaveWay'] =>
  Object.fromEntries(Object.entries(gaveWay).map(([key, gave]) => [key, { ...gave, at: monotonicMs(later(gave.at)) }]));
