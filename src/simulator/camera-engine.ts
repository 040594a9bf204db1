/**
 * The heart of one simulated camera: on one timer it turns time into packets of both streams, applies the faults that concern
 * packets, and hands each burst once to everyone who plays. Knows no sockets.
 *
 * Invariant: the counter is a function of the clock alone; every listener of a stream is handed the same packets.
 */
import type { Cancel, Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { EpochMs } from '../core/units.ts';
import { audioIndexAt, counterAt, frameMsOf, isKeyAt } from './camera-model.ts';
import { faultOf, healthy, withFault } from './faults.ts';
import type { Fault, FaultState } from './faults.ts';
import { createRandom, disturb, skipped, withoutFault, worn } from './packet-faults.ts';
import type { CameraClips, StreamPath } from './simulator.ts';
import { createStreamSource } from './stream-source.ts';
import type { CachedUnit, StreamSource, TrackIndex } from './stream-source.ts';
import { createThrottle } from './throttle.ts';

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
  readonly faults: () => FaultState;
  readonly faultNow: <Kind extends Fault['kind']>(kind: Kind) => Extract<Fault, { readonly kind: Kind }> | undefined;
  /** Orders that concern packets are carried out here; all are remembered. */
  readonly order: (fault: Fault) => void;
  /** From the next key frame, or with the current group of pictures at once. */
  readonly listen: (stream: StreamPath, start: 'cached' | 'next-key-frame', listener: Listener) => Cancel;
};

export type EngineOptions = {
  readonly id: string;
  readonly clips: CameraClips;
  readonly clock: Clock;
  readonly seed: number;
  readonly firstTimestamp: number | undefined;
};

/** Sender reports a track, RFC 3550 §6.2 minimum. */
const REPORT_EVERY_MS = 5000;
/** Cameras of one process do not all send their key frames at once: the origin of each lies up to this long in the past. */
const MAX_HEAD_START_MS = 10_000;

type StreamRun = {
  readonly path: StreamPath;
  readonly source: StreamSource;
  readonly listeners: Map<Listener, { waitsForKey: boolean }>;
  readonly throttle: ReturnType<typeof createThrottle>;
  nextCounter: number;
  nextAudio: number;
  sentPackets: number;
  reportDue: number;
};

export function startCameraEngine({ id, clips, clock, seed, firstTimestamp }: EngineOptions): CameraEngine {
  const random = createRandom(seed);
  const headStart = Math.floor(random() * MAX_HEAD_START_MS);
  const origin = epochMs(clock.now() - headStart);
  const started = clock.monotonic() - headStart;
  const elapsed = (): number => clock.monotonic() - started;
  const frameMs = frameMsOf(clips.main);
  let faults: FaultState = healthy;
  let stopped = false;
  let cancel: Cancel = () => undefined;

  const runOf = (path: StreamPath): StreamRun => ({
    path,
    source: createStreamSource({
      model: { cameraId: id, stream: path, origin },
      clip: clips[path],
      audio: clips.audio,
      random,
      firstTimestamp:
        firstTimestamp === undefined ? undefined : firstTimestamp - counterAt(clips[path], headStart) * 90 * frameMs,
    }),
    listeners: new Map(),
    throttle: createThrottle(),
    nextCounter: counterAt(clips[path], headStart),
    nextAudio: clips.audio === undefined ? 0 : audioIndexAt(clips.audio, headStart),
    sentPackets: 0,
    reportDue: 0,
  });
  const runs = { main: runOf('main'), sub: runOf('sub') } as const;
  const faultNow: CameraEngine['faultNow'] = (kind) => faultOf(faults, kind, clock.monotonic());

  const handOut = (run: StreamRun, key: boolean, unit: CachedUnit): void => {
    run.source.cache(key, unit);
    // A client that waits for a key frame must see the camera that sends none by order.
    const opens = key || faultNow('no-key-frame') !== undefined;
    for (const [listener, waiting] of run.listeners) {
      if (opens) waiting.waitsForKey = false;
      if (!waiting.waitsForKey) listener.burst(0, unit);
    }
  };
  const sendVideo = (run: StreamRun, counter: number): void => {
    const at = clock.monotonic();
    const skip = faultNow('skip-next');
    if (skip !== undefined && run.path === 'main') faults = skipped(faults, skip.accessUnits, at);
    if (faultNow('stall') !== undefined || (skip !== undefined && run.path === 'main')) return;
    if (faultNow('no-key-frame') !== undefined && isKeyAt(run.source.video(), counter)) return;
    const { key, packets } = run.source.videoPackets(counter);
    const exact = run.path === 'main' ? faults : withoutFault(faults, 'drop-next');
    const burst = disturb(packets, { state: exact, at, random, sent: run.sentPackets });
    if (run.path === 'main') faults = worn(faults, packets.length, at);
    run.sentPackets += packets.length;
    const unit = { counter, ...burst };
    const narrow = faultNow('slow')?.bytesPerSecond;
    run.throttle.push(
      narrow,
      at,
      burst.packets.reduce((sum, packet) => sum + packet.length, 0),
      () => handOut(run, key, unit),
    );
  };
  const sendAudio = (run: StreamRun, index: number): void => {
    if (faultNow('stall') !== undefined || faultNow('no-audio') !== undefined) return;
    const at = clock.monotonic();
    const exact = withoutFault(faults, 'drop-next');
    const burst = disturb(run.source.audioPackets(index), { state: exact, at, random, sent: run.sentPackets });
    for (const [listener, { waitsForKey }] of run.listeners) {
      if (!waitsForKey) listener.burst(1, { counter: undefined, ...burst });
    }
  };
  const report = (run: StreamRun, listener: Listener, now: number): void => {
    if (faultNow('no-sender-reports') !== undefined || faultNow('stall') !== undefined) return;
    listener.report(0, run.source.senderReport(0, origin + now, now));
    if (clips.audio !== undefined) listener.report(1, run.source.senderReport(1, origin + now, now));
  };
  const advance = (run: StreamRun, now: number): void => {
    run.throttle.drain(clock.monotonic(), faultNow('slow')?.bytesPerSecond);
    const last = counterAt(clips[run.path], now);
    for (; run.nextCounter <= last; run.nextCounter += 1) sendVideo(run, run.nextCounter);
    const lastAudio = clips.audio === undefined ? -1 : audioIndexAt(clips.audio, now);
    for (; run.nextAudio <= lastAudio; run.nextAudio += 1) sendAudio(run, run.nextAudio);
    if (now < run.reportDue) return;
    run.reportDue = now + REPORT_EVERY_MS;
    for (const listener of run.listeners.keys()) report(run, listener, now);
  };
  const tick = (): void => {
    if (stopped) return;
    const now = elapsed();
    advance(runs.main, now);
    advance(runs.sub, now);
    const due = (counterAt(clips.main, elapsed()) + 1) * frameMs - elapsed();
    cancel = clock.after(durationMs(Math.max(0, due)), tick);
  };
  const perform = (fault: Fault): void => {
    switch (fault.kind) {
      case 'resolution':
        runs.main.source.changeClip(fault.variant === 'other' ? clips.other : clips.main);
        return;
      case 'timestamp-jump':
        for (const run of Object.values(runs)) run.source.jump(fault.seconds);
        return;
      case 'timestamp-wrap':
      case 'reboot':
        for (const run of Object.values(runs)) {
          const wraps = fault.kind === 'timestamp-wrap';
          const timestamp = wraps ? 0x1_0000_0000 - fault.seconds * 90_000 : Math.floor(random() * 0x8000_0000);
          const sequence = wraps ? 0x1_0000 - 50 : Math.floor(random() * 0x8000);
          run.source.restart({ elapsed: elapsed(), timestamp, sequence });
        }
        return;
      default:
        return;
    }
  };
  tick();
  return {
    origin,
    clips,
    position: () => counterAt(clips.main, elapsed()),
    elapsed,
    sourceOf: (stream) => runs[stream].source,
    faults: () => faults,
    faultNow,
    order: (fault) => {
      faults = withFault(faults, fault, clock.monotonic());
      perform(fault);
    },
    listen: (stream, start, listener) => {
      const run = runs[stream];
      report(run, listener, elapsed());
      const cached = start === 'cached' ? run.source.cached() : [];
      for (const unit of cached) listener.burst(0, unit);
      run.listeners.set(listener, { waitsForKey: cached.length === 0 });
      return () => void run.listeners.delete(listener);
    },
    stop: async () => {
      stopped = true;
      cancel();
    },
  };
}
