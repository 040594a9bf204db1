import { connect } from 'node:net';
import type { Socket } from 'node:net';
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { MAX_STRANGERS, MAX_STRANGERS_PER_ADDRESS, startListener } from '../../src/peer/listener.ts';
import { createIdentity, rawPeer } from '../support/peer-rig.ts';
import { waitFor } from '../support/wait-for.ts';

test('strangers are bounded by address and in all, and the oldest goes first', async (t) => {
  const admitted: string[] = [];
  const listener = await startListener({
    clock: systemClock,
    identity: await createIdentity(),
    bind: '127.0.0.1',
    port: 0,
    admit: (socket, { fingerprint }) => {
      admitted.push(fingerprint);
      socket.end();
      return true;
    },
    stranger: (socket) => socket.destroy(),
  });
  t.teardown(listener.stop);
  const sockets: Socket[] = [];
  const open = async (localAddress: string): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port: listener.port, localAddress });
    socket.on('error', () => undefined).resume();
    sockets.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  };
  const gone = (): number => sockets.filter(({ destroyed }) => destroyed).length;
  const addresses = MAX_STRANGERS / MAX_STRANGERS_PER_ADDRESS;
  for (let address = 1; address <= addresses; address += 1)
    for (let count = 0; count < MAX_STRANGERS_PER_ADDRESS; count += 1) await open(`127.0.1.${address}`);
  t.is(gone(), 0);
  await open('127.0.1.3');
  await waitFor('the oldest of that address to go', () => gone() === 1);
  t.true(sockets[2 * MAX_STRANGERS_PER_ADDRESS]?.destroyed);
  await open('127.0.2.1');
  await waitFor('the oldest of all to go', () => gone() === 2);
  t.true(sockets[0]?.destroyed);
  const known = await createIdentity();
  const peer = await rawPeer(listener.port, known);
  await peer.closed;
  t.deepEqual(admitted, [known.fingerprint]);
  for (const socket of sockets) socket.destroy();
});

test('a port that is taken is told', async (t) => {
  const options = { clock: systemClock, bind: '127.0.0.1', admit: () => false, stranger: () => undefined };
  const first = await startListener({ ...options, identity: await createIdentity(), port: 0 });
  t.teardown(first.stop);
  const second = startListener({ ...options, identity: await createIdentity(), port: first.port });
  await t.throwsAsync(second, { code: 'peer/listen', message: new RegExp(`${first.port}`) });
});
