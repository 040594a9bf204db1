/**
 * One RTSP session being recorded: connection, intake, time and fragment builder put together.
 * Belongs here: that wiring. Does not: what happens between sessions (camera-loop.ts).
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { Policy, ReadyTrack } from '../media/rtsp/client-state.ts';
import type { MediaEvent, StreamOrder } from '../wire/media-protocol.ts';
import { createFragmentBuilder } from './fragment-builder.ts';
import type { FragmentBuilder } from './fragment-builder-types.ts';
import type { LiveHub } from './live-hub.ts';
import { alsoLive } from './live-sound.ts';
import { audioTrackOf, createMediaIntake } from './media-intake.ts';
import type { Intake } from './media-intake.ts';
import { createSessionClock } from './session-clock.ts';
import type { RecordingSwitch } from './recording-switch.ts';
import type { Sequence } from './run-counter.ts';
import { openRtspConnection } from './rtsp-connection.ts';
import type { MediaIntake } from './rtsp-connection.ts';
import type { SocketDeps } from './rtsp-socket.ts';
import type { Origin } from './segment.ts';
import type { Slabs } from './slabs.ts';
import type { StreamCounter } from './stream-counter.ts';
import type { StreamQueue } from './write-queue.ts';

export type RecordingPolicy = { readonly fragmentMs: number; readonly segmentSeconds: number };
export type SessionDeps = SocketDeps & {
  readonly order: StreamOrder;
  readonly policy: Policy;
  readonly address: string;
  readonly clock: Clock;
  readonly slabs: Slabs;
  readonly sequence: Sequence;
  readonly queue: StreamQueue;
  readonly origin: () => Origin;
  readonly recording: () => RecordingPolicy;
  readonly counter: StreamCounter;
  readonly emit: (event: MediaEvent) => void;
  readonly hub: Pick<LiveHub, 'accessUnit' | 'isHeard' | 'soundFrame'>;
  readonly taking: Pick<RecordingSwitch, 'take' | 'books'>;
  readonly on: SessionEvents;
};
export type SessionEvents = {
  /** Set up, and held by order. */
  readonly ready: () => void;
  readonly playing: () => void;
  /** Wall milliseconds of the first access unit. */
  readonly begun: (start: number) => void;
  readonly remark: (message: string) => void;
};
/** `recordedUntil`: wall milliseconds; `undefined` if nothing was recorded. */
export type SessionEnd =
  | {
      readonly kind: 'failed';
      readonly cause: MissingCause;
      readonly message: string;
      readonly recordedUntil: number | undefined;
      readonly about?: 'credentials' | 'room';
    }
  | {
      readonly kind: 'restart';
      readonly transport: 'tcp' | 'udp';
      readonly message: string;
      readonly recordedUntil: number | undefined;
    }
  | { readonly kind: 'stopped'; readonly recordedUntil: number | undefined };
export type RecordingSession = {
  readonly ended: Promise<SessionEnd>;
  readonly stop: () => void;
  readonly setWatched: (watched: boolean) => void;
  /** Plays what was held, on the same connection. */
  readonly play: () => void;
  readonly builder: () => FragmentBuilder | undefined;
};

export function startRecordingSession(deps: SessionDeps): RecordingSession {
  const { promise, resolve } = Promise.withResolvers<SessionEnd>();
  const lostBefore = deps.counter.packetsLost;
  let builder: FragmentBuilder | undefined;
  let intake: Intake | undefined;

  const countLoss = (): void => {
    if (intake !== undefined) deps.counter.packetsLost = lostBefore + intake.packetsLost();
  };
  const connection = openRtspConnection({
    slots: deps.slots,
    readBuffer: deps.readBuffer,
    clock: deps.clock,
    policy: deps.policy,
    address: deps.address,
    fingerprint: deps.order.fingerprint,
    on: {
      connected: (certificate) => {
        if (certificate !== undefined && deps.order.fingerprint === undefined) {
          deps.on.remark(`The camera's certificate is not pinned yet; its SHA-256 is ${certificate}.`);
        }
      },
      prepare: (tracks, remarks) => {
        for (const remark of remarks) deps.on.remark(remark);
        const made = createPipeline(deps, tracks);
        builder = made.builder;
        intake = made.intake;
        return withCount(made.intake, countLoss);
      },
      standingBy: deps.on.ready,
      playing: deps.on.playing,
      ended: (end) => {
        countLoss();
        const until = builder?.end();
        deps.queue.endSegment();
        resolve({ ...end, recordedUntil: until === undefined ? undefined : Math.round(until / 1000) });
      },
    },
  });
  return {
    ended: promise,
    stop: connection.stop,
    setWatched: connection.setImmediate,
    play: connection.play,
    builder: () => builder,
  };
}

const withCount = (intake: Intake, count: () => void): MediaIntake => ({
  ...intake,
  report: (track) => {
    count();
    return intake.report(track);
  },
});

type Pipeline = { readonly builder: FragmentBuilder; readonly intake: Intake };

function createPipeline(deps: SessionDeps, tracks: readonly ReadyTrack[]): Pipeline {
  const times = createSessionClock(tracks.map(({ description }) => description.clockRate));
  const video = tracks.map(({ description }) => description).find((track) => track.kind === 'video');
  const sound = tracks.map(({ description }) => description).find((track) => track.kind === 'audio');
  const videoAt = tracks.findIndex(({ description }) => description.kind === 'video');
  const audioAt = tracks.findIndex(({ description }) => description.kind === 'audio');
  const builder: FragmentBuilder = createFragmentBuilder({
    slabs: deps.slabs,
    sequence: deps.sequence,
    origin: deps.origin,
    policy: deps.recording,
    codec: video?.codec ?? 'h264',
    parameterSets: video?.parameterSets ?? [],
    audio: sound === undefined ? undefined : audioTrackOf(sound),
    videoWallUs: (timestamp) => times.wallUs(videoAt, timestamp),
    audioWallUs: (timestamp) => times.wallUs(audioAt, timestamp),
    clock: times.kind,
    previousChain: undefined,
    on: builderEvents(deps, () => builder),
  });
  const intake = createMediaIntake({
    tracks,
    video: builder.video,
    audio: alsoLive(builder.audio, deps.hub, (timestamp) => times.wallUs(audioAt, timestamp)),
    lost: builder.noteLoss,
    newRun: builder.newRun,
    clockOf: times.trackClock,
    now: deps.clock.now,
    monotonic: deps.clock.monotonic,
    slabs: deps.slabs,
    ssrc: randomBytes(4).readUInt32BE(),
  });
  return { builder, intake };
}

/** What the builder of any stream tells: fragments to the disk, access units to viewers, losses to the ledger. */
export function builderEvents(
  deps: Pick<SessionDeps, 'counter' | 'order' | 'queue' | 'slabs' | 'hub' | 'emit' | 'on' | 'taking'>,
  builder: () => FragmentBuilder,
): Parameters<typeof createFragmentBuilder>[0]['on'] {
  const { counter, order, queue, slabs, hub, taking } = deps;
  return {
    fragment: (fragment) => {
      const taken = taking.take(fragment);
      if (taken === 'left-out') return slabs.give(fragment.block);
      queue.push(fragment);
      if (taken === 'last') queue.endSegment();
    },
    lost: (startUs, endUs, cause, accessUnits) => {
      if (!taking.books()) return;
      const { cameraId, stream } = order;
      const [start, end] = [Math.round(startUs / 1000), Math.round(endUs / 1000)];
      deps.emit({ kind: 'gap', cameraId, stream, start, end, cause, accessUnits, detail: '' });
    },
    begun: (startUs) => deps.on.begun(Math.round(startUs / 1000)),
    accessUnit: (unit) => {
      counter.accessUnits += 1;
      counter.bytes += unit.end - unit.start;
      const wallMs = unit.wallUs / 1000;
      counter.lastFrameAt = wallMs;
      const layout = builder().segment()?.layout;
      if (layout !== undefined) hub.accessUnit(unit, layout, wallMs);
    },
  };
}
