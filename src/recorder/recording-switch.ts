/**
 * Which finished fragments of a stream go to the disk: recording is switched on and off in the middle of a session, so that
 * a stream that is watched, or covered for another server, is recorded without a new connection.
 *
 * Belongs here: which fragment is the first and the last one kept. Does not: gaps and states (camera-loop.ts), files
 * (write-queue.ts).
 *
 * Invariant: what is kept begins with the first fragment of a segment, and follows without a hole until the last one.
 */
import type { FragmentBuilder } from './fragment-builder-types.ts';
import type { FinishedFragment } from './segment.ts';

export type RecordingSwitch = {
  /** Recording is ordered. */
  readonly isOn: () => boolean;
  /** `goes-on`: it was switched off a moment ago and nothing was left out. */
  readonly turnOn: () => 'begins' | 'goes-on';
  /** `ended`: nothing was being recorded. With `ending`, `stopped` follows with the fragment in hand. */
  readonly turnOff: () => 'ending' | 'ended';
  /** The session delivered its first access unit, a key frame. */
  readonly sessionBegun: () => void;
  readonly sessionEnded: () => void;
  readonly take: (fragment: Pick<FinishedFragment, 'first' | 'startUs' | 'endUs'>) => 'kept' | 'last' | 'left-out';
  /** What is lost now is missing from what is recorded. */
  readonly books: () => boolean;
};
export type SwitchDeps = {
  readonly on: boolean;
  readonly builder: () => Pick<FragmentBuilder, 'newSegment' | 'recordedUntilUs'> | undefined;
  /** Wall microseconds: recording began in the middle of a session, or its last fragment is cut. */
  readonly started: (startUs: number) => void;
  readonly stopped: (endUs: number) => void;
};

export function createRecordingSwitch({ on, builder, started, stopped }: SwitchDeps): RecordingSwitch {
  /** `waiting`: for the next segment; `ending`: for the end of the fragment in hand. */
  let state: 'off' | 'waiting' | 'on' | 'ending' = on ? 'on' : 'off';
  /** Its builder has had access units: the next fragment may begin anywhere. */
  const isMidway = (): boolean => builder()?.recordedUntilUs() !== undefined;
  return {
    isOn: () => state === 'on' || state === 'waiting',
    turnOn: () => {
      const before = state;
      if (before === 'on' || before === 'waiting') return 'goes-on';
      state = 'on';
      if (before === 'ending') return 'goes-on';
      if (isMidway()) {
        state = 'waiting';
        builder()?.newSegment();
      }
      return 'begins';
    },
    turnOff: () => {
      if (state !== 'ending') state = state === 'on' && isMidway() ? 'ending' : 'off';
      return state === 'ending' ? 'ending' : 'ended';
    },
    sessionBegun: () => {
      if (state === 'waiting') state = 'on';
    },
    sessionEnded: () => {
      if (state === 'ending') state = 'off';
    },
    take: ({ first, startUs, endUs }) => {
      if (state === 'off' || (state === 'waiting' && !first)) return 'left-out';
      if (state === 'waiting') {
        state = 'on';
        started(startUs);
      }
      if (state === 'on') return 'kept';
      state = 'off';
      stopped(endUs);
      return 'last';
    },
    books: () => state === 'on' || state === 'ending',
  };
}
