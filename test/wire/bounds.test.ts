/** How much one message between control and media may hold: exactly the bound is taken, one more is refused by name. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_STREAMS } from '../../src/wire/media-protocol.ts';
import {
  MAX_OWN_ADDRESSES,
  MAX_OWN_PORTS,
  MAX_PATH_LENGTH,
  MAX_URL_LENGTH,
  MAX_VOLUMES,
  parseControlMessage,
} from '../../src/wire/parse-control-message.ts';
import {
  MAX_FRAGMENTS_PER_EVENT,
  MAX_KEY_FRAME_BYTES,
  parseKeyFrameAnswer,
  parseMediaMessage,
} from '../../src/wire/parse-media-message.ts';

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);
const stream = {
  cameraId: 'cam-1',
  stream: 'main',
  url: 'rtsp://127.0.0.1/main',
  transport: 'auto',
  audio: true,
  record: true,
  hold: false,
  priority: 'medium',
  volumeIds: ['vol-1'],
};
const volume = { id: 'vol-1', path: '/srv/footage', reserveBytes: 1 };
const addresses = { allowLoopback: false, ownAddresses: ['192.168.1.5'], ownPorts: [51_443] };
const orders = {
  kind: 'orders',
  protocol: 1,
  version: 3,
  serverId: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001',
  epoch: 1,
  segmentSeconds: 600,
  fragmentMs: 500,
  volumes: [volume],
  streams: [stream],
  addresses,
  push: { address: '::', port: 1935 },
};
const fragment = {
  cameraId: 'cam-1',
  stream: 'main',
  volumeId: 'vol-1',
  segment: 'cam-1/main/2026-11-21/100211.000Z-5f2e5f0c-1.mp4',
  offset: 4096,
  length: 8192,
  sequence: 7,
  start: 1,
  end: 2,
  key: true,
  continuous: true,
  accessUnits: 12,
  audioFrames: 0,
};

type Parse = (line: string) => unknown;
const bounded = test.macro<[parse: Parse, most: number, of: (count: number) => object]>({
  title: (given) => `${given}: so many, and not one more`,
  exec: (t, parse, most, of) => {
    t.notThrows(() => parse(JSON.stringify(of(most))));
    const error = t.throws(() => parse(JSON.stringify(of(most + 1))), { instanceOf: UnderstudyError });
    t.regex(error.message, /at message\.|at event/, 'it names the place');
  },
});

const order = parseControlMessage;
test('streams of orders', bounded, order, MAX_STREAMS, (n) => ({ ...orders, streams: times(n, stream) }));
test('volumes of orders', bounded, order, MAX_VOLUMES, (n) => ({ ...orders, volumes: times(n, volume) }));
test('volumes of a stream', bounded, order, MAX_VOLUMES, (n) => ({
  ...orders,
  streams: [{ ...stream, volumeIds: times(n, 'vol-1') }],
}));
test('letters of an address', bounded, order, MAX_URL_LENGTH, (n) => ({
  ...orders,
  streams: [{ ...stream, url: 'rtsp://x/'.padEnd(n, 'a') }],
}));
test('letters of a path', bounded, order, MAX_PATH_LENGTH, (n) => ({
  ...orders,
  volumes: [{ ...volume, path: '/'.padEnd(n, 'a') }],
}));
test('addresses of this box', bounded, order, MAX_OWN_ADDRESSES, (n) => ({
  ...orders,
  addresses: { ...addresses, ownAddresses: times(n, '192.168.1.5') },
}));
test('ports of this box', bounded, order, MAX_OWN_PORTS, (n) => ({
  ...orders,
  addresses: { ...addresses, ownPorts: times(n, 1) },
}));
test('fragments of one event', bounded, parseMediaMessage, MAX_FRAGMENTS_PER_EVENT, (n) => ({
  seq: 1,
  event: { kind: 'fragments-written', at: 1, fragments: times(n, fragment) },
}));
test('bytes of a key frame', bounded, parseKeyFrameAnswer, MAX_KEY_FRAME_BYTES, (length) => ({
  kind: 'key-frame-header',
  codec: 'h264',
  at: 1,
  length,
}));
