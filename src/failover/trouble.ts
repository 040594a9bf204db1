/**
 * Judgement: is the protected server in trouble, of what kind, and how long must that last before a takeover is declared.
 * Belongs here: reading the facts. Does not: collecting them (facts.ts), what follows (settle.ts).
 */
import { assertNever } from '../core/errors.ts';
import type { MonotonicMs } from '../core/units.ts';
import { keyOf } from './cover-reasons.ts';
import type { CoverReason } from './cover-reasons.ts';
import type { Heard, Policy, State } from './machine-types.ts';

/** Beats come but no keep-alive for so long: three of them are missing. Also the time to say hello and send the first one. */
export const KEEP_ALIVE_SUSPICION_MS = 3200;
/** To be heard for the first time after F started or began to watch: dialling backs off to a second. */
export const FIRST_CONTACT_MS = 3200;

export type Trouble = {
  readonly reason: CoverReason;
  readonly since: MonotonicMs;
  /** A takeover is declared at `since + timeoutMs`. */
  readonly timeoutMs: number;
};

/** Of a server that is not heard, or is gone: it is not counted on to have a session with any camera. */
const AWAY: ReadonlySet<CoverReason> = new Set([
  'connection-lost',
  'silent',
  'keep-alives-stopped',
  'never-heard',
  'shutdown',
  'error',
]);
export const isAway = ({ trouble }: Pick<State, 'trouble'>): boolean => trouble !== undefined && AWAY.has(trouble);

/** Of the server as a whole. */
export function troubleOf(state: State, at: MonotonicMs, policy: Policy): Trouble | undefined {
  const { link } = state;
  switch (link.kind) {
    case 'never':
      return neverHeard(state, at, policy);
    case 'connected':
    case 'started':
      return troubleAtStart(state, at, policy);
    case 'alive':
      return troubleAlive(state, at, policy);
    case 'leaving':
      return troubleLeaving(state, at, policy);
    case 'down':
      return endedTrouble(link.ending === 'normal' ? 'shutdown' : 'connection-lost', link.since, policy);
    default:
      return assertNever(link);
  }
}

function neverHeard(state: State, at: MonotonicMs, policy: Policy): Trouble | undefined {
  const { since } = state.link;
  if (at < state.graceUntil || at - since <= FIRST_CONTACT_MS) return undefined;
  return { reason: 'never-heard', since, timeoutMs: policy.timeouts.abnormalShutdown };
}

/** Connected, but not through its start-up. */
function troubleAtStart(state: State, at: MonotonicMs, policy: Policy): Trouble | undefined {
  const { kind, since } = state.link;
  if (at < state.graceUntil) return undefined;
  const timeoutMs = policy.timeouts[kind === 'started' ? 'started' : 'connected'];
  if (isSilent(state, at, policy)) return { reason: 'silent', since, timeoutMs };
  return at - since > KEEP_ALIVE_SUSPICION_MS ? { reason: 'keep-alives-stopped', since, timeoutMs } : undefined;
}

/** After a goodbye it still records until its connection ends or it falls silent. */
function troubleLeaving(state: State, at: MonotonicMs, policy: Policy): Trouble | undefined {
  const { link } = state;
  if (link.kind !== 'leaving') return undefined;
  if (link.ending === 'abnormal') return endedTrouble('error', link.since, policy);
  if (at < state.graceUntil || !isSilent(state, at, policy)) return undefined;
  return endedTrouble('shutdown', link.since, policy);
}

function endedTrouble(reason: 'shutdown' | 'error' | 'connection-lost', since: MonotonicMs, policy: Policy): Trouble {
  const { normalShutdown, abnormalShutdown } = policy.timeouts;
  return { reason, since, timeoutMs: reason === 'shutdown' ? normalShutdown : abnormalShutdown };
}

function troubleAlive(state: State, at: MonotonicMs, policy: Policy): Trouble | undefined {
  const { keepAlive, abnormalShutdown } = policy.timeouts;
  if (at >= state.graceUntil) {
    if (isSilent(state, at, policy)) return { reason: 'silent', since: state.lastSign, timeoutMs: keepAlive };
    if (at - state.link.since > KEEP_ALIVE_SUSPICION_MS)
      return { reason: 'keep-alives-stopped', since: state.link.since, timeoutMs: keepAlive };
  }
  const reason = failingReasonOf(state, at, policy);
  if (reason === undefined) return undefined;
  return { reason, since: state.failingSince ?? at, timeoutMs: abnormalShutdown };
}

const isSilent = ({ lastSign }: State, at: MonotonicMs, policy: Policy): boolean => at - lastSign > policy.suspicionMs;

/** Talking, and yet recording nothing, for a reason of its own. */
export function failingReasonOf(state: State, at: MonotonicMs, policy: Policy): CoverReason | undefined {
  if (state.mediaDown) return 'media-down';
  if (state.volumesFailed) return 'volumes-failed';
  let hasOwnFault = false;
  for (const stream of state.roster) {
    const heard = state.heard[keyOf(stream)];
    if (heard === undefined) continue;
    const reason = streamTroubleOf(heard, at, policy);
    if (reason === undefined) return undefined;
    if (reason !== 'stream-camera') hasOwnFault = true;
  }
  return hasOwnFault ? 'nothing-recorded' : undefined;
}

/** Of one stream of a server that is otherwise well. */
export function streamTroubleOf(heard: Heard, at: MonotonicMs, policy: Policy): CoverReason | undefined {
  if (!heard.recording && heard.cause !== undefined) {
    if (heard.cause.startsWith('camera-')) return 'stream-camera';
    if (heard.cause.startsWith('volume-')) return 'stream-volume';
  }
  return at - heard.progressAt > policy.progressMs ? 'stream-stalled' : undefined;
}

/** Its footage grows, as far as the last keep-alive tells: worth asking it to confirm. */
export const isProgressing = (heard: Heard | undefined, at: MonotonicMs, policy: Policy): boolean =>
  heard !== undefined && heard.recording && streamTroubleOf(heard, at, policy) === undefined;
