/** A peer with a right key that breaks the protocol: bounded, told, and without effect on others. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import { MAX_GREETING_BYTES } from '../../src/peer/connection.ts';
import { MAX_CONNECTIONS_PER_PEER } from '../../src/peer/line-connections.ts';
import { MAX_SERVED_REQUESTS } from '../../src/peer/requests.ts';
import { MAX_PEER_MESSAGE_BYTES } from '../../src/wire/peer-protocol.ts';
import { FACTS, helloOf, rawPeer, recordOf, startBox, twoIdentities } from '../support/peer-rig.ts';
import type { Box, Identity, RawPeer } from '../support/peer-rig.ts';
import { createRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

/** Beats and silence in a hundredth of their time. */
const FAST: Clock = {
  ...systemClock,
  every: (period, run) => systemClock.every(durationMs(Math.max(2, period / 100)), run),
};
type Setting = { readonly box: Box; readonly known: Identity; readonly join: () => Promise<RawPeer> };
async function setting(t: ExecutionContext, clock: Clock = systemClock): Promise<Setting> {
  const [known, own] = await twoIdentities();
  const box = await startBox(t, own, { records: [recordOf(known)], clock });
  box.network.handle('big', async () => ({ result: 'x'.repeat(2 * 1024 * 1024) }));
  return { box, known, join: async () => await rawPeer(box.network.port, known) };
}
const frame = (length: number, type: number, body: Uint8Array | string = ''): Uint8Array => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length);
  head[4] = type;
  return Buffer.concat([head, Buffer.from(body as string)]);
};
/** It answers with a refusal and the end. */
async function refused(t: ExecutionContext, peer: RawPeer): Promise<void> {
  await peer.closed;
  const last = peer.messages.at(-1);
  t.like(last, { kind: 'goodbye', reason: 'refused' });
}

test('before the hello: garbage, other messages, too long ones, attachments', async (t) => {
  const { box, join } = await setting(t);
  for (const bytes of [
    frame(10, 1, 'not a json'),
    frame(2, 1, '{}'),
    frame(MAX_GREETING_BYTES + 1, 1),
    frame(0xffff_ffff, 1),
    frame(10, 2, '1234567890'),
    frame(10, 3, '1234567890'),
    frame(2, 1, Uint8Array.of(0xc3, 0x28)),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  ]) {
    const peer = await join();
    peer.socket.write(bytes);
    await refused(t, peer);
  }
  const peer = await join();
  peer.say({ kind: 'beat', seq: 1, at: 1 });
  await refused(t, peer);
  t.deepEqual(box.kinds(), []);
});

test('after the hello: what is not allowed ends the connection, and the reason is told', async (t) => {
  const { box, known, join } = await setting(t);
  const breaks: readonly ((peer: RawPeer) => void)[] = [
    (peer) => peer.say(helloOf(known)),
    (peer) => peer.say({ kind: 'beat', seq: -1, at: 1 }),
    (peer) => peer.say({ kind: 'response', id: 9, result: 1 }),
    (peer) => peer.say({ kind: 'shout' }),
    (peer) => peer.say({ kind: 'keep-alive', ...FACTS, seq: 1, at: 1, extra: 1 }),
    (peer) => peer.say({ kind: 'request', id: 1, method: 'x', params: {} }, new Uint8Array(1)),
    (peer) => peer.socket.write(frame(MAX_PEER_MESSAGE_BYTES + 1, 1)),
    (peer) => peer.socket.write(frame(0, 1)),
  ];
  for (const breakIt of breaks) {
    const from = box.events.length;
    const peer = await join();
    peer.say(helloOf(known));
    await waitFor('a hello', () => peer.messages.some(({ kind }) => kind === 'hello'));
    breakIt(peer);
    await refused(t, peer);
    t.is((await box.next('down', from)).cause, 'protocol');
  }
});

test('a beat with an attachment on a bulk connection is refused', async (t) => {
  const { known, join } = await setting(t);
  const peer = await join();
  peer.say(helloOf(known, { purpose: 'bulk' }));
  peer.say({ kind: 'beat', seq: 1, at: 1 }, new Uint8Array(1));
  await refused(t, peer);
});

test('random bytes behind a right greeting never do more than end the connection', async (t) => {
  const { known, join } = await setting(t);
  const random = createRandom(7);
  for (let round = 0; round < 20; round += 1) {
    const peer = await join();
    if (random.chance(0.7)) peer.say(helloOf(known));
    for (let pieces = random.int(1, 5); pieces > 0; pieces -= 1) peer.socket.write(random.bytes(random.int(1, 2000)));
    peer.socket.end();
    await peer.closed;
  }
  const good = await join();
  good.say(helloOf(known));
  await waitFor('a beat', () => good.messages.some(({ kind }) => kind === 'beat'));
  good.socket.destroy();
  t.pass();
});

test('no hello, silence, and a frame that stops or drips are each the end', async (t) => {
  const { box, known, join } = await setting(t, FAST);
  const mute = await join();
  await mute.closed;
  t.deepEqual(box.kinds(), []);

  const silent = await join();
  silent.say(helloOf(known));
  t.is((await box.next('down')).cause, 'silent');
  await silent.closed;

  const from = box.events.length;
  const dripping = await join();
  dripping.say(helloOf(known));
  dripping.socket.write(frame(1000, 1));
  const drip = setInterval(() => dripping.socket.write(' '), 5);
  t.teardown(() => clearInterval(drip));
  const down = await box.next('down', from);
  clearInterval(drip);
  t.is(down.cause, 'silent');
  t.regex(down.message, /stopped in the middle/);
});

test('one that asks for much and reads nothing is cut, and what waits for it stays bounded', async (t) => {
  const { box, known, join } = await setting(t, FAST);
  const peer = await join();
  peer.say(helloOf(known));
  await box.next('up');
  peer.socket.pause();
  peer.socket.removeAllListeners('data');
  let id = 0;
  const asking = setInterval(() => {
    for (let many = 0; many < 50; many += 1) peer.say({ kind: 'request', id: (id += 1), method: 'big', params: {} });
  }, 5);
  t.teardown(() => clearInterval(asking));
  const before = process.memoryUsage().rss;
  const down = await box.next('down');
  clearInterval(asking);
  t.is(down.cause, 'stuck');
  t.true(process.memoryUsage().rss - before < 400 * 1024 * 1024);
  peer.socket.destroy();
});

test('more requests at once than are answered are refused, one by one', async (t) => {
  const { box, known, join } = await setting(t);
  const gate = Promise.withResolvers<void>();
  box.network.handle('wait', async () => {
    await gate.promise;
    return { result: 1 };
  });
  const peer = await join();
  peer.say(helloOf(known));
  for (let id = 1; id <= MAX_SERVED_REQUESTS + 1; id += 1)
    peer.say({ kind: 'request', id, method: 'wait', params: {} });
  const refusal = await waitFor('a refusal', () => peer.messages.find(({ kind }) => kind === 'failure'));
  t.like(refusal, { id: MAX_SERVED_REQUESTS + 1, error: { kind: 'limit', code: 'peer/busy' } });
  gate.resolve();
  const answered = () => peer.messages.filter(({ kind }) => kind === 'response').length;
  await waitFor('the others', () => answered() === MAX_SERVED_REQUESTS);
  peer.socket.destroy();
});

test('a peer has at most so many connections, and the newest of a kind is the one that is used', async (t) => {
  const { box, known, join } = await setting(t);
  const peers: RawPeer[] = [];
  for (let count = 0; count < MAX_CONNECTIONS_PER_PEER + 4; count += 1) peers.push(await join());
  await waitFor('the oldest to go', () => peers.filter(({ socket }) => socket.destroyed).length >= 4);
  const last = peers.at(-1) as RawPeer;
  last.say(helloOf(known));
  await box.next('up');
  t.true(peers.filter(({ socket }) => !socket.destroyed).length <= MAX_CONNECTIONS_PER_PEER);
  for (const { socket } of peers) socket.destroy();
});
