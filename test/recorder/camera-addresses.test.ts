/** A camera's name is judged by what it resolves to, before every connection. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { refusalOfAddress } from '../../src/core/camera-address.ts';
import type { CameraAddressPolicy } from '../../src/core/camera-address.ts';
import { seconds, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { startCameraLoop } from '../../src/recorder/camera-loop.ts';
import { createConnectGate } from '../../src/recorder/connect-gate.ts';
import { createLiveHub } from '../../src/recorder/live-hub.ts';
import { createResolve } from '../../src/recorder/resolve.ts';
import type { Resolve } from '../../src/recorder/resolve.ts';
import { createSequence } from '../../src/recorder/run-counter.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import { createWriteQueue } from '../../src/recorder/write-queue.ts';
import type { MediaEvent } from '../../src/wire/media-protocol.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import { waitFor } from '../support/wait-for.ts';

const LAN: CameraAddressPolicy = { allowLoopback: false, ownAddresses: ['192.0.2.5'], ownPorts: [51_443] };

/** Answers nobody; counts who connects. */
async function target(t: ExecutionContext): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function record(t: ExecutionContext, url: string, resolve: Resolve, policy: CameraAddressPolicy) {
  const events: MediaEvent[] = [];
  const slabs = createSlabs();
  const emit = (event: MediaEvent): void => void events.push(event);
  const queue = createWriteQueue({ slabs, writerOf: () => undefined, emit, now: systemClock.now });
  const loop = startCameraLoop({
    order: orderOf('cam-1', url),
    clock: systemClock,
    log: silentLog,
    gate: createConnectGate(),
    resolve,
    refuse: (address, port) => refusalOfAddress(address, port, policy)?.message,
    pushes: { flvUrlOf: () => undefined },
    emit,
    random: () => 0,
    slots: { join: () => () => undefined, everySecond: (run) => systemClock.every(seconds(1), run) },
    readBuffer: Buffer.allocUnsafeSlow(64 * 1024),
    slabs,
    sequence: createSequence(1),
    queue: queue.stream({ cameraId: 'cam-1', stream: 'main', priority: () => 'low', volumeIds: () => [] }),
    origin: () => ({ cameraId: 'cam-1', stream: 'main', serverId: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001', epoch: 1 }),
    recording: () => ({ fragmentMs: 500, segmentSeconds: 60 }),
    hub: createLiveHub(),
  });
  t.teardown(() => loop.stop());
  const failures = () =>
    events.flatMap((event) => (event.kind === 'stream-state' && event.state.kind === 'failed' ? event.state : []));
  return { events, failures };
}

const resolvesTo =
  (...addresses: readonly string[]): Resolve =>
  async () =>
    await Promise.resolve(addresses.length > 1 ? ((addresses as string[]).shift() ?? '') : (addresses[0] ?? ''));

for (const [address, why] of [
  ['127.0.0.1', /this box itself/],
  ['::1', /this box itself/],
  ['::ffff:127.0.0.1', /this box itself/],
  ['169.254.169.254', /cannot be the address of a camera/],
  ['fe80::1', /cannot be the address of a camera/],
  ['0.0.0.0', /cannot be the address of a camera/],
] as const) {
  test(`a name that resolves to ${address} is refused and never connected to`, async (t) => {
    const { port, connections } = await target(t);
    const { events, failures } = record(t, `rtsp://camera.example:${port}/a`, resolvesTo(address), LAN);
    const failure = await waitFor('the refusal', () => failures()[0]);
    t.is(failure.cause, 'camera-refused');
    t.regex(failure.message, why);
    t.true(failure.message.startsWith(`camera.example resolves to ${address}. `));
    t.true(events.some((event) => event.kind === 'gap-opened' && event.cause === 'camera-refused'));
    t.is(connections(), 0);
  });
}

test('the own ports of this box are refused at its own addresses', async (t) => {
  const { failures } = record(t, 'rtsp://camera.example:51443/a', resolvesTo('192.0.2.5'), LAN);
  t.regex((await waitFor('the refusal', () => failures()[0])).message, /this server itself/);
});

test('a name that resolves to something else the second time is judged again', async (t) => {
  const { port, connections } = await target(t);
  const open = { ...LAN, allowLoopback: true };
  const url = `rtsp://camera.example:${port}/a`;
  const { failures } = record(t, url, resolvesTo('127.0.0.1', '169.254.169.254'), open);
  const refused = await waitFor('the second attempt', () => failures()[1]);
  t.not(failures()[0]?.cause, 'camera-refused');
  t.regex(refused.message, /169\.254\.169\.254/);
  t.is(connections(), 1);
});

test('the last good address that is kept is judged as well', async (t) => {
  const resolve = createResolve({
    query4: async () => await Promise.resolve(['127.0.0.1']),
    query6: async () => await Promise.reject(new Error('none')),
    hosts: async () => await Promise.resolve(''),
  });
  const { failures } = record(t, 'rtsp://camera.example:554/a', resolve, LAN);
  t.is((await waitFor('the refusal', () => failures()[0])).cause, 'camera-refused');
});

test('the media process obeys the policy of its orders', async (t) => {
  const { port, connections } = await target(t);
  const media = await startMedia(t);
  media.order([orderOf('cam-1', `rtsp://localhost:${port}/a`)], { addresses: LAN });
  const state = await waitFor(
    'the refusal',
    () =>
      media
        .events()
        .flatMap((event) => (event.kind === 'stream-state' && event.state.kind === 'failed' ? event.state : []))[0],
  );
  t.is(state.cause, 'camera-refused');
  t.regex(state.message, /localhost resolves to 127\.0\.0\.1/);
  t.is(connections(), 0);
});
