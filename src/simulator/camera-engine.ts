/**
 * The heart of one simulated camera: on one timer it turns time into packets of both streams, applies the faults that concern
 * packets, and hands each burst once to everyone who plays. Knows no sockets.
 *
 * Invariants: the counter is a function of the clock alone; every listener of a stream is handed the same packets.
 */
import type { Cancel, Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { EpochMs } from '../core/units.ts';
import { audioIndexAt, counterAt, frameMsOf, ticksPerFrameOf } from './camera-model.ts';
import { faultOf, healthy, withFault } from './faults.ts';
import type { Fault, FaultState } from './faults.ts';
import { createRandom, disturb, skipped, withoutFault, worn } from './packet-faults.ts';
import type { CameraClips, StreamPath } from './simulated-camera.ts';
import { createStreamSource } from './stream-source.ts';
import type { CachedUnit, StreamSource, TrackIndex } from './stream-source.ts';
import type { Random } from './packet-faults.ts';
import { createThrottle } from './throttle.ts';
import type { Throttle } from './throttle.ts';

/** Gets what a client of this stream is sent. */
export type Listener = {
  /** `counter` is undefined for audio. */
  readonly burst: (
    track: TrackIndex,
    unit: Omit<CachedUnit, 'counter'> & { readonly counter: number | undefined },
  ) => void;
  readonly report: (track: TrackIndex, packet: Uint8Array) => void;
};

export type CameraEngine = Running & {
  readonly origin: EpochMs;
  readonly clips: CameraClips;
  readonly position: () => number;
  readonly elapsed: () => number;
  readonly sourceOf: (stream: StreamPath) => StreamSource;
  readonly faultNow: <Kind extends Fault['kind']>(kind: Kind) => Extract<Fault, { readonly kind: Kind }> | undefined;
  /** Orders that concern packets are carried out here; all are remembered. */
  readonly order: (fault: Fault) => void;
  /** The next picture is a key frame, if the camera makes them on request. */
  readonly requestKeyFrame: (stream: StreamPath) => void;
  /** From the next key frame, or with the current group of pictures at once. */
  readonly listen: (stream: StreamPath, start: 'cached' | 'next-key-frame', listener: Listener) => Cancel;
};

export type EngineOptions = {
  readonly id: string;
  readonly clips: CameraClips;
  readonly clock: Clock;
  readonly seed: number;
  readonly firstTimestamp: number | undefined;
  readonly keyFramesOnRequest: boolean;
};

/** Sender reports a track, RFC 3550 §6.2 minimum. */
const REPORT_EVERY_MS = 5000;
/** Cameras of one process do not all send their key frames at once: the origin of each lies up to this long in the past. */
const MAX_HEAD_START_MS = 10_000;
/** `timestamp-wrap`: sequence numbers wrap after this many packets. */
const PACKETS_TO_WRAP = 50;

type StreamRun = {
  readonly path: StreamPath;
  readonly source: StreamSource;
  readonly listeners: Map<Listener, { waitsForKey: boolean }>;
  readonly throttle: Throttle;
  nextCounter: number;
  nextAudio: number;
  sentPackets: number;
  reportDue: number;
};

/** All that changes while a camera runs. */
type EngineState = {
  readonly clock: Clock;
  readonly clips: CameraClips;
  readonly random: Random;
  readonly origin: EpochMs;
  /** Monotonic milliseconds of the origin. */
  readonly started: number;
  readonly runs: Readonly<Record<StreamPath, StreamRun>>;
  faults: FaultState;
  cancel: Cancel;
  stopped: boolean;
};

export function startCameraEngine(options: EngineOptions): CameraEngine {
  const { clips, clock, seed } = options;
  const random = createRandom(seed);
  const headStart = Math.floor(random() * MAX_HEAD_START_MS);
  const origin = epochMs(clock.now() - headStart);
  const runOf = (path: StreamPath): StreamRun => createRun(options, path, { random, headStart, origin });
  const state: EngineState = {
    clock,
    clips,
    random,
    origin,
    started: clock.monotonic() - headStart,
    runs: { main: runOf('main'), sub: runOf('sub') },
    faults: healthy,
    cancel: () => undefined,
    stopped: false,
  };
  tick(state);
  return {
    origin,
    clips,
    position: () => counterAt(clips.main, elapsedOf(state)),
    elapsed: () => elapsedOf(state),
    sourceOf: (stream) => state.runs[stream].source,
    faultNow: (kind) => faultOf(state.faults, kind, clock.monotonic()),
    order: (fault) => {
      state.faults = withFault(state.faults, fault, clock.monotonic());
      perform(state, fault);
    },
    requestKeyFrame: (stream) => {
      const { source, nextCounter } = state.runs[stream];
      if (options.keyFramesOnRequest) source.keyFrameAt(nextCounter);
    },
    listen: (stream, start, listener) => listen(state, state.runs[stream], start, listener),
    stop: async () => {
      state.stopped = true;
      state.cancel();
    },
  };
}

type RunStart = { readonly random: Random; readonly headStart: number; readonly origin: EpochMs };

function createRun(options: EngineOptions, path: StreamPath, { random, headStart, origin }: RunStart): StreamRun {
  const { id, clips, firstTimestamp } = options;
  const counter = counterAt(clips[path], headStart);
  const ticksBefore = counter * ticksPerFrameOf(clips[path]);
  return {
    path,
    source: createStreamSource({
      model: { cameraId: id, stream: path, origin },
      clip: clips[path],
      audio: clips.audio,
      random,
      firstTimestamp: firstTimestamp === undefined ? undefined : firstTimestamp - ticksBefore,
    }),
    listeners: new Map(),
    throttle: createThrottle(),
    nextCounter: counter,
    nextAudio: clips.audio === undefined ? 0 : audioIndexAt(clips.audio, headStart),
    sentPackets: 0,
    reportDue: 0,
  };
}

const elapsedOf = ({ clock, started }: EngineState): number => clock.monotonic() - started;
const isOn = (state: EngineState, kind: Fault['kind']): boolean =>
  faultOf(state.faults, kind, state.clock.monotonic()) !== undefined;
const narrowness = ({ faults, clock }: EngineState): number | undefined =>
  faultOf(faults, 'slow', clock.monotonic())?.bytesPerSecond;

function tick(state: EngineState): void {
  if (state.stopped) return;
  const now = elapsedOf(state);
  advance(state, state.runs.main, now);
  advance(state, state.runs.sub, now);
  const { main } = state.clips;
  const due = (counterAt(main, elapsedOf(state)) + 1) * frameMsOf(main) - elapsedOf(state);
  state.cancel = state.clock.after(durationMs(Math.max(0, due)), () => tick(state));
}

function advance(state: EngineState, run: StreamRun, now: number): void {
  const { clips, clock } = state;
  run.throttle.drain(clock.monotonic(), narrowness(state));
  const last = counterAt(clips[run.path], now);
  for (; run.nextCounter <= last; run.nextCounter += 1) sendVideo(state, run, run.nextCounter);
  const lastAudio = clips.audio === undefined ? -1 : audioIndexAt(clips.audio, now);
  for (; run.nextAudio <= lastAudio; run.nextAudio += 1) sendAudio(state, run, run.nextAudio);
  if (now < run.reportDue) return;
  run.reportDue = now + REPORT_EVERY_MS;
  for (const listener of run.listeners.keys()) report(state, run, listener);
}

function sendVideo(state: EngineState, run: StreamRun, counter: number): void {
  const at = state.clock.monotonic();
  if (isOn(state, 'stall') || isOn(state, 'no-video') || isSkipped(state, run)) return;
  if (isOn(state, 'no-key-frame') && run.source.isKey(counter)) return;
  const { key, packets } = run.source.videoPackets(counter);
  const isMain = run.path === 'main';
  const faults = isMain ? state.faults : withoutFault(state.faults, 'drop-next');
  const burst = disturb(packets, { state: faults, at, random: state.random, sent: run.sentPackets });
  if (isMain) state.faults = worn(state.faults, packets.length, at);
  run.sentPackets += packets.length;
  const size = burst.packets.reduce((sum, packet) => sum + packet.length, 0);
  run.throttle.push(narrowness(state), at, size, () => handOut(state, run, key, { counter, ...burst }));
}

/** `skip-next` concerns the main stream alone, and wears off. */
function isSkipped(state: EngineState, run: StreamRun): boolean {
  const at = state.clock.monotonic();
  const skip = run.path === 'main' ? faultOf(state.faults, 'skip-next', at) : undefined;
  if (skip === undefined) return false;
  state.faults = skipped(state.faults, skip.accessUnits, at);
  return true;
}

function handOut(state: EngineState, run: StreamRun, key: boolean, unit: CachedUnit): void {
  run.source.cache(key, unit);
  // A client that waits for a key frame must see the camera that sends none by order.
  const opens = key || isOn(state, 'no-key-frame');
  for (const [listener, waiting] of run.listeners) {
    if (opens) waiting.waitsForKey = false;
    if (!waiting.waitsForKey) listener.burst(0, unit);
  }
}

function sendAudio(state: EngineState, run: StreamRun, index: number): void {
  if (isOn(state, 'stall') || isOn(state, 'no-audio')) return;
  const faults = withoutFault(state.faults, 'drop-next');
  const burst = disturb(run.source.audioPackets(index), {
    state: faults,
    at: state.clock.monotonic(),
    random: state.random,
    sent: run.sentPackets,
  });
  for (const [listener, { waitsForKey }] of run.listeners) {
    if (!waitsForKey) listener.burst(1, { counter: undefined, ...burst });
  }
}

function report(state: EngineState, { source }: StreamRun, listener: Listener): void {
  if (isOn(state, 'no-sender-reports') || isOn(state, 'stall')) return;
  const now = elapsedOf(state);
  listener.report(0, source.senderReport(0, state.origin + now, now));
  if (state.clips.audio !== undefined) listener.report(1, source.senderReport(1, state.origin + now, now));
}

function listen(state: EngineState, run: StreamRun, start: 'cached' | 'next-key-frame', listener: Listener): Cancel {
  report(state, run, listener);
  const cached = start === 'cached' ? run.source.cached() : [];
  for (const unit of cached) listener.burst(0, unit);
  run.listeners.set(listener, { waitsForKey: cached.length === 0 });
  return () => void run.listeners.delete(listener);
}

function perform(state: EngineState, fault: Fault): void {
  const { main, sub } = state.runs;
  if (fault.kind === 'resolution') {
    main.source.changeClip(fault.variant === 'other' ? state.clips.other : state.clips.main);
  }
  if (fault.kind === 'timestamp-jump') for (const { source } of [main, sub]) source.jump(fault.seconds);
  if (fault.kind !== 'timestamp-wrap' && fault.kind !== 'reboot') return;
  const elapsed = elapsedOf(state);
  for (const { source } of [main, sub]) {
    const numbers =
      fault.kind === 'reboot'
        ? { timestamp: Math.floor(state.random() * 0x8000_0000), sequence: Math.floor(state.random() * 0x8000) }
        : { timestamp: 0x1_0000_0000 - fault.seconds * 90_000, sequence: 0x1_0000 - PACKETS_TO_WRAP };
    source.restart({ elapsed, ...numbers });
  }
}
