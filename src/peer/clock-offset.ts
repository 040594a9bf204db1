/**
 * Round trip and clock offset from beats, as NTP reckons them (RFC 5905 §8): the echo says how long the other side held our
 * beat, so only the way counts. Pure. The median of the last samples stands against single delays on the way.
 */
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import type { PeerBeat } from '../wire/peer-protocol.ts';

/** Four seconds of beats: a step of a clock shows within two. */
export const MAX_SAMPLES = 15;
/** Beats of ours whose echo may still come; 16 s. */
export const MAX_BEATS_KEPT = 64;

type Sample = { readonly roundTripMs: number; readonly offsetMs: number };
export type ClockOffset = {
  readonly sent: readonly { readonly seq: number; readonly at: MonotonicMs }[];
  readonly samples: readonly Sample[];
};
export const initialClockOffset: ClockOffset = { sent: [], samples: [] };

export const beatSent = (state: ClockOffset, seq: number, at: MonotonicMs): ClockOffset => ({
  ...state,
  sent: [...state.sent, { seq, at }].slice(-MAX_BEATS_KEPT),
});

/** `at`, `wallAt`: when `beat` arrived here. An echo of a beat that was not sent, or answered before, changes nothing. */
export function beatHeard(state: ClockOffset, beat: PeerBeat, at: MonotonicMs, wallAt: EpochMs): ClockOffset {
  const { echo } = beat;
  const asked = echo && state.sent.find(({ seq }) => seq === echo.seq);
  if (echo === undefined || asked === undefined) return state;
  const roundTripMs = Math.max(0, at - asked.at - echo.heldMs);
  const sample: Sample = { roundTripMs, offsetMs: wallAt - roundTripMs / 2 - beat.at };
  return {
    sent: state.sent.filter(({ seq }) => seq > echo.seq),
    samples: [...state.samples, sample].slice(-MAX_SAMPLES),
  };
}

export const roundTripOf = ({ samples }: ClockOffset): number | undefined =>
  medianOf(samples.map(({ roundTripMs }) => roundTripMs));
/** Added to wall times of the other side to have ours. */
export const offsetOf = ({ samples }: ClockOffset): number | undefined =>
  medianOf(samples.map(({ offsetMs }) => offsetMs));

function medianOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
