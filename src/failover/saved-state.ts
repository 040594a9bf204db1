/**
 * The machine over a restart of the failover server: what is kept on disk, and how it goes on. Monotonic times mean nothing in
 * another process, so timers are kept as the time they had run; the time in which F itself was down counts for none of them,
 * whatever the wall clock says meanwhile.
 */
import { z } from 'zod';
import { isCameraId, isServerId } from '../core/ids.ts';
import { epochMs, monotonicMs } from '../core/units.ts';
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import { COVER_REASONS, keyOf } from './cover-reasons.ts';
import type { StreamKey, StreamRef } from './cover-reasons.ts';
import { MAX_STREAMS } from './facts.ts';
import { initialState } from './machine.ts';
import type { Effect, Link, State, Step, Wanted } from './machine-types.ts';
import { FLAP_FAILURES, MAX_RESTORING } from './settle.ts';

const ms = z.number().min(0);
const streamRef = { cameraId: z.string().refine(isCameraId), stream: z.enum(['main', 'sub']) };

/** One protected server in the file that the watch service keeps. */
export const savedStateSchema = z.strictObject({
  serverId: z.string().refine(isServerId),
  watching: z.enum(['on', 'disabled', 'deauthorized', 'refused']),
  /** How it had gone when it was gone, and how long that timer had run. */
  gone: z.strictObject({ ending: z.enum(['normal', 'abnormal']), ranMs: ms }).optional(),
  roster: z.array(z.strictObject(streamRef)).max(MAX_STREAMS),
  wanted: z
    .array(z.strictObject({ ...streamRef, reason: z.enum(COVER_REASONS), sinceWall: z.number(), lostFrom: z.number() }))
    .max(MAX_STREAMS),
  asks: z.number().int().min(0),
  takeover: z.strictObject({ by: z.enum(['automatic', 'manual']), sinceWall: z.number(), ranMs: ms }).optional(),
  restoreAsked: z.boolean(),
  abandoned: z.boolean(),
  failuresAgo: z.array(ms).max(FLAP_FAILURES),
  holdDown: z.boolean(),
  incident: z.string().max(64).optional(),
  restoring: z.array(z.string().max(64)).max(MAX_RESTORING),
});
export type SavedState = z.infer<typeof savedStateSchema>;

/** Whether saving again would change more than how long timers ran. */
export function needsSaving(before: State, now: State): boolean {
  return (
    before.watching !== now.watching ||
    before.link.kind !== now.link.kind ||
    before.roster !== now.roster ||
    before.wanted !== now.wanted ||
    before.takeover !== now.takeover ||
    before.restoreAsked !== now.restoreAsked ||
    before.abandoned !== now.abandoned ||
    before.holdDown !== now.holdDown ||
    before.failures.length !== now.failures.length ||
    before.incident !== now.incident ||
    before.restoring !== now.restoring
  );
}

/** Saved before the effects of a step are carried out. */
export function savedOf(state: State, at: MonotonicMs): SavedState {
  const { link, takeover } = state;
  const ranSince = (since: MonotonicMs): number => Math.max(0, at - since);
  return {
    serverId: state.serverId,
    watching: state.watching,
    ...((link.kind === 'down' || link.kind === 'leaving') && {
      gone: { ending: link.ending, ranMs: link.kind === 'down' ? ranSince(link.since) : 0 },
    }),
    roster: [...state.roster],
    wanted: Object.values(state.wanted).map(({ stream, reason, sinceWall, lostFrom }) => ({
      ...stream,
      reason,
      sinceWall,
      lostFrom,
    })),
    asks: state.asks,
    ...(takeover !== undefined && {
      takeover: { by: takeover.by, sinceWall: takeover.sinceWall, ranMs: ranSince(takeover.since) },
    }),
    restoreAsked: state.restoreAsked,
    abandoned: state.abandoned,
    failuresAgo: state.failures.map(ranSince),
    holdDown: state.holdDown,
    ...(state.incident !== undefined && { incident: state.incident }),
    restoring: [...state.restoring],
  };
}

/** Goes on where it stopped: what was covered is covered again at once, before anybody was heard. */
export function resume(saved: SavedState, at: MonotonicMs, wall: EpochMs): Step {
  const state: State = {
    ...initialState(saved.serverId, at, wall),
    watching: saved.watching,
    link: linkOf(saved, at),
    roster: saved.roster,
    wanted: wantedOf(saved, at),
    // Answers to questions of the run before match no question of this one.
    asks: saved.asks + 1,
    takeover: saved.takeover && {
      by: saved.takeover.by,
      since: monotonicMs(at - saved.takeover.ranMs),
      sinceWall: epochMs(saved.takeover.sinceWall),
    },
    restoreAsked: saved.restoreAsked,
    abandoned: saved.abandoned,
    failures: saved.failuresAgo.map((ago) => monotonicMs(at - ago)),
    holdDown: saved.holdDown,
    incident: saved.incident,
    restoring: saved.restoring,
  };
  return { state, effects: effectsOf(state, wall) };
}

function linkOf({ gone }: SavedState, at: MonotonicMs): Link {
  if (gone === undefined) return { kind: 'never', since: at };
  return { kind: 'down', since: monotonicMs(at - gone.ranMs), ending: gone.ending };
}

function wantedOf({ wanted }: SavedState, at: MonotonicMs): State['wanted'] {
  const result: Record<StreamKey, Wanted> = {};
  for (const { cameraId, stream, reason, sinceWall, lostFrom } of wanted) {
    const ref: StreamRef = { cameraId, stream };
    result[keyOf(ref)] = {
      stream: ref,
      reason,
      since: at,
      sinceWall: epochMs(sinceWall),
      lostFrom: epochMs(lostFrom),
      covered: false,
    };
  }
  return result;
}

function effectsOf(state: State, wall: EpochMs): readonly Effect[] {
  const streams = Object.values(state.wanted).map(({ stream }) => stream);
  if (streams.length === 0) return [];
  const message = `This server was started again while it covered: ${streams.length} streams are covered on.`;
  const remark = { kind: 'remark', message } as const;
  return [
    { kind: 'cover', streams, reason: 'resumed', everything: streams.length >= state.roster.length },
    { kind: 'log', severity: 'warning', code: 'failover/resumed', message },
    ...(state.incident === undefined
      ? []
      : [{ kind: 'incident', change: { ...remark, incident: state.incident, at: wall } } as const]),
  ];
}
