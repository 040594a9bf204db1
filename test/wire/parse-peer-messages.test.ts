import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { ReturnNote } from '../../src/media/mp4/segment-header.ts';
import { MAX_GROUPS, MAX_PROVED } from '../../src/wire/footage-protocol.ts';
import type { FootageGroup, Receipt, ReturnFile } from '../../src/wire/footage-protocol.ts';
import { MAX_STREAMS } from '../../src/wire/media-protocol.ts';
import {
  MAX_ACCOUNT_GAPS,
  readAccountParams,
  readAppendParams,
  readAppendResult,
  readGroupsParams,
  readGroupsResult,
  readInsertParams,
  readInsertResult,
  readOfferParams,
  readOfferResult,
  readProveParams,
  readProveResult,
} from '../../src/wire/parse-footage.ts';
import {
  MAX_COVERED_SERVERS,
  MAX_FRAME_GRABBERS,
  MAX_MESSAGE_LENGTH,
  MAX_METHOD_LENGTH,
  parseGreeting,
  parsePairReply,
  parsePairRequest,
  parsePeerMessage,
} from '../../src/wire/parse-peer-message.ts';
import type { PeerHello, PeerMessage, StreamProgress } from '../../src/wire/peer-protocol.ts';
import { parseJson } from '../../src/wire/shape.ts';
import { forSeeds } from '../support/seeded-random.ts';

const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
const HASH = 'ab'.repeat(32);
/** Of RFC 8410 §10.1. */
const RECEIPT_KEY =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n';
const hello: PeerHello = {
  kind: 'hello',
  protocol: 1,
  purpose: 'watch',
  serverId: SERVER,
  name: 'Warehouse',
  version: '0.3.0',
  mode: 'recording',
  instance: 'run-1',
  startedAt: 1,
  at: 2,
  httpPort: 51_443,
  peerPort: 51_410,
  httpsFingerprint: HASH,
  receiptKey: RECEIPT_KEY,
  suitability: { platform: 'linux', frameGrabbers: [] },
  clientAddress: undefined,
};
const progress: StreamProgress = {
  cameraId: 'cam-1',
  stream: 'main',
  state: 'failed',
  cause: 'camera-refused',
  durableUntil: undefined,
  idleMs: 7,
};
const messages: readonly PeerMessage[] = [
  hello,
  { kind: 'beat', seq: 1, at: 2, echo: undefined },
  { kind: 'beat', seq: 2, at: 2, echo: { seq: 1, heldMs: 0.5 } },
  {
    kind: 'keep-alive',
    seq: 1,
    at: 2,
    mode: 'failover',
    media: 'up',
    streams: [progress],
    volumes: [
      { id: 'vol-1', cause: undefined },
      { id: 'vol-2', cause: 'volume-full' },
    ],
    covering: [{ serverId: SERVER, epoch: 2, state: 'handing-over', streams: [progress] }],
    channels: { max: 128, used: 1 },
    settingsRevision: 'r-1',
    epoch: 1,
  },
  { kind: 'goodbye', reason: 'update', message: 'New version.' },
  { kind: 'request', id: 1, method: 'footage.offer', params: { any: ['thing'] } },
  { kind: 'response', id: 1, result: { any: 'thing' } },
  { kind: 'failure', id: 1, error: { kind: 'limit', code: 'peer/busy', message: 'Later.' } },
];
const { kind: _kind, protocol: _protocol, purpose: _purpose, at: _at, ...server } = hello;
const pair = { kind: 'pair', protocol: 1, server, proof: HASH };
const paired = { kind: 'paired', server, proof: HASH };

for (const message of messages)
  test(`a ${message.kind} survives the wire ${JSON.stringify(message).length}`, (t) => {
    t.deepEqual(parsePeerMessage(JSON.stringify(message)), message);
  });
test('messages of pairing survive the wire', (t) => {
  t.deepEqual<unknown, unknown>(parsePairRequest(JSON.stringify(pair)), pair);
  t.deepEqual<unknown, unknown>(parsePairReply(JSON.stringify(paired)), paired);
  t.is(parsePairReply(JSON.stringify(messages[4])).kind, 'goodbye');
});

test('the greeting is a hello or a goodbye; another version is named before anything else is looked at', (t) => {
  t.deepEqual(parseGreeting(JSON.stringify(hello)), hello);
  t.is(parseGreeting(JSON.stringify(messages[4])).kind, 'goodbye');
  t.throws(() => parseGreeting(JSON.stringify(messages[1])), { code: 'wire/shape' });
  for (const [protocol, who] of [
    [0, 'the other one'],
    [2, 'this one'],
  ] as const) {
    const other = JSON.stringify({ kind: 'hello', protocol, what: 'ever' });
    t.regex(t.throws(() => parseGreeting(other), { code: 'peer/version' }).message, new RegExp(`update ${who}`));
    t.throws(() => parsePairRequest(other), { code: 'peer/version' });
  }
});

const refuses = test.macro<[message: object, expected: RegExp]>({
  title: (given) => `refused: ${given}`,
  exec: (t, message, expected) => {
    const error = t.throws(() => parsePeerMessage(JSON.stringify(message)), { instanceOf: UnderstudyError });
    t.regex(error.message, expected);
  },
});
const keepAlive = messages[3] as Extract<PeerMessage, { kind: 'keep-alive' }>;
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
test('an unknown kind', refuses, { kind: 'shout' }, /message\.kind/);
test('an unknown property', refuses, { ...hello, extra: 1 }, /no property "extra"/);
test('an id that is none', refuses, { ...hello, serverId: '../x' }, /server id/);
test('a port out of range', refuses, { ...hello, peerPort: 65_536 }, /peerPort/);
test('a fingerprint in upper case', refuses, { ...hello, httpsFingerprint: HASH.toUpperCase() }, /SHA-256/);
test(
  'an address for browsers with a scheme',
  refuses,
  { ...hello, clientAddress: 'https://nas' },
  /a host name or an IP/,
);
test('an address for browsers is told by those that have one', (t) => {
  const told = parsePeerMessage(JSON.stringify({ ...hello, clientAddress: 'nas.example.org' }));
  t.like(told, { kind: 'hello', clientAddress: 'nas.example.org' });
  t.is((parsePeerMessage(JSON.stringify(hello)) as PeerHello).clientAddress, undefined);
});
test('a receipt key that is none', refuses, { ...hello, receiptKey: RECEIPT_KEY.replace('MCow', 'MCoA') }, /Ed25519/);
test('no receipt key', refuses, { ...hello, receiptKey: undefined }, /receiptKey/);
test(
  'too many frame grabbers',
  refuses,
  { ...hello, suitability: { platform: 'linux', frameGrabbers: times(MAX_FRAME_GRABBERS + 1, 'x') } },
  /at most 32/,
);
test('too many streams', refuses, { ...keepAlive, streams: times(MAX_STREAMS + 1, progress) }, /at most 256/);
test(
  'too many covered servers',
  refuses,
  { ...keepAlive, covering: times(MAX_COVERED_SERVERS + 1, keepAlive.covering[0]) },
  /at most 128/,
);
test('a time that is none', refuses, { ...keepAlive, at: -1 }, /not below zero/);
test('a long method', refuses, { kind: 'request', id: 1, method: 'x'.repeat(MAX_METHOD_LENGTH + 1), params: 1 }, /64/);
test(
  'a long message',
  refuses,
  { kind: 'goodbye', reason: 'error', message: 'x'.repeat(MAX_MESSAGE_LENGTH + 1) },
  /at most 1000/,
);

const file: ReturnFile = {
  id: 'ret-1.a',
  cameraId: 'cam-1',
  stream: 'main',
  recordedBy: SERVER,
  epoch: 2,
  start: 1,
  end: 2,
  bytes: 3,
  sha256: HASH,
  fragments: 1,
  accessUnits: 2,
  clockOffsetMs: -3.5,
};
const receipt: Receipt = {
  fileId: 'ret-1.a',
  serverId: SERVER,
  sha256: HASH,
  at: 1,
  signature: `${'A'.repeat(86)}==`,
};
const group: FootageGroup = {
  recordedBy: SERVER,
  start: 1,
  end: 2,
  firstSequence: 3,
  lastSequence: 4,
  key: 'ab'.repeat(16),
  accessUnits: 5,
  digest: 'cd'.repeat(16),
  continuous: true,
  growing: false,
  fragments: [{ start: 1, end: 2, leaves: 'AAAAAAAA' }],
};
const note: ReturnNote = {
  id: 'ret-1',
  by: SERVER,
  clockOffsetMs: 1,
  supersedes: [{ server: SERVER, groups: [[1, 2]] }],
};
const span = { cameraId: 'cam-1', stream: 'sub', start: 1, end: 2 } as const;
const gap = { ...span, cause: 'camera-unreachable', detail: '' } as const;
const proved = { recordedBy: SERVER, firstSequence: 7, start: 1, end: 2, digest: 'ab'.repeat(16) };
const FOOTAGE = [
  [readGroupsParams, span],
  [readGroupsResult, { groups: [group], more: false, now: 1, durableUntil: 5 }],
  [readProveParams, { cameraId: 'cam-1', stream: 'sub', groups: [proved] }],
  [readProveResult, { proofs: ['whole', 'altered', 'later'] }],
  [readOfferParams, { file }],
  [readOfferResult, { kind: 'send', offset: 0 }],
  [readOfferResult, { kind: 'have', receipt }],
  [readOfferResult, { kind: 'later', retryMs: 5, reason: 'volume full' }],
  [readAppendParams, { id: 'ret-1.a', offset: 1 }],
  [readAppendResult, { offset: 1 }],
  [readInsertParams, { file, place: { kind: 'sent' } }],
  [readInsertParams, { file, place: { kind: 'share', path: 'a/b.mp4' } }],
  [readInsertParams, { file, place: { kind: 'shared-volume', volumeId: 'vol-1', path: 'a/b.mp4', note } }],
  [readInsertResult, { receipt }],
  [readAccountParams, { gaps: [gap] }],
] as const;

test('parameters and results of footage requests survive the wire', (t) => {
  for (const [read, value] of FOOTAGE)
    t.deepEqual<unknown, unknown>(parseJson<unknown>(JSON.stringify(value), read), value);
});

test('footage out of bounds is refused', (t) => {
  const wrong: readonly [(value: unknown, path: string) => unknown, unknown][] = [
    [readGroupsResult, { groups: times(MAX_GROUPS + 1, group), more: false, now: 1 }],
    [readProveParams, { cameraId: 'cam-1', stream: 'sub', groups: times(MAX_PROVED + 1, proved) }],
    [readProveResult, { proofs: times(MAX_PROVED + 1, 'whole') }],
    [readProveResult, { proofs: ['perhaps'] }],
    [readAccountParams, { gaps: times(MAX_ACCOUNT_GAPS + 1, gap) }],
    [readOfferParams, { file: { ...file, id: '../x' } }],
    [readOfferParams, { file: { ...file, id: '.hidden' } }],
    [readOfferParams, { file: { ...file, bytes: 5 * 2 ** 30 } }],
    [readOfferParams, { file: { ...file, clockOffsetMs: 1e15 } }],
    [readOfferParams, { file: { ...file, clockOffsetMs: 'x' } }],
    [readOfferResult, { kind: 'have', receipt: { ...receipt, signature: 'short' } }],
    [readAppendParams, { id: 'ret-1', offset: -1 }],
    ...['/etc/passwd', '../x', 'a//b', 'a/./b', 'a\\b', 'a/\u0000', ''].map(
      (path) => [readInsertParams, { file, place: { kind: 'share', path } }] as const satisfies unknown,
    ),
  ].map(([read, value]) => [read, value] as [(value: unknown, path: string) => unknown, unknown]);
  for (const [read, value] of wrong)
    t.throws(() => read(value, 'x'), { code: 'wire/shape' }, JSON.stringify(value).slice(0, 200));
});

test('random and damaged messages give a value or an error of ours, never anything else', (t) => {
  const good = [...messages, pair, paired, ...FOOTAGE.map(([, value]) => value)].map((value) => JSON.stringify(value));
  const parsers = [
    parsePeerMessage,
    parseGreeting,
    parsePairRequest,
    parsePairReply,
    ...FOOTAGE.map(
      ([read]) =>
        (json: string) =>
          parseJson<unknown>(json, read),
    ),
  ];
  forSeeds(2000, (random) => {
    const bytes = new TextEncoder().encode(random.pick(good));
    for (let flips = random.int(1, 6); flips > 0; flips -= 1)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    const json = new TextDecoder().decode(random.chance(0.2) ? random.bytes(40) : bytes);
    for (const parse of parsers) {
      try {
        parse(json);
      } catch (error) {
        if (!(error instanceof UnderstudyError)) throw error;
      }
    }
  });
  t.pass();
});
