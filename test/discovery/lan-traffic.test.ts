/** What gets in to the libraries and what of theirs leaves. */
import test from 'ava';
import { monotonicMs } from '../../src/core/units.ts';
import { isOnLink } from '../../src/discovery/lan-interfaces.ts';
import {
  MAX_DATAGRAM_BYTES,
  MAX_DNS_RECORDS,
  SEARCH_BYTES,
  SSDP_TARGET,
  createRateLimit,
  isFitAnswer,
  mdnsKindOf,
  paddedSearch,
  ssdpKindOf,
} from '../../src/discovery/lan-traffic.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';

const lines = (...text: readonly string[]): Buffer => Buffer.from(`${text.join('\r\n')}\r\n\r\n`, 'latin1');
const search = (target: string): Buffer =>
  lines('M-SEARCH * HTTP/1.1', 'HOST: 239.255.255.250:1900', `ST: ${target}`, 'MAN: "ssdp:discover"', 'MX: 3');
const notify = (target: string, ...more: readonly string[]): Buffer =>
  lines('NOTIFY * HTTP/1.1', `NT: ${target}`, 'NTS: ssdp:alive', ...more);

/** A message with one question or one PTR answer for `name`. */
function dns(
  name: string,
  { flags = 0, counts = [1, 0, 0, 0] }: { flags?: number; counts?: readonly number[] } = {},
): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(flags, 2);
  for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index);
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 12, 0, 1])]);
}

test('SSDP: searches for us or for all, announcements and answers about us; nothing else', (t) => {
  t.is(ssdpKindOf(search(SSDP_TARGET)), 'search');
  t.is(ssdpKindOf(search('ssdp:all')), 'search');
  t.is(ssdpKindOf(notify(SSDP_TARGET)), 'notify');
  t.is(ssdpKindOf(lines('HTTP/1.1 200 OK', `ST: ${SSDP_TARGET}`)), 'answer');
  t.is(ssdpKindOf(search('upnp:rootdevice')), undefined);
  t.is(ssdpKindOf(notify('upnp:rootdevice')), undefined);
  t.is(ssdpKindOf(lines('HTTP/1.1 404 Not Found', `ST: ${SSDP_TARGET}`)), undefined);
  t.is(ssdpKindOf(lines('GET / HTTP/1.1', `ST: ${SSDP_TARGET}`)), undefined);
});

test('SSDP: line feeds, carriage returns, other bytes and halves of lines keep a datagram out', (t) => {
  for (const part of ['X: a\nb', 'X: a\rb', 'X: \u0000', 'X: \u00e4', '\n', 'X:\u007f'])
    t.is(ssdpKindOf(notify(SSDP_TARGET, part)), undefined, JSON.stringify(part));
  t.is(ssdpKindOf(notify(SSDP_TARGET).subarray(0, -1)), undefined);
  t.is(ssdpKindOf(Buffer.alloc(0)), undefined);
});

test('a datagram longer than a frame is not looked at', (t) => {
  const room = MAX_DATAGRAM_BYTES - notify(SSDP_TARGET, 'X: ').length;
  t.is(ssdpKindOf(notify(SSDP_TARGET, `X: ${'y'.repeat(room)}`)), 'notify');
  t.is(ssdpKindOf(notify(SSDP_TARGET, `X: ${'y'.repeat(room + 1)}`)), undefined);
  t.is(mdnsKindOf(Buffer.concat([dns('_understudy._tcp.local'), Buffer.alloc(MAX_DATAGRAM_BYTES)])), undefined);
});

test('the longest datagram that is kept out takes no time', (t) => {
  const hostile = Buffer.concat([
    Buffer.from('NOTIFY * HTTP/1.1\r\nX:'),
    Buffer.alloc(65_000, ' '),
    Buffer.from('x\nx'),
  ]);
  const times = Array.from({ length: 3 }, () => {
    const began = performance.now();
    for (let time = 0; time < 1000; time += 1) ssdpKindOf(hostile.subarray(0, MAX_DATAGRAM_BYTES));
    return performance.now() - began;
  });
  // The best of some: the machine may be busy with something else.
  t.true(Math.min(...times) < 5000);
});

test('mDNS: queries and responses about our service in any case, and the question which services there are', (t) => {
  t.is(mdnsKindOf(dns('_understudy._tcp.local')), 'query');
  t.is(mdnsKindOf(dns('x._UnderStudy._TCP.local')), 'query');
  t.is(mdnsKindOf(dns('_services._dns-sd._udp.local')), 'query');
  t.is(mdnsKindOf(dns('_understudy._tcp.local', { flags: 0x8400 })), 'response');
  t.is(mdnsKindOf(dns('_services._dns-sd._udp.local', { flags: 0x8400 })), undefined);
  t.is(mdnsKindOf(dns('_airplay._tcp.local')), undefined);
});

test('mDNS: other opcodes, errors, half headers and headers that claim thousands of records are kept out', (t) => {
  const name = '_understudy._tcp.local';
  t.is(mdnsKindOf(dns(name, { flags: 0x0800 })), undefined);
  t.is(mdnsKindOf(dns(name, { flags: 0x8403 })), undefined);
  t.is(mdnsKindOf(dns(name, { counts: [MAX_DNS_RECORDS, 0, 0, 0] })), 'query');
  t.is(mdnsKindOf(dns(name, { counts: [1, 0, 0, MAX_DNS_RECORDS] })), undefined);
  t.is(mdnsKindOf(dns(name).subarray(0, 11)), undefined);
});

test('random bytes never throw and are never for us', (t) => {
  forSeeds(2000, (random) => {
    const bytes = random.bytes(random.int(0, 200));
    if (ssdpKindOf(bytes) ?? mdnsKindOf(bytes)) throw new Error('taken');
    paddedSearch(bytes);
  });
  const random = createRandom(7);
  for (const sample of [search(SSDP_TARGET), notify(SSDP_TARGET), dns('_understudy._tcp.local')]) {
    for (let time = 0; time < 2000; time += 1) {
      const bytes = Buffer.from(sample);
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
      ssdpKindOf(bytes);
      mdnsKindOf(bytes);
    }
  }
  t.pass();
});

test('a search is filled up to its length and stays a search; nothing else is touched', (t) => {
  const padded = paddedSearch(search(SSDP_TARGET));
  t.is(padded.length, SEARCH_BYTES);
  t.is(ssdpKindOf(padded), 'search');
  for (const other of [notify(SSDP_TARGET), Buffer.from('M-SEARCH *'), padded]) t.is(paddedSearch(other), other);
});

test('an answer is no longer than its question and goes to who asked; without a question there is none', (t) => {
  const from = { address: '10.0.0.1', port: 5000 };
  const question = { length: 100, from };
  t.true(isFitAnswer({ length: 100, to: from }, question));
  t.false(isFitAnswer({ length: 101, to: from }, question));
  t.false(isFitAnswer({ length: 10, to: { ...from, port: 5001 } }, question));
  t.false(isFitAnswer({ length: 10, to: { ...from, address: '10.0.0.2' } }, question));
  t.false(isFitAnswer({ length: 10, to: from }, undefined));
});

test('a rate limit counts in each second by source and in all', (t) => {
  const limit = createRateLimit({ total: 5, ofSource: 2 });
  const passed = (at: number, ...sources: readonly string[]): number =>
    sources.filter((source) => limit.passes(source, monotonicMs(at))).length;
  t.is(passed(0, 'a', 'a', 'a', 'a'), 2);
  t.is(passed(500, 'b', 'b', 'b', 'c', 'd', 'e'), 3);
  t.is(passed(1000, 'a', 'a', 'a'), 2);
});

test('neighbours are those in the subnet of the interface', (t) => {
  const link = { address: '10.77.0.1', netmask: '255.255.255.0' };
  t.true(isOnLink('10.77.0.254', link));
  t.false(isOnLink('10.77.1.1', link));
  t.true(isOnLink('200.1.2.3', { address: '200.1.255.1', netmask: '255.255.0.0' }));
  for (const text of ['', '::1', '10.77.0', '10.77.0.1.2', 'x']) t.false(isOnLink(text, link));
});
