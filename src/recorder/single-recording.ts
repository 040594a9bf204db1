/**
 * One source recorded into one folder, for `understudy record` and for tests: the parts of the media process without
 * orders, socket and control.
 */
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve as resolvePath } from 'node:path';
import { adoptVolume } from '../archive/volume.ts';
import type { VolumeMarker } from '../archive/volume-marker.ts';
import { startVolumeWriter } from '../archive/writer.ts';
import type { VolumeWriter } from '../archive/writer.ts';
import { seconds as secondsOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { createServerId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import { parseRtspUrl } from '../media/rtsp/url.ts';
import type { MediaEvent, StreamOrder, StreamState, Transport } from '../wire/media-protocol.ts';
import { startCameraLoop } from './camera-loop.ts';
import { createConnectGate } from './connect-gate.ts';
import { createLiveHub } from './live-hub.ts';
import { startReadSlots } from './read-slots.ts';
import { createResolve, systemResolverDeps } from './resolve.ts';
import { READ_BUFFER_BYTES } from './rtsp-socket.ts';
import { createSequence } from './run-counter.ts';
import { createSlabs } from './slabs.ts';
import { createWriteQueue } from './write-queue.ts';

export type SingleRecording = {
  readonly url: string;
  readonly folder: string;
  /** Of recording, from the first access unit; `undefined`: until `signal`. */
  readonly seconds: number | undefined;
  readonly transport: Transport;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly cameraId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly fragmentMs?: number;
  readonly segmentSeconds?: number;
};
export type SingleResult = {
  readonly segments: readonly string[];
  readonly accessUnits: number;
  readonly audioFrames: number;
  readonly bytes: number;
  /** Recorded. */
  readonly seconds: number;
  readonly gaps: readonly {
    readonly start: number;
    readonly end: number;
    readonly cause: string;
    readonly detail: string;
  }[];
};

/** Without a first access unit for so long, the last failure is the answer. */
const GIVE_UP_MS = 15_000;

/** @throws UnderstudyError `recorder/source` with the camera's own reason if nothing came. */
// oxlint-disable-next-line max-lines-per-function -- composition of the parts of one recording
export async function recordSingle(spec: SingleRecording): Promise<SingleResult> {
  parseRtspUrl(spec.url);
  const folder = resolvePath(spec.folder);
  await mkdir(folder, { recursive: true });
  const { id: volumeId, serverId = createServerId() } = await volumeIn(folder, spec.clock);
  const tally = createTally();
  const slabs = createSlabs();
  let emitToQueue: (result: Parameters<Parameters<typeof startVolumeWriter>[0]['onResult']>[0]) => void = () =>
    undefined;
  const writer: VolumeWriter = startVolumeWriter({
    volume: { id: volumeId, path: folder, reserveBytes: 0 },
    log: spec.log,
    clock: spec.clock,
    onResult: (result) => emitToQueue(result),
  });
  const queue = createWriteQueue({
    slabs,
    writerOf: (id) => (id === volumeId ? writer : undefined),
    emit: tally.event,
    now: spec.clock.now,
  });
  emitToQueue = (result) => queue.onResult(volumeId, result);
  const order: StreamOrder = {
    cameraId: spec.cameraId,
    stream: 'main',
    url: spec.url,
    username: spec.username,
    password: spec.password,
    transport: spec.transport,
    fingerprint: undefined,
    audio: true,
    record: true,
    hold: false,
    epoch: undefined,
    segmentSeconds: undefined,
    priority: 'high',
    volumeIds: [volumeId],
  };
  const slots = startReadSlots(spec);
  const cancelFlush = slots.afterWake(queue.flush);
  const loop = startCameraLoop({
    order,
    clock: spec.clock,
    log: spec.log,
    gate: createConnectGate(1),
    resolve: createResolve(systemResolverDeps()),
    // Whoever types an address on the command line may connect to it anyway.
    refuse: () => undefined,
    pushes: { flvUrlOf: () => undefined },
    emit: tally.event,
    random: () => randomInt(1_000_000) / 1_000_000,
    slots,
    readBuffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
    slabs,
    sequence: createSequence(spec.clock.now() * 1000),
    queue: queue.stream({
      cameraId: spec.cameraId,
      stream: 'main',
      priority: () => 'high',
      volumeIds: () => [volumeId],
    }),
    origin: () => ({ cameraId: spec.cameraId, stream: 'main', serverId, epoch: 1 }),
    recording: () => ({ fragmentMs: spec.fragmentMs ?? 500, segmentSeconds: spec.segmentSeconds ?? 600 }),
    hub: createLiveHub(() => undefined, slabs),
  });
  await until(spec, tally);
  await loop.stop();
  queue.flush();
  for (let waited = 0; queue.pending() > 0 && waited < 10_000; waited += 50) await spec.clock.sleep(durationMs(50));
  cancelFlush();
  await slots.stop();
  await writer.stop();
  if (tally.result().accessUnits === 0 && tally.failure() !== undefined) {
    throw new UnderstudyError('unavailable', 'recorder/source', tally.failure() ?? '');
  }
  return tally.result();
}

/** Until the ordered time is recorded, the signal, or no hope is left. */
async function until({ seconds, clock, signal }: SingleRecording, tally: Tally): Promise<void> {
  const began = clock.monotonic();
  const deadline = (seconds ?? Infinity) * 1000;
  while (!signal.aborted) {
    const first = tally.firstAt();
    if (first !== undefined && clock.now() - first >= deadline) return;
    if (
      first === undefined &&
      tally.failure() !== undefined &&
      clock.monotonic() - began >= Math.min(GIVE_UP_MS, deadline)
    )
      return;
    if (tally.isHopeless()) return;
    await clock.sleep(secondsOf(0.05), signal);
  }
}

/** A folder that was recorded into before goes on under the same server id. */
async function volumeIn(folder: string, clock: Clock): Promise<VolumeMarker> {
  const adopted = await adoptVolume(folder, { serverId: createServerId(), clock, takeOver: true });
  if (adopted.kind === 'unusable') throw new UnderstudyError('storage', 'recorder/volume', adopted.message);
  return adopted.marker;
}

type Tally = {
  readonly event: (event: MediaEvent) => void;
  readonly result: () => SingleResult;
  readonly firstAt: () => number | undefined;
  readonly failure: () => string | undefined;
  /** It will be refused the same way again: wrong password or path. */
  readonly isHopeless: () => boolean;
};

function createTally(): Tally {
  const segments: string[] = [];
  const gaps: { start: number; end: number; cause: string; detail: string }[] = [];
  let [accessUnits, audioFrames, bytes, recordedMs] = [0, 0, 0, 0];
  let first: number | undefined;
  let closedAt: number | undefined;
  let open: { start: number; cause: string; detail: string } | undefined;
  let failure: string | undefined;
  let refused = false;
  const state = (now: StreamState): void => {
    // A gap that only changes its cause is closed too: recording begins when it is said to.
    if (now.kind === 'recording') first ??= closedAt;
    if (now.kind !== 'failed') return;
    failure = now.message;
    refused = now.cause === 'camera-refused';
  };
  const event = (what: MediaEvent): void => {
    switch (what.kind) {
      case 'segment-opened':
        segments.push(what.segment.segment);
        break;
      case 'fragments-written':
        for (const fragment of what.fragments) {
          accessUnits += fragment.accessUnits;
          audioFrames += fragment.audioFrames;
          bytes += fragment.length;
          recordedMs += fragment.end - fragment.start;
        }
        break;
      case 'gap-opened':
        open = { start: what.start, cause: what.cause, detail: what.detail };
        break;
      case 'gap-closed':
        // Before the first access unit nothing was expected.
        if (open !== undefined && first !== undefined) gaps.push({ ...open, end: what.end });
        open = undefined;
        closedAt = what.end;
        break;
      case 'gap':
        gaps.push({ start: what.start, end: what.end, cause: what.cause, detail: what.detail });
        break;
      case 'stream-state':
        state(what.state);
        break;
      default:
    }
  };
  return {
    event,
    result: () => ({ segments, accessUnits, audioFrames, bytes, seconds: Math.round(recordedMs) / 1000, gaps }),
    firstAt: () => first,
    failure: () => failure,
    isHopeless: () => refused && first === undefined,
  };
}
