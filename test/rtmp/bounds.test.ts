import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import test from 'ava';
import { durationMs } from '../../src/core/units.ts';
import { MAX_CONNECTIONS, startFront } from '../../src/rtmp/front.ts';
import { patientClock } from '../support/patient-clock.ts';
import { waitFor } from '../support/wait-for.ts';

test('pushes above the bound are turned away; those before them go on', async (t) => {
  const behind = new Set<Socket>();
  const upstream = createServer((socket) => {
    behind.add(socket);
    socket.on('error', () => undefined).resume();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => upstream.once('listening', resolve));
  const front = await startFront({
    address: '127.0.0.1',
    port: 0,
    upstreamPort: (upstream.address() as AddressInfo).port,
    clock: patientClock,
    idleTimeout: durationMs(600_000),
  });
  const cameras: Socket[] = [];
  t.teardown(async () => {
    for (const socket of [...cameras, ...behind]) socket.destroy();
    await front.stop();
    upstream.close();
  });
  const push = (): Socket => {
    const socket = connect(front.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write(Uint8Array.of(3, 0, 0, 0, 0));
    cameras.push(socket);
    return socket;
  };
  while (cameras.length < MAX_CONNECTIONS) {
    for (let count = 0; count < 32; count += 1) push();
    // In batches that the kernel can queue.
    await waitFor('them to be passed on', () => behind.size >= cameras.length, 60_000);
  }
  const more = push();
  await waitFor('the one too many to be closed', () => more.closed, 60_000);
  t.is(behind.size, MAX_CONNECTIONS);
});
