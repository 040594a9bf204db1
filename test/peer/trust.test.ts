/** Security rows 1, 3, 4 and 25: who gets in, and who does not. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  startBox,
  createIdentity,
  partedKeys,
  helloOf,
  pairOfBoxes,
  rawPeer,
  recordOf,
  twoIdentities,
} from '../support/peer-rig.ts';
import type { Box, Identity, RawPeer } from '../support/peer-rig.ts';
import { waitFor } from '../support/wait-for.ts';
import { MAX_STRANGERS_PER_ADDRESS } from '../../src/peer/listener.ts';

const METHODS = ['backup.get', 'footage.groups', 'handover.request', 'store.read', 'site.set', 'peer.bulk'];
type Setting = { readonly box: Box; readonly known: Identity; readonly asked: () => number };
async function oneBox(t: ExecutionContext): Promise<Setting> {
  const [known, own] = await twoIdentities();
  const box = await startBox(t, own, { records: [recordOf(known)] });
  let asked = 0;
  for (const method of METHODS.slice(0, -1))
    box.network.handle(method, async () => {
      asked += 1;
      return { result: 1 };
    });
  return { box, known, asked: () => asked };
}
async function tryAll(peer: RawPeer, hello: object): Promise<void> {
  peer.say(hello);
  for (const [index, method] of METHODS.entries()) peer.say({ kind: 'request', id: index + 1, method, params: {} });
  await peer.closed;
}
const answers = ({ messages }: RawPeer): readonly string[] =>
  messages.map(({ kind }) => kind).filter((kind) => kind !== 'goodbye');

test('no certificate, a foreign one, a removed and a disabled peer: refused, and nothing they say is read', async (t) => {
  const { box, known, asked } = await oneBox(t);
  const foreign = await createIdentity();
  const refused = async (identity: Identity | undefined): Promise<void> => {
    const peer = await rawPeer(box.network.port, identity);
    await tryAll(peer, helloOf(identity ?? foreign));
    t.deepEqual(answers(peer), []);
    t.is(asked(), 0);
  };
  await refused(undefined);
  await refused(foreign);
  t.is((await box.next('refused')).cause, 'stranger');
  box.records[0] = recordOf(known, undefined, { enabled: false });
  await refused(known);
  box.records.length = 0;
  await refused(known);
  t.deepEqual(box.kinds(known.id), []);
});

test('another key in the name of a known peer is refused and is an alarm', async (t) => {
  const { box, known } = await oneBox(t);
  const swapped = await createIdentity(known.id);
  const peer = await rawPeer(box.network.port, swapped);
  await tryAll(peer, helloOf(swapped));
  t.deepEqual(answers(peer), []);
  t.like(await box.next('key-changed'), { peerId: known.id, fingerprint: swapped.fingerprint });
  for (const other of [swapped, await createIdentity(known.id)]) {
    const again = await rawPeer(box.network.port, other);
    await again.closed;
  }
  t.is(box.events.filter(({ kind }) => kind === 'key-changed').length, 1, 'told once a minute');
});

test('another key at the address of a known peer is an alarm, and not a byte is said to it', async (t) => {
  const [one, two] = await twoIdentities();
  const impostor = await startBox(t, await createIdentity(two.id), { records: [recordOf(one)] });
  const box = await startBox(t, one, { records: [recordOf(two, impostor.network.port)] });
  t.like(await box.next('key-changed'), { peerId: two.id, fingerprint: impostor.identity.fingerprint });
  t.regex(box.network.statusOf(two.id)?.problem ?? '', /another key/);
  t.deepEqual(impostor.events, []);
});

test('a peer that names itself as another server is refused', async (t) => {
  const { box, known } = await oneBox(t);
  const peer = await rawPeer(box.network.port, known);
  await tryAll(peer, helloOf(known, { serverId: box.identity.id }));
  t.like(peer.messages[0], { kind: 'goodbye', reason: 'refused' });
  t.is((await box.next('refused')).cause, 'wrong-server');
});

for (const [protocol, who] of [
  [0, 'the other one'],
  [2, 'this one'],
] as const)
  test(`version ${protocol} of the protocol is refused with a clear message`, async (t) => {
    const { box, known, asked } = await oneBox(t);
    const peer = await rawPeer(box.network.port, known);
    await tryAll(peer, { ...helloOf(known), protocol, novelty: true });
    t.like(peer.messages[0], { kind: 'goodbye', reason: 'refused' });
    const refused = await box.next('refused');
    t.is(refused.cause, 'version');
    t.regex(refused.message, new RegExp(`version 1 .* ${protocol}: update ${who}`));
    t.is(asked(), 0);
  });

for (const [what, options] of [
  ['TLS 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
  ['no protocol name', { ALPNProtocols: undefined }],
  ['a foreign protocol name', { ALPNProtocols: ['h2'] }],
] as const)
  test(`the right key with ${what} is refused`, async (t) => {
    const { box, known, asked } = await oneBox(t);
    const peer = await rawPeer(box.network.port, known, options);
    await tryAll(peer, helloOf(known));
    t.deepEqual(answers(peer), []);
    t.is(asked(), 0);
    t.deepEqual(box.kinds(known.id), []);
  });

test('revoked in the middle of a transfer: cut at once, nothing more is taken, and it stays out', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  let taken = 0;
  second.network.handle('footage.append', async (_peer, _params, attachment) => {
    taken += attachment?.length ?? 0;
    return { result: {} };
  });
  const attachment = new Uint8Array(1024 * 1024);
  const failure = (async () => {
    for (;;) await first.network.request(second.identity.id, 'footage.append', {}, { attachment });
  })();
  failure.catch(() => undefined);
  await waitFor('a few pieces', () => taken > 3 * attachment.length);
  const at = performance.now();
  second.network.revoke(first.identity.id);
  const before = taken;
  await t.throwsAsync(failure, { code: 'peer/closed' });
  const down = await first.next('down');
  t.log(`cut after ${Math.round(down.at - at)} ms`);
  t.true(down.at - at < 5000);
  t.is((await second.next('down')).cause, 'revoked');
  t.like((await first.next('goodbye')).goodbye, { reason: 'deauthorized' });
  const again = await rawPeer(second.network.port, first.identity);
  await tryAll(again, helloOf(first.identity));
  t.deepEqual(answers(again), []);
  t.is(taken, before);
  second.records[0] = { ...recordOf(first.identity), addedAt: 2 };
  second.network.refresh();
  const third = await rawPeer(second.network.port, first.identity);
  third.say(helloOf(first.identity));
  await waitFor('a hello', () => third.messages.some(({ kind }) => kind === 'hello'));
  third.socket.destroy();
});

test('strangers cannot use up the connections that peers need', async (t) => {
  const { box, known } = await oneBox(t);
  const idle = await Promise.all(
    Array.from({ length: 3 * MAX_STRANGERS_PER_ADDRESS }, async () => await plainConnection(box.network.port)),
  );
  const peer = await rawPeer(box.network.port, known);
  peer.say(helloOf(known));
  await box.next('up');
  await waitFor('the oldest strangers to go', () => idle.filter(({ destroyed }) => destroyed).length >= 16);
  t.true(idle.length - 16 <= MAX_STRANGERS_PER_ADDRESS);
  for (const socket of idle) socket.destroy();
  peer.socket.destroy();
});
async function plainConnection(port: number) {
  const { connect } = await import('node:net');
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  socket.resume();
  return socket;
}

test('who was away when it was revoked is told so when it comes back, also after a restart; a stranger is only refused', async (t) => {
  const [one, two] = await twoIdentities();
  const parted = partedKeys();
  const before = await startBox(t, two, { records: [recordOf(one)], parted });
  before.network.revoke(one.id);
  await before.network.stop();
  const box = await startBox(t, two, { parted });
  const back = await startBox(t, one, { records: [recordOf(two, box.network.port)] });
  t.is((await back.next('refused')).cause, 'deauthorized-by-peer');
  t.like(back.network.statusOf(two.id)?.refused, { cause: 'deauthorized-by-peer' });
  const stranger = await startBox(t, await createIdentity(), { records: [recordOf(two, box.network.port)] });
  t.is((await stranger.next('refused')).cause, 'refused-by-peer');

  // Authorized again it is let in, whatever was kept.
  box.records.push(recordOf(one));
  back.records[0] = recordOf(two, box.network.port, { addedAt: 7 });
  back.network.refresh();
  await back.next('up');
  t.is(back.network.statusOf(two.id)?.refused, undefined);
});
