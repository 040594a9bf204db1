import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { monotonicMs } from '../../src/core/units.ts';
import {
  CODE_VALID_MS,
  createCode,
  isPairing,
  isStill,
  MAX_TRIES,
  noPairing,
  openPairing,
  pairingProofs,
  plainCode,
  sameProof,
  takeTry,
} from '../../src/peer/pairing.ts';
import type { Pairing } from '../../src/peer/pairing.ts';
import { channelBindingOf, PAIRING_ALPN, peerTlsOptions } from '../../src/peer/peer-tls.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createIdentity, rawPeer, recordOf, selfOf, startBox } from '../support/peer-rig.ts';
import type { Box, Identity } from '../support/peer-rig.ts';
import { systemClock } from '../../src/core/clock.ts';
import { forSeeds } from '../support/seeded-random.ts';

const AT = monotonicMs(1000);

test('a code has 10 characters that cannot be mistaken, and is read as people type', (t) => {
  const code = createCode();
  t.regex(code, /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
  t.not(createCode(), code);
  t.is(plainCode(' o1iL2-abcde '), '01112ABCDE');
  for (const wrong of ['', 'ABCDE-ABCD', 'ABCDE-ABCDEF', 'ABCDE-ABCDU', 'x'.repeat(1000)])
    t.is(plainCode(wrong), undefined);
});

test('the proofs of the test vector in the design note', async (t) => {
  const basis = {
    dialler: '11'.repeat(32),
    shower: '22'.repeat(32),
    channelBinding: new Uint8Array(32).fill(0x33),
  };
  const proofs = await pairingProofs('7KQ4M2ZT9C', basis);
  t.deepEqual(proofs, VECTOR);
  for (const other of [
    { ...basis, dialler: '12'.repeat(32) },
    { ...basis, shower: '12'.repeat(32) },
    { ...basis, channelBinding: new Uint8Array(32) },
    { ...basis, dialler: basis.shower, shower: basis.dialler },
  ]) {
    const wrong = await pairingProofs('7KQ4M2ZT9C', other);
    for (const proof of [wrong.dialler, wrong.shower]) t.false(Object.values(VECTOR).includes(proof));
  }
  t.false(sameProof('ab', 'abc'));
});
/** Reckoned by Python's hashlib and hmac. */
const VECTOR = {
  dialler: '4b3e5091dd17e695703b34dc27b3e308cfc2510f2be13a3f1ecf01dad0507ed0',
  shower: '658a3d793cd0245541bbbb33c61c946e61369a1b237a980182c4a9cc7650777d',
};

test('a code ends after 5 minutes, 5 tries, or one pairing, in any order of what happens', (t) => {
  forSeeds(300, (random) => {
    let pairing: Pairing = openPairing('CODE', AT);
    let at = 1000;
    let tries = 0;
    for (let turn = 0; turn < 12; turn += 1) {
      at += random.int(0, CODE_VALID_MS / 8);
      const now = monotonicMs(at);
      const open = isPairing(pairing, now);
      const next = takeTry(pairing, now);
      if (open !== (next.code !== undefined)) throw new Error('open but no try, or a try while closed');
      if (next.code !== undefined) tries += 1;
      if (tries > MAX_TRIES || (next.code !== undefined && at >= 1000 + CODE_VALID_MS))
        throw new Error('a try too many');
      pairing = random.chance(0.1) ? noPairing : next.pairing;
      if (isStill(pairing, 'OTHER', now)) throw new Error('another code');
      if (isStill(pairing, 'CODE', now) && at >= 1000 + CODE_VALID_MS) throw new Error('after its time');
    }
  });
  t.pass();
});

async function twoStrangers(t: ExecutionContext, clock = systemClock): Promise<readonly [Box, Box]> {
  return [await startBox(t, await createIdentity()), await startBox(t, await createIdentity(), { clock })];
}
const placeOf = (box: Box) => ({ host: '127.0.0.1', port: box.network.port });

test('the right code makes both know each other', async (t) => {
  const [asks, shows] = await twoStrangers(t);
  const { code } = shows.network.openPairing();
  const found = await asks.network.pairWith(placeOf(shows), code.toLowerCase().replace('-', ' '));
  t.like(found, { fingerprint: shows.identity.fingerprint, peerPort: shows.network.port, host: '127.0.0.1' });
  t.is(found.server.serverId, shows.identity.id);
  t.like(shows.paired[0], { fingerprint: asks.identity.fingerprint, host: undefined });
  shows.records.push(recordOf(asks.identity));
  asks.records.push(recordOf(shows.identity, shows.network.port));
  asks.network.refresh();
  await Promise.all([asks.next('up'), shows.next('up')]);
});

test('a code is good for one pairing, 5 tries and 5 minutes', async (t) => {
  const clock = createFakeClock();
  const shiftable = { ...systemClock, monotonic: () => monotonicMs(systemClock.monotonic() + clock.monotonic()) };
  const [asks, shows] = await twoStrangers(t, shiftable);
  const pair = async (code: string) => await asks.network.pairWith(placeOf(shows), code);
  const refused = async (code: string) => await t.throwsAsync(pair(code), { code: 'peer/pairing-refused' });

  const first = shows.network.openPairing().code;
  await pair(first);
  await refused(first);

  const second = shows.network.openPairing().code;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) await refused('00000-00000');
  await refused(second);

  const third = shows.network.openPairing().code;
  await clock.advance(CODE_VALID_MS + 1);
  await refused(third);

  const fourth = shows.network.openPairing().code;
  shows.network.closePairing();
  await refused(fourth);
  await refused(shows.network.openPairing().code.replace(/.$/, (last) => (last === '0' ? '1' : '0')));
  t.is(shows.paired.length, 1);
  await t.throwsAsync(pair('short'), { code: 'peer/pairing-code' });
});

test('each guess at a code is told at the server that shows it, also many in a minute, without the code', async (t) => {
  const [asks, shows] = await twoStrangers(t);
  const told: string[] = [];
  shows.network.listen((event) => {
    if (event.kind === 'refused') told.push(`${event.cause} ${event.address ?? ''} ${event.message}`);
  });
  const guess = async (): Promise<unknown> =>
    await t.throwsAsync(asks.network.pairWith(placeOf(shows), '00000-00000'), { code: 'peer/pairing-refused' });
  const { code } = shows.network.openPairing();
  for (let tries = 0; tries < MAX_TRIES; tries += 1) await guess();
  t.is(told.filter((one) => one.startsWith('pairing-code 127.0.0.1 ')).length, MAX_TRIES);
  await guess();
  await guess();
  t.is(told.filter((one) => one.startsWith('pairing 127.0.0.1 ')).length, 1, 'without a code: once a minute');
  t.false(told.some((one) => one.includes(code) || one.includes('00000')));
});

test('two with the right code at once: one is paired', async (t) => {
  const [asks, shows] = await twoStrangers(t);
  const other = await startBox(t, await createIdentity());
  const { code } = shows.network.openPairing();
  const outcomes = await Promise.allSettled([asks, other].map((box) => box.network.pairWith(placeOf(shows), code)));
  t.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  t.is(shows.paired.length, 1);
});

test('a pairing that cannot be stored fails on both sides', async (t) => {
  const asks = await startBox(t, await createIdentity());
  const shows = await startBox(t, await createIdentity(), { paired: () => Promise.reject(new Error('disk full')) });
  const { code } = shows.network.openPairing();
  const error = await t.throwsAsync(asks.network.pairWith(placeOf(shows), code), { code: 'peer/pairing-refused' });
  t.notRegex(error.message, /disk/);
});

async function pairMessage(identity: Identity, showing: Identity, code: string, binding: Uint8Array): Promise<object> {
  const basis = { dialler: identity.fingerprint, shower: showing.fingerprint, channelBinding: binding };
  const { dialler: proof } = await pairingProofs(plainCode(code) ?? '', basis);
  return { kind: 'pair', protocol: 1, server: { ...selfOf(identity), peerPort: 1 }, proof };
}

test('a recorded pairing proves nothing on another connection, even with the same key and code', async (t) => {
  const shows = await startBox(t, await createIdentity());
  const asks = await createIdentity();
  const { code } = shows.network.openPairing();
  const pairing = { ALPNProtocols: [PAIRING_ALPN] };
  const one = await rawPeer(shows.network.port, asks, pairing);
  const recorded = await pairMessage(asks, shows.identity, code, channelBindingOf(one.socket));
  one.socket.destroy();
  const two = await rawPeer(shows.network.port, asks, pairing);
  two.say(recorded);
  await two.closed;
  t.like(two.messages[0], { kind: 'goodbye', reason: 'refused' });
  const three = await rawPeer(shows.network.port, asks, pairing);
  three.say(await pairMessage(asks, shows.identity, code, channelBindingOf(three.socket)));
  await three.closed;
  t.is(three.messages[0]?.kind as string, 'paired');
});

test('a man in the middle with a key of his own relays in vain', async (t) => {
  const [asks, shows] = await twoStrangers(t);
  const middle = await createIdentity();
  const relayed = async (inward: TLSSocket): Promise<void> => {
    const { socket } = await rawPeer(shows.network.port, middle, { ALPNProtocols: [PAIRING_ALPN] });
    inward.on('error', () => socket.destroy()).pipe(socket);
    socket.on('error', () => inward.destroy()).pipe(inward);
  };
  const relay = createServer(
    { ...peerTlsOptions(middle), ALPNProtocols: [PAIRING_ALPN] },
    (inward) => void relayed(inward),
  );
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.teardown(() => relay.close());
  const { port } = relay.address() as AddressInfo;
  const { code } = shows.network.openPairing();
  await t.throwsAsync(asks.network.pairWith({ host: '127.0.0.1', port }, code), { code: 'peer/pairing-refused' });
  t.deepEqual(shows.paired, []);
});

test('one who does not know the code cannot pretend to show it', async (t) => {
  const asks = await startBox(t, await createIdentity());
  const rogue = await createIdentity();
  const server = createServer({ ...peerTlsOptions(rogue), ALPNProtocols: [PAIRING_ALPN] }, (socket) => {
    socket.on('error', () => undefined);
    const answer = { kind: 'paired', server: { ...selfOf(rogue), peerPort: 1 }, proof: 'a'.repeat(64) };
    const json = Buffer.from(JSON.stringify(answer));
    const head = Buffer.from([0, 0, 0, 0, 1]);
    head.writeUInt32BE(json.length);
    socket.once('data', () => socket.write(Buffer.concat([head, json])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  await t.throwsAsync(asks.network.pairWith(place, '7KQ4M-2ZT9C'), { message: /does not know the code/ });
});
