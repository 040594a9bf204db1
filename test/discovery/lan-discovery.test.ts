/** Servers find each other with the real libraries on loopback, and strangers cannot break that. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createLog } from '../../src/core/log.ts';
import type { LanInterface } from '../../src/discovery/lan-interfaces.ts';
import { encodeFacts } from '../../src/discovery/lan-peer.ts';
import type { PeerChange } from '../../src/discovery/lan-peer.ts';
import { SEARCH_BYTES, SSDP_TARGET } from '../../src/discovery/lan-traffic.ts';
import { aPeer, idOf } from '../support/lan-facts.ts';
import { LOOPBACK, loopbackLan } from '../support/lan-loopback.ts';
import { createRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

const A = aPeer({ id: idOf(1), name: 'Attic' });
const B = aPeer({ id: idOf(2), name: 'Barn', mode: 'failover', model: 'DS920+' });
/** As long as facts can be. */
const LONGEST = aPeer({
  id: idOf(3),
  name: '📷'.repeat(32),
  model: '東'.repeat(20),
  version: 'v'.repeat(32),
  httpPort: 65_535,
  peerPort: 65_535,
});

/** Whoever is not heard any more is forgotten later than that: what goes sooner has said goodbye. */
const BEFORE_FORGOTTEN_MS = 10_000;

async function stranger(t: ExecutionContext, port = 0): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true }).bind(port);
  await once(socket, 'listening');
  socket.setMulticastInterface('127.0.0.1');
  socket.setMulticastTTL(0);
  t.teardown(() => socket.close());
  return socket;
}

test('two servers find each other both ways over both protocols, with all that they say', async (t) => {
  const lan = await loopbackLan(t);
  const a = lan.start(A);
  const b = lan.start(B);
  const [barn] = await waitFor('A finds B', () => a.peers().some(({ via }) => via === 'both') && a.peers());
  const [attic] = await waitFor('B finds A', () => b.peers().some(({ via }) => via === 'both') && b.peers());
  t.like(barn, { ...B, addresses: ['127.0.0.1'] });
  t.like(attic, { ...A, model: undefined, addresses: ['127.0.0.1'] });
  t.deepEqual([...a.remarks(), ...b.remarks()], []);
});

test('a search finds servers that were there before, and its own answer fits although everything is as long as it can be', async (t) => {
  const lan = await loopbackLan(t);
  const before = lan.start(LONGEST);
  await before.search(0.2);
  const looking = lan.start();
  await waitFor('both protocols', async () => (await looking.search(0.3)).some(({ via }) => via === 'both'));
  t.like(looking.peers()[0], { name: LONGEST.name, model: LONGEST.model, version: LONGEST.version });
  t.deepEqual(before.peers(), []);
});

test('a goodbye removes the server at once; other facts are told at once without one', async (t) => {
  const lan = await loopbackLan(t);
  const changes: PeerChange[] = [];
  const a = lan.start(A);
  a.onChange((change) => changes.push(change));
  const b = lan.start(B);
  await waitFor('found over both', () => a.peers().some(({ via }) => via === 'both'));
  b.advertise({ ...B, mode: 'host', enabled: false });
  await waitFor('the new mode', () => a.peers().some(({ mode, enabled }) => mode === 'host' && !enabled));
  t.false(changes.some(({ kind }) => kind === 'gone'));
  await b.stop();
  await waitFor('gone', () => a.peers().length === 0, BEFORE_FORGOTTEN_MS);
  t.is(changes.at(-1)?.kind, 'gone');
  t.is(changes.filter(({ kind }) => kind === 'found').length, 1);
});

test('withdrawn facts are a goodbye, and the server goes on listening', async (t) => {
  const lan = await loopbackLan(t);
  const a = lan.start(A);
  const b = lan.start(B);
  await waitFor('found', () => a.peers().length === 1 && b.peers().length === 1);
  b.advertise(undefined);
  await waitFor('gone', () => a.peers().length === 0, BEFORE_FORGOTTEN_MS);
  t.is(b.peers().length, 1);
  await b.search(0.2);
  t.is(b.peers().length, 1);
});

test('interfaces that come, go and come again as others are followed', async (t) => {
  const lan = await loopbackLan(t);
  let interfaces: readonly LanInterface[] = [];
  const a = lan.start(A, { interfaces: () => interfaces });
  const b = lan.start(B);
  t.deepEqual(await b.search(0.3), []);
  interfaces = [LOOPBACK];
  await waitFor('found on the new interface', () => a.peers().length === 1 && b.peers().length === 1);
  interfaces = [{ ...LOOPBACK, key: 'lo 2' }];
  await a.search(1.5);
  b.advertise({ ...B, name: 'Barn 2' });
  await waitFor('heard on the recreated interface', () => a.peers().some(({ name }) => name === 'Barn 2'));
});

test('a port that somebody holds for himself stops one protocol only, is remarked, and is taken when it is free', async (t) => {
  const lan = await loopbackLan(t);
  const holder = createSocket({ type: 'udp4', reuseAddr: false }).bind(lan.groups.mdns.port, '0.0.0.0');
  await once(holder, 'listening');
  const a = lan.start(A);
  const b = lan.start(B);
  await waitFor('found over SSDP', () => a.peers().length === 1 && b.peers().length === 1 && a.remarks().length > 0);
  t.is(a.peers()[0]?.via, 'ssdp');
  t.like(a.remarks()[0], { protocol: 'mdns', address: '127.0.0.1', code: 'EADDRINUSE' });
  t.regex(a.remarks()[0]?.message ?? '', /UDP port 5353/);
  holder.close();
  await waitFor('mDNS taken up again', () => a.peers()[0]?.via === 'both' && a.remarks().length === 0);
});

test('a goodbye goes out over both protocols', async (t) => {
  const lan = await loopbackLan(t);
  const heard: string[] = [];
  for (const { address, port } of [lan.groups.ssdp, lan.groups.mdns]) {
    const socket = await stranger(t, port);
    socket.addMembership(address, '127.0.0.1');
    socket.on('message', (datagram) => heard.push(datagram.toString('latin1')));
  }
  const a = lan.start(A);
  const isAnnouncement = (text: string): boolean =>
    text.charCodeAt(2) >= RESPONSE && text.includes(labels(SERVICE).toString('latin1'));
  await waitFor(
    'announced over both',
    () => heard.some((text) => text.includes('ssdp:alive')) && heard.some(isAnnouncement),
  );
  await a.stop();
  const nameWithNoTimeLeft = Buffer.concat([labels(SERVICE), Buffer.from([0, 12, 0, 1, 0, 0, 0, 0])]).toString(
    'latin1',
  );
  await waitFor('both goodbyes', () =>
    ['ssdp:byebye', nameWithNoTimeLeft].every((part) => heard.some((text) => text.includes(part))),
  );
  t.pass();
});

test('a spoofed search gets at most what it sent: nothing for short ones, few answers for many that are filled up', async (t) => {
  const lan = await loopbackLan(t);
  lan.start(LONGEST);
  const asker = async (): Promise<{ ask: (pad: number) => void; answers: Buffer[] }> => {
    const [socket, answers] = [await stranger(t), [] as Buffer[]];
    socket.on('message', (datagram) => answers.push(datagram));
    const ask = (pad: number): void =>
      socket.send(searchWith(pad), lan.groups.ssdp.port, '239.255.255.250', () => undefined);
    return { ask, answers };
  };
  const searchWith = (pad: number): string =>
    `M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nX-PAD: ${'-'.repeat(pad)}\r\n\r\n`;
  const room = SEARCH_BYTES - searchWith(0).length;
  const [short, full] = [await asker(), await asker()];
  await waitFor('an answer', () => {
    short.ask(0);
    full.ask(room);
    return full.answers.length > 0;
  });
  t.deepEqual(short.answers, []);
  t.true(full.answers.every(({ length }) => length <= SEARCH_BYTES));
  const [before, began] = [full.answers.length, performance.now()];
  for (let time = 0; time < 500; time += 1) full.ask(room);
  await waitFor('answers', () => full.answers.length > before);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const secondsTouched = Math.ceil((performance.now() - began) / 1000) + 1;
  t.true(full.answers.length - before <= 4 * secondsTouched);
});

test('hostile datagrams, made by hand and by chance, end nothing and add nobody', async (t) => {
  const logged: string[] = [];
  const log = createLog('warn', (line) => logged.push(line), Date.now);
  const lan = await loopbackLan(t);
  const a = lan.start(A, { log });
  const b = lan.start(B, { log });
  await waitFor('found', () => a.peers().length === 1 && b.peers().length === 1);
  const random = createRandom(1);
  const [ssdp, mdns] = [await stranger(t), await stranger(t, lan.groups.mdns.port)];
  for (let round = 0; round < 1500; round += 1) {
    const send = (socket: Socket, datagram: Uint8Array, { address, port }: { address: string; port: number }) =>
      new Promise((done) => socket.send(datagram, port, address, done));
    await Promise.all([
      send(ssdp, mutated(random.pick(HOSTILE_SSDP), random.int(0, 3)), lan.groups.ssdp),
      send(mdns, mutated(random.pick(HOSTILE_MDNS), random.int(0, 3)), lan.groups.mdns),
    ]);
  }
  function mutated(sample: Uint8Array, changes: number): Uint8Array {
    const bytes = Buffer.from(sample);
    for (let change = 0; change < changes; change += 1)
      if (bytes.length > 0) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    return random.chance(0.1) ? bytes.subarray(0, random.int(0, bytes.length)) : bytes;
  }
  b.advertise({ ...B, name: 'Barn 2' });
  await waitFor('B is still heard', () => a.peers().some(({ name }) => name === 'Barn 2'));
  t.deepEqual(
    a.peers().map(({ id }) => id),
    [B.id],
  );
  t.deepEqual(logged, []);
});

/** The highest bit of the flags (RFC 1035 §4.1.1). */
const RESPONSE = 0x80;
const labels = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
function record(name: string, type: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(120, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([labels(name), head, data]);
}
function message(flags: number, counts: readonly [number, number], ...parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(counts[0], 4);
  head.writeUInt16BE(counts[1], 6);
  return Buffer.concat([head, ...parts]);
}
const SERVICE = '_understudy._tcp.local';
const question = (type: number): Buffer => Buffer.concat([labels(SERVICE), Buffer.from([0, type, 0, 1])]);
const HOSTILE_MDNS: readonly Uint8Array[] = [
  message(0, [1, 0], question(12)),
  message(0, [1, 0], question(255)),
  message(0, [60, 0], ...Array.from({ length: 60 }, () => question(12))),
  message(0, [0xffff, 0xffff], question(12)),
  // A pointer to itself, and one to what comes after.
  message(0x8400, [0, 1], labels(SERVICE), Buffer.from([0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 0x2c])),
  message(0x8400, [0, 1], Buffer.from([0xc0, 0x0c]), question(12)),
  // Announced without a name, without TXT, with a TXT whose string is longer than it, with facts of another id.
  message(0x8400, [0, 1], record(SERVICE, 12, Buffer.from([0]))),
  message(0x8400, [0, 1], record(SERVICE, 12, labels(`x.${SERVICE}`))),
  message(
    0x8400,
    [0, 2],
    record(SERVICE, 12, labels(`x.${SERVICE}`)),
    record(`x.${SERVICE}`, 16, Buffer.from([9, 65])),
  ),
  message(
    0x8400,
    [0, 2],
    record(SERVICE, 12, labels(`${idOf(9)}.${SERVICE}`)),
    record(
      `${idOf(9)}.${SERVICE}`,
      16,
      Buffer.concat(
        encodeFacts(aPeer({ id: idOf(8) })).map((pair) => Buffer.from(`${String.fromCharCode(pair.length)}${pair}`)),
      ),
    ),
  ),
  message(0x8400, [0, 2], record(SERVICE, 12, labels(`x.${SERVICE}`)), record(`x.${SERVICE}`, 33, Buffer.alloc(0))),
];
const ssdpText = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
const HOSTILE_SSDP: readonly Uint8Array[] = [
  ssdpText('NOTIFY * HTTP/1.1', `NT: ${SSDP_TARGET}`),
  ssdpText('NOTIFY * HTTP/1.1', `NT: ${SSDP_TARGET}`, 'NTS: ssdp:alive', 'X-UNDERSTUDY: v=1'),
  ssdpText('NOTIFY * HTTP/1.1', `NT: ${SSDP_TARGET}`, 'NTS: ssdp:alive', '__proto__: x', 'constructor: y', ': z'),
  ssdpText('NOTIFY * HTTP/1.1', `NT: ${SSDP_TARGET}`, 'NTS: ssdp:byebye', `X-UNDERSTUDY: v=1;id=${B.id}`),
  ssdpText('NOTIFY * HTTP/1.1', `NT: ${SSDP_TARGET}`, 'NTS: ssdp:alive', `X-UNDERSTUDY: ${';'.repeat(1200)}`),
  ssdpText('M-SEARCH * HTTP/1.1', 'ST: "', 'MAN: "ssdp:discover"', 'MX: 1', SSDP_TARGET),
  ssdpText('M-SEARCH * HTTP/1.1', 'ST: ssdp:all', 'MAN: x', 'MX: -1'),
  ssdpText('HTTP/1.1 200 OK', `ST: ${SSDP_TARGET}`, `USN: ${'u'.repeat(1200)}`),
  Buffer.from(`NOTIFY * HTTP/1.1\r\nX:${' '.repeat(1200)}x\nx${SSDP_TARGET}\r\n\r\n`),
  Buffer.alloc(0),
];
