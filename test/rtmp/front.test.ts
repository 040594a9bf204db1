import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import { startFront } from '../../src/rtmp/front.ts';
import { waitFor } from '../support/wait-for.ts';

async function upstreamOf(t: ExecutionContext): Promise<{ readonly port: number; readonly taken: () => number }> {
  let taken = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    taken += 1;
    open.add(socket);
    socket.on('error', () => undefined).resume();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, taken: () => taken };
}

test('a push that falls silent is cut off, so that its camera can push again', async (t) => {
  const upstream = await upstreamOf(t);
  const front = await startFront({
    address: '127.0.0.1',
    port: 0,
    upstreamPort: upstream.port,
    clock: systemClock,
    idleTimeout: durationMs(200),
  });
  t.teardown(() => front.stop());
  const camera = connect(front.port, '127.0.0.1');
  camera.on('error', () => undefined).resume();
  camera.write(Uint8Array.of(3, 0, 0, 0, 0));
  await new Promise((resolve) => camera.once('close', resolve));
  await waitFor('it to be taken behind', () => upstream.taken() > 0);
  t.is(upstream.taken(), 1);
});

test('at all addresses means IPv4 too', async (t) => {
  const upstream = await upstreamOf(t);
  const front = await startFront({ address: '::', port: 0, upstreamPort: upstream.port, clock: systemClock });
  t.teardown(() => front.stop());
  const camera = connect(front.port, '127.0.0.1');
  t.teardown(() => camera.destroy());
  await new Promise((resolve, reject) => {
    camera.once('connect', resolve);
    camera.once('error', reject);
  });
  t.pass();
});
