/**
 * What the fragment builder is given and what it gives: the seam between one session and everything that makes fragments of it.
 * Belongs here: those types. Does not: how fragments are made (fragment-builder.ts).
 */
import type { AccessUnitSink, AudioSink } from '../media/rtp/access-unit-sink.ts';
import type { AudioTrack, VideoCodec } from '../media/tracks.ts';
import type { Sequence } from './run-counter.ts';
import type { FinishedFragment, Origin, Segment } from './segment.ts';
import type { Slabs } from './slabs.ts';

export type LossCause = 'network-loss' | 'overload' | 'clock-stepped' | 'no-key-frame' | 'camera-stalled';
export type FragmentBuilderDeps = {
  readonly slabs: Pick<Slabs, 'take' | 'give'>;
  readonly sequence: Sequence;
  /** Read at the start of each segment. */
  readonly origin: () => Origin;
  readonly policy: () => { readonly fragmentMs: number; readonly segmentSeconds: number };
  readonly codec: VideoCodec;
  /** Of the session description; may be empty until they come in band. */
  readonly parameterSets: readonly Uint8Array[];
  readonly audio: AudioTrack | undefined;
  /** Wall microseconds of a timestamp of the picture and of the sound. */
  readonly videoWallUs: (timestamp: number) => number;
  readonly audioWallUs: (timestamp: number) => number;
  readonly clock: () => Segment['clock'];
  readonly previousChain: Uint8Array | undefined;
  readonly on: FragmentBuilderEvents;
};

export type FragmentBuilderEvents = {
  /** The block belongs to the listener. */
  readonly fragment: (fragment: FinishedFragment) => void;
  /** Wall microseconds, half open; `accessUnits` were dropped, `undefined` if nobody knows how many. */
  readonly lost: (startUs: number, endUs: number, cause: LossCause, accessUnits: number | undefined) => void;
  /** The first key frame of the session: recording begins. */
  readonly begun: (startUs: number) => void;
  /** Every recorded access unit: borrowed bytes with four-byte lengths. `timestamp` in ticks. */
  readonly accessUnit: (unit: AccessUnitView) => void;
};

/** Filled again for every access unit. */
export type AccessUnitView = {
  bytes: Uint8Array;
  start: number;
  end: number;
  timestamp: number;
  wallUs: number;
  key: boolean;
};

export type FragmentBuilder = {
  readonly video: AccessUnitSink;
  readonly audio: AudioSink;
  /** Packets are missing before what comes next. */
  readonly noteLoss: () => void;
  /** From the next access unit on timestamps stand for other wall times: the camera's clock jumped, or ours was set. */
  readonly newRun: (why: 'timestamps-jumped' | 'clock-stepped') => void;
  /** The next key frame begins a segment. */
  readonly newSegment: () => void;
  /** Ends the session: what is whole is handed out. Returns the wall microseconds up to which it is recorded. */
  readonly end: () => number | undefined;
  readonly segment: () => Segment | undefined;
  /** Wall microseconds at which the last recorded access unit ends; `undefined` before the first. */
  readonly recordedUntilUs: () => number | undefined;
  /** What has been collected since the last fragment, for a viewer who comes in between. */
  readonly pendingAccessUnits: () => PendingUnits;
  readonly chain: () => Uint8Array | undefined;
};
export type PendingUnits = {
  readonly bytes: Uint8Array;
  readonly sizes: Uint32Array;
  readonly timestamps: Float64Array;
  readonly count: number;
  readonly key: boolean;
};
