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
import { addresses, fragment, orders, stream, volume } from '../support/wire-samples.ts';

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);
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
