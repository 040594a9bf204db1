/**
 * What is heard from and about the protected server, put down in the state. No conclusions: those are trouble.ts and settle.ts.
 */
import { assertNever } from '../core/errors.ts';
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import type { PeerGoodbye, StreamProgress } from '../wire/peer-protocol.ts';
import { keyOf } from './cover-reasons.ts';
import type { StreamKey } from './cover-reasons.ts';
import { log, note, update } from './draft.ts';
import type { Draft } from './draft.ts';
import { gaveWayLater } from './give-way.ts';
import type { Event, Heard, Link, Report, State } from './machine-types.ts';
import { FIRST_CONTACT_MS, failingReasonOf, isProgressing } from './trouble.ts';

/** Ticks later than this mean that F itself did not run; the time is not held against R. */
export const FORGIVE_FROM_MS = 100;
/** After a longer pause of F, what lies in its sockets is read before silence is judged. */
export const GRACE_FROM_MS = 500;
export const GRACE_MS = 500;
/** Streams of one server that are looked at: 128 cameras with two each, and room for a newer version. */
export const MAX_STREAMS = 512;

type Of<Kind extends Event['kind']> = Extract<Event, { readonly kind: Kind }>;
export type LinkEvent = Of<
  'connected' | 'hello' | 'beat' | 'keep-alive' | 'goodbye' | 'disconnected' | 'tick' | 'key-changed'
>;

export function applyLinkEvent(draft: Draft, event: LinkEvent): void {
  const { at } = draft;
  switch (event.kind) {
    case 'connected':
      return heardFrom(draft, { kind: 'connected', since: at });
    case 'hello':
      return applyHello(draft, event.instance);
    case 'beat':
      return heardFrom(draft, isOver(draft.state.link) ? { kind: 'connected', since: at } : draft.state.link);
    case 'keep-alive':
      heardFrom(draft, draft.state.link.kind === 'leaving' ? draft.state.link : { kind: 'alive', since: at });
      return applyReport(draft, event.report);
    case 'goodbye':
      return applyGoodbye(draft, event.reason, event.message);
    case 'disconnected':
      return applyDisconnected(draft, event.by);
    case 'tick':
      return forgive(draft, event.loopDelayMs);
    case 'key-changed':
      note(draft, { kind: 'remark', message: 'Another key answers at its address.' });
      return log(
        draft,
        'error',
        'key-changed',
        'Another key than the pinned one answers at the address of this server. It is not trusted; if the server was set up anew, authorize it again.',
      );
    default:
      return assertNever(event);
  }
}

const isOver = (link: Link): boolean => link.kind === 'never' || link.kind === 'down';

function heardFrom(draft: Draft, link: Link): void {
  const isBack = isOver(draft.state.link) || draft.state.watching === 'refused';
  update(draft, { link, lastSign: draft.at, lastSignWall: draft.wall, graceUsed: false });
  if (!isBack) return;
  if (draft.state.watching === 'refused') update(draft, { watching: 'on' });
  note(draft, { kind: 'server-back' });
  log(draft, 'info', 'connected', 'The server is connected.');
}

function applyHello(draft: Draft, instance: string): void {
  const isNewRun = draft.state.instance !== instance;
  heardFrom(draft, { kind: 'started', since: draft.at });
  // What a former run said of its streams, or meant to do, tells nothing of this one.
  update(
    draft,
    isNewRun ? { instance, heard: {}, mediaDown: false, volumesFailed: false, planned: undefined } : { instance },
  );
}

function applyReport(draft: Draft, report: Report): void {
  const { state, at, policy } = draft;
  const heard: Record<StreamKey, Heard> = {};
  for (const progress of report.streams.slice(0, MAX_STREAMS)) {
    const key = keyOf(progress);
    heard[key] = heardOf(progress, state.heard[key], draft);
  }
  update(draft, {
    heard,
    mediaDown: report.media === 'down',
    volumesFailed: report.volumes.length > 0 && report.volumes.every(({ cause }) => cause !== undefined),
  });
  const isFailing = failingReasonOf(draft.state, at, policy) !== undefined;
  update(draft, { failingSince: isFailing ? (state.failingSince ?? at) : undefined });
}

function heardOf(progress: StreamProgress, before: Heard | undefined, { at, policy }: Draft): Heard {
  const { state, idleMs } = progress;
  const progressAt = Number.isFinite(idleMs) ? monotonicMs(at - Math.max(0, idleMs ?? 0)) : (before?.progressAt ?? at);
  const recording = state === 'recording';
  const cause = causeOf(progress, before);
  const isRefused = cause === 'camera-refused' && !recording;
  const refusedSince = before?.refusedSince ?? at;
  const heard = {
    recording,
    cause,
    progressAt,
    wellSince: undefined,
    refusedSince: isRefused ? refusedSince : undefined,
  };
  const isWell = isProgressing(heard, at, policy);
  return isWell ? { ...heard, wellSince: before?.wellSince ?? at } : heard;
}

/** While R connects to a camera anew, what its last attempt met still holds. */
function causeOf({ state, cause }: StreamProgress, before: Heard | undefined): Heard['cause'] {
  if (state !== 'waiting' || cause !== undefined) return cause;
  return before?.cause?.startsWith('camera-') === true ? before.cause : undefined;
}

function applyGoodbye(draft: Draft, reason: PeerGoodbye['reason'], message: string): void {
  const { at } = draft;
  const words = message === '' ? '' : ` (${message.slice(0, 200)})`;
  switch (reason) {
    case 'shutdown':
    case 'restart':
    case 'update':
      update(draft, { link: { kind: 'leaving', since: at, ending: 'normal' } });
      return log(draft, 'info', 'goodbye', `The server says goodbye: ${reason}${words}.`);
    case 'error':
      update(draft, { link: { kind: 'leaving', since: at, ending: 'abnormal' } });
      return log(draft, 'warning', 'goodbye', `The server ends with an error${words}.`);
    case 'deauthorized':
    case 'replaced':
      update(draft, { watching: 'deauthorized' });
      return log(draft, 'warning', reason, `The server is no longer protected by this one: ${reason}${words}.`);
    case 'refused':
      update(draft, { watching: 'refused' });
      return log(draft, 'error', 'refused', `The server refuses the connection, so it is not protected${words}.`);
    default:
      return assertNever(reason);
  }
}

function applyDisconnected(draft: Draft, by: 'peer' | 'silence'): void {
  const { link } = draft.state;
  if (link.kind === 'leaving')
    return update(draft, { link: { kind: 'down', since: draft.at, ending: link.ending }, planned: undefined });
  // Given up because it was silent: it is judged by that silence, which goes on.
  if (by === 'silence' || isOver(link)) return;
  update(draft, { link: { kind: 'down', since: draft.at, ending: 'abnormal' }, planned: undefined });
}

/** Time in which F did not run counts against nobody: everything that is measured from begins later by so much. */
function forgive(draft: Draft, delayMs: number): void {
  if (!(delayMs > FORGIVE_FROM_MS)) return;
  const { state, at } = draft;
  // A server that paused at the same time answers truthfully about footage from before: it must be seen recording anew.
  const isLong = delayMs >= GRACE_FROM_MS;
  const later = (moment: MonotonicMs): MonotonicMs => monotonicMs(Math.min(at, moment + delayMs));
  const heard: Record<StreamKey, Heard> = {};
  for (const key of Object.keys(state.heard) as StreamKey[]) {
    const entry = state.heard[key];
    if (entry === undefined) continue;
    heard[key] = {
      ...entry,
      progressAt: later(entry.progressAt),
      wellSince: isLong ? undefined : entry.wellSince,
      refusedSince: entry.refusedSince === undefined ? undefined : later(entry.refusedSince),
    };
  }
  const hasGrace = isLong && !state.graceUsed;
  update(draft, {
    link: { ...state.link, since: later(state.link.since) },
    lastSign: later(state.lastSign),
    failingSince: state.failingSince === undefined ? undefined : later(state.failingSince),
    heard,
    gaveWay: gaveWayLater(state, later),
    ...(hasGrace && { graceUntil: monotonicMs(at + GRACE_MS), graceUsed: true }),
  });
}

/** Watching begins, again or for the first time: everything heard before is too old to conclude from. */
export function beginWatching(state: State, at: MonotonicMs): State {
  const link: Link = state.link.kind === 'alive' ? state.link : { kind: 'never', since: at };
  return {
    ...state,
    watching: 'on',
    link,
    lastSign: at,
    graceUntil: monotonicMs(at + FIRST_CONTACT_MS),
    graceUsed: false,
    failingSince: undefined,
  };
}
