/**
 * What one step of the machine works on: the state so far and the effects in order. Lives inside one call of `step`.
 */
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import type { CoverReason, ReleaseWhy, StreamRef } from './cover-reasons.ts';
import type { IncidentChange } from './incident.ts';
import type { Effect, Policy, State } from './machine-types.ts';

export type Draft = {
  state: State;
  readonly effects: Effect[];
  readonly at: MonotonicMs;
  readonly wall: EpochMs;
  readonly policy: Policy;
};

export function update(draft: Draft, changes: Partial<State>): void {
  draft.state = { ...draft.state, ...changes };
}

export function log(draft: Draft, severity: 'info' | 'warning' | 'error', code: string, message: string): void {
  draft.effects.push({ kind: 'log', severity, code: `failover/${code}`, message });
}

/** Nothing if there is no incident. */
export function note(draft: Draft, change: ChangeWithoutIncident): void {
  const { incident } = draft.state;
  if (incident !== undefined)
    draft.effects.push({ kind: 'incident', change: { ...change, incident, at: draft.wall } as IncidentChange });
}
type Bare<T> = T extends unknown ? Omit<T, 'incident' | 'at'> : never;
export type ChangeWithoutIncident = Bare<IncidentChange>;

/** Why, as the middle of a sentence about the protected server. */
const WORDS: Readonly<Record<CoverReason, string>> = {
  'connection-lost': 'it broke off the connection without a goodbye',
  silent: 'it gives no sign of life',
  'keep-alives-stopped': 'its keep-alives stopped',
  'never-heard': 'it was not heard since this server started',
  shutdown: 'it was shut down',
  error: 'it ended with an error',
  'media-down': 'its recording process is down',
  'volumes-failed': 'none of its volumes can be written to',
  'nothing-recorded': 'none of its recordings advances',
  manual: 'somebody asked for the takeover',
  planned: 'it asked to be relieved before a planned stop',
  resumed: 'it was covered before this server was started again',
  'stream-stalled': 'the recording does not advance',
  'stream-volume': 'its volume cannot be written to',
  'stream-camera': 'it does not reach the camera',
};
export const wordsOf = (reason: CoverReason): string => WORDS[reason];

export function wordsOfRelease(why: ReleaseWhy, streams: readonly StreamRef[]): string {
  if (why === 'gave-way') {
    const cameras = [...new Set(streams.map(({ cameraId }) => cameraId))].join(', ');
    return `The server is well but gets no session of camera ${cameras}, which lets in one server only: this server stops recording it so that its own can.`;
  }
  const words = why === 'confirmed' ? 'The server records again' : `Covering ends (${why})`;
  return `${words}: ${streams.length} of its streams are no longer recorded here.`;
}
