/** Answers to requests on sessions, files and directories: what is taken, what is refused. */
import test from 'ava';
import {
  DISPOSITION,
  encodeCreate,
  encodeRead,
  encodeWrite,
  parseCreate,
  parseRead,
  parseWrite,
} from '../../src/smb/file-messages.ts';
import { encodeHeader, parseHeader } from '../../src/smb/header.ts';
import {
  encodeQueryDirectory,
  encodeRename,
  parseQueryDirectory,
  parseQueryFree,
  parseQuerySize,
} from '../../src/smb/info-messages.ts';
import { readerOf, record, u16, u32, u64, u8, zeros } from '../../src/smb/little-endian.ts';
import { parseNegotiate } from '../../src/smb/negotiate.ts';
import { isSameNegotiation, parseSessionSetup, parseTreeConnect } from '../../src/smb/session-messages.ts';
import { mutate } from '../support/mutate.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { toHex } from './hex.ts';
import {
  answerHeader,
  createBody,
  directoryEntry,
  directoryPage,
  negotiateAnswer,
  outputBody,
  SERVER_GUID,
  sessionSetupBody,
  treeConnectBody,
} from './server-messages.ts';

const refused = { code: 'smb-protocol' };
const message = (body: Uint8Array): Uint8Array => record(answerHeader(), body);
const FILE = new Uint8Array(16).fill(9);

test('a request and its parts are as long as their structures say', (t) => {
  const header = encodeHeader({
    command: 9,
    creditCharge: 16,
    creditsWanted: 128,
    messageId: 7n,
    treeId: 3,
    sessionId: 0x10_0000_0025n,
    signed: true,
  });
  t.is(
    toHex(header),
    `fe534d4240001000000000000900800008000000000000000700000000000000000000000300000025000000100000${'00'.repeat(17)}`,
  );
  t.is(encodeCreate({ path: '', access: 1, disposition: DISPOSITION.open, kind: 'directory' }).length, 64);
  t.is(encodeWrite(FILE, 0, 100).length, 48);
  t.is(encodeRead(FILE, 0, 100).length, 49);
  t.is(encodeQueryDirectory(FILE).length, 34);
  t.is(encodeRename(FILE, 'a', true).length, 32 + 24);
  t.is(encodeRename(FILE, 'a\\long', false).length, 32 + 20 + 12);
});

test('only single responses are taken from the server', (t) => {
  t.is(parseHeader(answerHeader({ status: 0xc000_0022, credits: 5, messageId: 3n })).status, 0xc000_0022);
  t.throws(() => parseHeader(answerHeader({ flags: 0 })), refused);
  t.throws(() => parseHeader(answerHeader({ next: 64 })), refused);
  t.throws(() => parseHeader(answerHeader().subarray(0, 63)), refused);
  t.throws(() => parseHeader(new Uint8Array(80)), refused);
  t.throws(() => parseHeader(Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'.repeat(2))), refused);
});

test('session flags and tree flags tell guests, encryption and rights', (t) => {
  const session = (flags: number) => parseSessionSetup(message(sessionSetupBody(flags, FILE)));
  t.deepEqual(
    [0, 1, 2, 4].map((flags) => session(flags).guest),
    [false, true, true, false],
  );
  t.deepEqual(
    [0, 4].map((flags) => session(flags).mustEncrypt),
    [false, true],
  );
  t.is(toHex(session(0).token), toHex(FILE));
  const tree = parseTreeConnect(message(treeConnectBody(1, 0x8000, 0x0012_00a9)));
  t.deepEqual(tree, { isDisk: true, mustEncrypt: true, writable: false });
  t.false(parseTreeConnect(message(treeConnectBody(3))).isDisk);
});

test('a confirmed negotiation must be the one that arrived', (t) => {
  const negotiated = parseNegotiate(negotiateAnswer({ dialect: 0x0300, capabilities: 0x44 }));
  const confirmed = (capabilities: number, dialect: number) =>
    message(record(zeros(32), u32(64 + 48), u32(24), zeros(8), u32(capabilities), SERVER_GUID, u16(3), u16(dialect)));
  t.true(isSameNegotiation(confirmed(0x44, 0x0300), negotiated));
  t.false(isSameNegotiation(confirmed(0x45, 0x0300), negotiated));
  t.false(isSameNegotiation(confirmed(0x44, 0x0311), negotiated));
});

test('a server may write less than asked, not more and not nothing', (t) => {
  const written = (count: number) => parseWrite(message(record(u16(17), u16(0), u32(count), u32(0), u32(0))), 100);
  t.is(written(100), 100);
  t.is(written(1), 1);
  t.throws(() => written(0), refused);
  t.throws(() => written(101), refused);
});

test('a server may read less than asked, not more and not past its message', (t) => {
  const read = (at: number, length: number, data: number) =>
    parseRead(message(record(u16(17), u8(at), u8(0), u32(length), u32(0), u32(0), zeros(data))), 100).length;
  t.is(read(80, 100, 100), 100);
  t.is(read(80, 0, 0), 0);
  t.throws(() => read(80, 101, 200), refused);
  t.throws(() => read(80, 100, 99), refused);
  t.throws(() => read(255, 100, 100), refused);
});

test('sizes and free space beyond exact numbers are refused or told as very much', (t) => {
  const size = (bytes: bigint) => parseQuerySize(message(outputBody(record(u64(0n), u64(bytes), zeros(8)))));
  t.is(size(500_000_000n), 500_000_000);
  t.throws(() => size(2n ** 60n), refused);
  const free = (units: bigint, perUnit: number, perSector: number) =>
    parseQueryFree(message(outputBody(record(u64(0n), u64(units), u64(0n), u32(perUnit), u32(perSector)))));
  t.is(free(10n, 8, 512), 40_960);
  t.is(free(2n ** 63n, 0xffff_ffff, 0xffff_ffff), Number.MAX_SAFE_INTEGER);
});

test('a directory page gives names, kinds and sizes without the two dots', (t) => {
  const page = message(outputBody(directoryPage(['.', '..', 'ä.mp4', 'b'])));
  t.deepEqual(parseQueryDirectory(page), [
    { name: 'ä.mp4', kind: 'file', size: 2 },
    { name: 'b', kind: 'file', size: 3 },
  ]);
});

test('a directory page that loops, runs over or names a path is refused', (t) => {
  const page = (...entries: readonly Uint8Array[]) => parseQueryDirectory(message(outputBody(record(...entries))));
  t.throws(() => page(directoryEntry('a', 8), directoryEntry('b')), refused);
  t.throws(() => page(directoryEntry('a', 1_000_000)), refused);
  t.throws(() => page(directoryEntry('a', 0xffff_ffff)), refused);
  t.throws(() => page(), refused);
  for (const name of ['', 'a/b', 'a\\b', 'a\0b', '../a']) t.throws(() => page(directoryEntry(name)), refused, name);
});

const PARSERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  parseHeader,
  parseNegotiate,
  parseSessionSetup,
  parseTreeConnect,
  parseCreate,
  (bytes) => parseWrite(bytes, 1000),
  (bytes) => parseRead(bytes, 1000),
  parseQueryDirectory,
  parseQuerySize,
  parseQueryFree,
  (bytes) => isSameNegotiation(bytes, parseNegotiate(negotiateAnswer({ dialect: 0x0300 }))),
];
const SAMPLES: readonly Uint8Array[] = [
  sessionSetupBody(0, FILE),
  treeConnectBody(),
  createBody(),
  outputBody(directoryPage(['.', '..', 'segment.mp4', 'other.mp4'])),
  outputBody(zeros(32)),
].map(message);

test('whatever comes, a parser gives a value or refuses', (t) => {
  const check = (bytes: Uint8Array): void => {
    for (const parse of PARSERS) {
      try {
        parse(bytes);
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
      }
    }
  };
  t.notThrows(() => {
    for (const sample of SAMPLES)
      for (let length = 0; length <= sample.length; length += 1) check(sample.subarray(0, length));
    forSeeds(1500, (random) => {
      check(mutate(random, random.pick(SAMPLES), random.pick(SAMPLES)));
      check(random.bytes(random.int(0, 200)));
    });
  });
});

test('a read past the end names where it was', (t) => {
  const error = t.throws(() => readerOf(zeros(10), 'answer').u32(8), refused);
  t.regex(error?.message ?? '', /answer is too short: 4 bytes expected at 8, 10 came/);
});
