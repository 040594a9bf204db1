import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_STREAMS } from '../../src/wire/media-protocol.ts';
import type { MediaEvent } from '../../src/wire/media-protocol.ts';
import {
  MAX_OWN_ADDRESSES,
  MAX_OWN_PORTS,
  parseControlMessage,
  parseOrders,
} from '../../src/wire/parse-control-message.ts';
import { parseKeyFrameAnswer, parseLiveAnswer, parseMediaMessage } from '../../src/wire/parse-media-message.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { fragment, orders, SERVER, stream } from '../support/wire-samples.ts';

const events: readonly MediaEvent[] = [
  { kind: 'stream-state', cameraId: 'cam-1', stream: 'main', at: 1, state: { kind: 'recording' } },
  { kind: 'stream-state', cameraId: 'cam-1', stream: 'sub', at: 1, state: { kind: 'ready' } },
  {
    kind: 'stream-state',
    cameraId: 'cam-1',
    stream: 'sub',
    at: 1,
    state: { kind: 'failed', cause: 'camera-refused', message: 'no', retryAt: 9, about: 'room' },
  },
  {
    kind: 'segment-opened',
    at: 1,
    segment: {
      cameraId: 'cam-1',
      stream: 'main',
      volumeId: 'vol-1',
      segment: fragment.segment,
      serverId: SERVER,
      epoch: 1,
      start: 1,
      initLength: 4096,
      layoutHash: 'a'.repeat(64),
      video: { codec: 'h264', codecString: 'avc1.64001F', width: 1920, height: 1080 },
      audio: undefined,
    },
  },
  { kind: 'fragments-written', at: 1, fragments: [fragment] },
  { kind: 'segment-closed', at: 1, volumeId: 'vol-1', segment: fragment.segment },
  { kind: 'gap-opened', cameraId: 'cam-1', stream: 'main', start: 1, cause: 'camera-stalled', detail: '' },
  { kind: 'gap-closed', cameraId: 'cam-1', stream: 'main', end: 2 },
  {
    kind: 'gap',
    cameraId: 'cam-1',
    stream: 'main',
    start: 1,
    end: 2,
    cause: 'network-loss',
    accessUnits: undefined,
    detail: '',
  },
  {
    kind: 'volume-state',
    at: 1,
    volumeId: 'vol-1',
    state: { kind: 'usable', freeBytes: 1, totalBytes: 2, directIo: true },
  },
  { kind: 'volume-waiting', at: 1, volumeId: 'vol-1', waiting: true },
  { kind: 'stats', at: 1, loopDelayP99Ms: 0.5, streams: [] },
];

test('orders survive the wire', (t) => {
  t.deepEqual(parseControlMessage(JSON.stringify(orders)), orders);
  t.deepEqual(parseOrders(JSON.stringify(orders)), orders);
});

for (const event of events)
  test(`a ${event.kind} event survives the wire ${'state' in event ? event.state.kind : ''}`, (t) => {
    t.deepEqual(parseMediaMessage(JSON.stringify({ seq: 4, event })), { seq: 4, event });
  });

test('hello, refusals and headers survive the wire', (t) => {
  const hello = { kind: 'hello', protocol: 1, instance: 'i-1', pid: 2, startedAt: 3, ordersVersion: 0, reset: false };
  t.like(parseMediaMessage(JSON.stringify(hello)), hello);
  const refused = { kind: 'refused', code: 'live/no-stream', message: 'No.' };
  t.like(parseMediaMessage(JSON.stringify(refused)), refused);
  const header = '{"kind":"live-header","codec":"avc1","width":1,"height":1';
  t.like(parseLiveAnswer(`${header}}`), { codec: 'avc1', audio: false });
  t.like(parseLiveAnswer(`${header},"audioCodec":"ulaw","audio":true}`), { audioCodec: 'ulaw', audio: true });
  t.like(parseKeyFrameAnswer('{"kind":"key-frame-header","codec":"h264","at":1,"length":5}'), { length: 5 });
});

const refuses = test.macro<[message: unknown, expected: RegExp]>({
  title: (given) => `refused: ${given}`,
  exec: (t, message, expected) => {
    const error = t.throws(() => parseControlMessage(JSON.stringify(message)), { instanceOf: UnderstudyError });
    t.regex(error.message, expected);
  },
});
test('an unknown kind', refuses, { kind: 'shout' }, /message\.kind/);
test('an unknown property', refuses, { ...orders, extra: 1 }, /no property "extra"/);
test('another protocol', refuses, { ...orders, protocol: 2 }, /protocol/);
test(
  'more streams than the bound',
  refuses,
  { ...orders, streams: Array.from({ length: MAX_STREAMS + 1 }, () => stream) },
  /at most 256/,
);
test('a camera id that is a path', refuses, { kind: 'live', cameraId: '../x', stream: 'main' }, /camera id/);
test('a list instead of an object', refuses, [], /an object/);

test('an error never repeats the value, which may be a password', (t) => {
  const bad = { ...orders, streams: [{ ...stream, password: `hush${'x'.repeat(300)}` }] };
  const error = t.throws(() => parseControlMessage(JSON.stringify(bad)));
  t.notRegex(error.message, /hush/);
});

for (const path of ['../etc/passwd', '/etc/passwd', 'a//b', 'a/../b', 'a/\u0000'])
  test(`a segment path ${JSON.stringify(path)} is refused`, (t) => {
    const event = { kind: 'segment-closed', at: 1, volumeId: 'v', segment: path };
    t.throws(() => parseMediaMessage(JSON.stringify({ seq: 1, event })), { code: 'wire/shape' });
  });

test('random and damaged lines give a value or an error of ours, never anything else', (t) => {
  const good = [JSON.stringify(orders), ...events.map((event) => JSON.stringify({ seq: 1, event }))];
  forSeeds(3000, (random) => {
    const bytes = new TextEncoder().encode(random.pick(good));
    for (let flips = random.int(1, 6); flips > 0; flips -= 1)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    const line = new TextDecoder().decode(random.chance(0.2) ? random.bytes(40) : bytes);
    for (const parse of [parseControlMessage, parseMediaMessage, parseLiveAnswer, parseKeyFrameAnswer]) {
      try {
        parse(line);
      } catch (error) {
        if (!(error instanceof UnderstudyError)) throw error;
      }
    }
  });
  t.pass();
});

test('addresses and ports of this box are bounded', (t) => {
  const told = (ownAddresses: number, ownPorts: number): string =>
    JSON.stringify({
      ...orders,
      addresses: {
        allowLoopback: true,
        ownAddresses: Array.from({ length: ownAddresses }, () => '::1'),
        ownPorts: Array.from({ length: ownPorts }, () => 1),
      },
    });
  t.notThrows(() => parseOrders(told(MAX_OWN_ADDRESSES, MAX_OWN_PORTS)));
  t.throws(() => parseOrders(told(MAX_OWN_ADDRESSES + 1, 1)), { code: 'wire/shape' });
  t.throws(() => parseOrders(told(1, MAX_OWN_PORTS + 1)), { code: 'wire/shape' });
});

test('orders kept by a version that held no streams are read, and nothing is held', (t) => {
  const { hold: _hold, epoch: _epoch, segmentSeconds: _seconds, ...older } = stream;
  const read = parseOrders(JSON.stringify({ ...orders, streams: [older] }));
  t.like(read.streams[0], { hold: false, epoch: undefined, segmentSeconds: undefined });
  const held = parseOrders(
    JSON.stringify({ ...orders, streams: [{ ...stream, hold: true, epoch: 7, segmentSeconds: 10 }] }),
  );
  t.like(held.streams[0], { hold: true, epoch: 7, segmentSeconds: 10 });
  for (const wrong of [{ hold: 1 }, { hold: null }, { epoch: 0 }, { segmentSeconds: 86_401 }])
    t.throws(() => parseOrders(JSON.stringify({ ...orders, streams: [{ ...stream, ...wrong }] })), {
      code: 'wire/shape',
    });
});
test('orders kept by a version without addresses are read', (t) => {
  const { addresses, push, ...before } = orders;
  t.like(parseOrders(JSON.stringify(before)), { version: 3, addresses: undefined, push: undefined });
  t.truthy(addresses ?? push);
});
