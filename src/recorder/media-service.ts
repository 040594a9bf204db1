/**
 * The media process: keeps as many streams recorded as it was ordered to, and writes them to the volumes it was ordered to.
 *
 * Belongs here: from orders to running loops and writers, and what is told every second. Does not: one stream
 * (camera-loop.ts), one connection from control (media-server.ts).
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { refusalOfAddress } from '../core/camera-address.ts';
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import { seconds } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { MediaEvent, Orders, StreamOrder } from '../wire/media-protocol.ts';
import { needsNewSession, startCameraLoop } from './camera-loop.ts';
import type { CameraLoop } from './camera-loop.ts';
import { createConnectGate } from './connect-gate.ts';
import { createEventRing } from './event-ring.ts';
import { openGapJournal } from './gap-journal.ts';
import { createLiveHub } from './live-hub.ts';
import type { LiveHub } from './live-hub.ts';
import { startLoopDelay } from './loop-delay.ts';
import { startMediaServer } from './media-server.ts';
import { createPushReceiver } from './push-receiver.ts';
import type { StartPushServer } from './push-receiver.ts';
import { readOrders, writeOrders } from './orders-file.ts';
import { startReadSlots } from './read-slots.ts';
import { createResolve, systemResolverDeps } from './resolve.ts';
import { READ_BUFFER_BYTES } from './rtsp-socket.ts';
import { createSequence, openRunCounter } from './run-counter.ts';
import type { Sequence } from './run-counter.ts';
import { createSlabs } from './slabs.ts';
import { statsOf } from './stream-counter.ts';
import { createVolumeWriters } from './volume-writers.ts';
import { createWriteQueue } from './write-queue.ts';

/** At the end the disks get so long for what is still in memory. */
const DRAIN_MS = 8000;

export type MediaServiceDeps = {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the first stream is ordered that is pushed. */
  readonly startPushServer: StartPushServer;
};

type Stream = {
  order: StreamOrder;
  readonly hub: LiveHub;
  loop: CameraLoop | undefined;
  /** The change in hand; changes of one stream follow each other. */
  changing: Promise<void>;
};

// oxlint-disable-next-line max-lines-per-function -- composition: one closure over the state of the process
export async function startMediaService(deps: MediaServiceDeps): Promise<Running> {
  const { dataDir, clock, log } = deps;
  const run = join(dataDir, 'run');
  const startedAt = clock.now();
  const counterStart = openRunCounter(join(run, 'media-starts')).next() - 1;
  const ring = createEventRing(createId('media'));
  const journal = openGapJournal(join(run, 'media-gaps.jsonl'), startedAt, (error) =>
    log.error('gaps cannot be written to disk', { error }),
  );
  for (const gap of journal.earlier) ring.push(gap);
  const emit = (event: MediaEvent): void => {
    journal.append(event);
    ring.push(event);
  };

  const slabs = createSlabs();
  const slots = startReadSlots({ clock });
  const gate = createConnectGate();
  const resolve = createResolve(systemResolverDeps());
  const receiver = createPushReceiver(deps.startPushServer, log);
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  const delay = startLoopDelay();
  const streams = new Map<string, Stream>();
  const states = new Map<string, MediaEvent>();
  const sequences = new Map<string, Sequence>();
  let orders: Orders | undefined;

  const tell = (event: MediaEvent): void => {
    if (event.kind === 'stream-state') states.set(`${event.cameraId}/${event.stream}`, event);
    emit(event);
  };
  const volumes = createVolumeWriters({ clock, log, emit, onResult: (id, result) => queue.onResult(id, result) });
  const queue = createWriteQueue({ slabs, writerOf: volumes.writerOf, emit, now: clock.now });

  /** Numbers go on where this stream's last session in this process ended. */
  const sequenceOf = (key: string): Sequence => {
    const sequence = sequences.get(key) ?? createSequence(counterStart);
    sequences.set(key, sequence);
    return sequence;
  };
  const startLoop = (key: string, stream: Stream): void => {
    const { order, hub } = stream;
    const { cameraId } = order;
    stream.loop = startCameraLoop({
      order,
      clock,
      log,
      gate,
      resolve,
      refuse: (address, port) => refusalOfAddress(address, port, orders?.addresses ?? STRICTEST)?.message,
      pushes: receiver,
      emit: tell,
      random: () => randomInt(2 ** 32) / 2 ** 32,
      slots,
      readBuffer,
      slabs,
      sequence: sequenceOf(key),
      queue: queue.stream({
        cameraId,
        stream: order.stream,
        priority: () => stream.order.priority,
        volumeIds: () => stream.order.volumeIds,
      }),
      origin: () => ({
        cameraId,
        stream: order.stream,
        serverId: orders?.serverId ?? '',
        epoch: stream.order.epoch ?? orders?.epoch ?? 1,
      }),
      recording: () => ({
        fragmentMs: orders?.fragmentMs ?? 500,
        segmentSeconds: stream.order.segmentSeconds ?? orders?.segmentSeconds ?? 600,
      }),
      hub,
    });
  };
  const change = (stream: Stream, work: () => Promise<void>): void => {
    stream.changing = stream.changing.then(work);
  };
  const stopStream = (key: string, stream: Stream): void =>
    change(stream, async () => {
      await stream.loop?.stop();
      stream.loop = undefined;
      stream.hub.reset();
      if (streams.get(key) === stream) return;
      stream.hub.close();
      states.delete(key);
    });
  const applyStreams = (wanted: readonly StreamOrder[]): void => {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, stream] of streams) {
      if (keys.has(key)) continue;
      streams.delete(key);
      stopStream(key, stream);
    }
    for (const order of wanted) {
      const key = keyOf(order);
      const known = streams.get(key);
      if (known === undefined) {
        const stream: Stream = {
          order,
          hub: createLiveHub((watched) => streams.get(key)?.loop?.setWatched(watched), slabs),
          loop: undefined,
          changing: Promise.resolve(),
        };
        streams.set(key, stream);
        startLoop(key, stream);
        continue;
      }
      const before = known.order;
      known.order = order;
      if (!needsNewSession(before, order)) {
        known.loop?.update(order);
        continue;
      }
      stopStream(key, known);
      change(known, async () => {
        await Promise.resolve();
        if (streams.get(key) === known) startLoop(key, known);
      });
    }
  };
  const apply = (next: Orders): void => {
    orders = next;
    volumes.apply(next.volumes);
    receiver.apply(next);
    applyStreams(next.streams);
  };

  const ordersPath = join(run, 'media-orders.json');
  const kept = readOrders(ordersPath, (why) => log.error('kept orders cannot be used', { why }));
  if (kept !== undefined) apply(kept);
  const server = await startMediaServer({
    path: join(run, 'media.sock'),
    log,
    ring,
    hello: () => ({ pid: process.pid, startedAt, ordersVersion: orders?.version ?? 0 }),
    present: () => [...states.values(), ...volumes.present()],
    order: (next) => {
      if (orders !== undefined && next.version < orders.version) {
        throw new UnderstudyError(
          'conflict',
          'orders/old',
          `Orders of version ${orders.version} or later are expected, version ${next.version} came.`,
        );
      }
      // First: what is held plays at once, however slow the system disk is.
      apply(next);
      try {
        writeOrders(ordersPath, next);
      } catch (error) {
        // A full system disk must not keep a camera from being recorded.
        log.error('orders cannot be kept on disk', { error });
      }
    },
    hubOf: (cameraId, name) => streams.get(`${cameraId}/${name}`)?.hub,
  });
  // With 500 ms fragments and what waits for the next wake a power cut costs less than a second.
  const cancelFlush = slots.afterWake(queue.flush);
  const cancelStats = clock.every(seconds(1), () => {
    const at = clock.monotonic();
    const now = clock.now();
    const all = [...streams.values()].flatMap(({ order, loop, hub }) => {
      if (loop === undefined) return [];
      loop.counter.viewers = hub.viewers();
      loop.setWatched(hub.viewers() > 0);
      return [statsOf(order, loop.counter, { at, now })];
    });
    delay.look(all.length > 0);
    ring.push({ kind: 'stats', at: clock.now(), loopDelayP99Ms: delay.takeP99(), streams: all });
  });
  log.info('media started', { instance: ring.instance, ordersVersion: orders?.version });

  const stop = async (): Promise<void> => {
    const all = [...streams];
    streams.clear();
    for (const [key, stream] of all) stopStream(key, stream);
    await Promise.all([...all.map(([, stream]) => stream.changing), receiver.stop()]);
    queue.flush();
    const until = clock.monotonic() + DRAIN_MS;
    while (queue.pending() > 0 && clock.monotonic() < until) await clock.sleep(durationMs(20));
    queue.abandon('service-down');
    cancelFlush();
    cancelStats();
    delay.stop();
    await volumes.stop();
    await slots.stop();
    await server.stop();
    log.info('media stopped', { pending: queue.pending() });
  };
  let stopped: Promise<void> | undefined;
  return { stop: () => (stopped ??= stop()) };
}

/** Of orders that an older version kept. */
const STRICTEST: CameraAddressPolicy = { allowLoopback: false, ownAddresses: [], ownPorts: [] };

const keyOf = ({ cameraId, stream }: StreamOrder): string => `${cameraId}/${stream}`;
