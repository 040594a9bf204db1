import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import { MAX_TAG_BYTES, createFlvReader } from '../../../src/media/flv/flv-reader.ts';
import type { FlvOutput } from '../../../src/media/flv/flv-reader.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const HEADER = Buffer.from('464c5601050000000900000000', 'hex');

function tag(type: number, time: number, ...body: readonly (Buffer | readonly number[])[]): Buffer {
  const data = Buffer.concat(body.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(11);
  head[0] = type;
  head.writeUIntBE(data.length, 1, 3);
  head.writeUIntBE(time % 0x1000000, 4, 3);
  head[7] = Math.floor(time / 0x1000000);
  return Buffer.concat([head, data, Buffer.alloc(4)]);
}
const nal = (...bytes: readonly number[]): readonly number[] => [0, 0, 0, bytes.length, ...bytes];
const AVC_CONFIG = tag(9, 0, [0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 3, 0x67, 1, 2, 1, 0, 2, 0x68, 3]);
const key = (time: number): Buffer => tag(9, time, [0x17, 1, 0, 0, 40], nal(6, 9, 9), nal(0x65, 1, 2, 3));
const inter = (time: number): Buffer => tag(9, time, [0x27, 1, 0xff, 0xff, 0xd8], nal(0x41, 7));

/** What came out, as lines. */
function read(...pieces: readonly Uint8Array[]): readonly string[] {
  const lines: string[] = [];
  const hex = (bytes: Uint8Array, start: number, end: number): string =>
    Buffer.from(bytes.subarray(start, end)).toString('hex');
  const output: FlvOutput = {
    videoConfiguration: (codec, sets) =>
      lines.push(`${codec} ${sets.map((set) => Buffer.from(set).toString('hex')).join(',')}`),
    audioConfiguration: (codec, config) => lines.push(`${codec} ${Buffer.from(config).toString('hex')}`),
    video: {
      beginAccessUnit: (timestamp) => lines.push(`au ${timestamp}`),
      beginNal: (type, first, second) => lines.push(`nal ${type} ${first} ${second}`),
      data: (bytes, start, end) => lines.push(hex(bytes, start, end)),
      endNal: () => lines.push('/nal'),
      endAccessUnit: (intact) => lines.push(intact ? '/au' : '/au damaged'),
    },
    audio: { frame: (timestamp, bytes, start, end) => lines.push(`audio ${timestamp} ${hex(bytes, start, end)}`) },
  };
  const reader = createFlvReader(output);
  for (const piece of pieces) reader.push(piece, 0, piece.length);
  return lines;
}

test('configuration and access units come out with presentation times in 90 kHz', (t) => {
  t.deepEqual(read(Buffer.concat([HEADER, AVC_CONFIG, key(1000), inter(1040)])), [
    'h264 670102,6803',
    'au 93600',
    'nal 6 6 -1',
    '0909',
    '/nal',
    'nal 5 101 -1',
    '010203',
    '/nal',
    '/au',
    'au 90000',
    'nal 1 65 -1',
    '07',
    '/nal',
    '/au',
  ]);
});

test('the same comes out whatever pieces the bytes arrive in', (t) => {
  const whole = Buffer.concat([HEADER, AVC_CONFIG, key(1000), inter(1040)]);
  const expected = read(whole);
  t.deepEqual(read(...[...whole].map((byte) => Uint8Array.of(byte))), expected);
});

test('AAC and G.711 are told apart', (t) => {
  const aac = [tag(8, 0, [0xaf, 0, 0x14, 0x08]), tag(8, 20, [0xaf, 1, 0xaa, 0xbb])];
  t.deepEqual(read(HEADER, ...aac), ['aac 1408', 'audio 1800 aabb']);
  t.deepEqual(read(HEADER, tag(8, 20, [0x72, 0xd5, 0xd6])), ['pcma ', 'audio 1800 d5d6']);
});

test('H.265 comes by Enhanced RTMP', (t) => {
  const record = [...Array.from({ length: 21 }, () => 1), 0xff, 1, 0xa0, 0, 1, 0, 2, 0x40, 0x01];
  const config = tag(9, 0, [0x90, 0x68, 0x76, 0x63, 0x31], record);
  const frame = tag(9, 10, [0x93, 0x68, 0x76, 0x63, 0x31], nal(0x26, 0x01, 5));
  t.deepEqual(read(HEADER, config, frame), ['h265 4001', 'au 900', 'nal 19 38 1', '05', '/nal', '/au']);
});

test('time goes on when 32 bits of milliseconds wrap', (t) => {
  const times = read(HEADER, key(0xffff_fff0), key(0x10)).filter((line) => line.startsWith('au '));
  t.deepEqual(times, [`au ${(0xffff_fff0 + 40) * 90}`, `au ${(0x1_0000_0010 + 40) * 90}`]);
});

test('an access unit whose lengths lie is damaged', (t) => {
  t.is(read(HEADER, tag(9, 0, [0x17, 1, 0, 0, 0], [0, 0, 0, 200, 0x65])).at(-1), '/au damaged');
});

test('another codec is refused by name', (t) => {
  const error = t.throws(() => read(HEADER, tag(9, 0, [0x12, 0, 0, 0, 0, 0])), { instanceOf: UnderstudyError });
  t.is(error.code, 'flv/codec');
});

test('what is not FLV, and tags above the bound, are refused', (t) => {
  t.throws(() => read(Buffer.from('HTTP/1.1 200 OK\r\n')), { instanceOf: UnderstudyError, message: /FLV/ });
  const huge = Buffer.from([9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]);
  t.throws(() => read(HEADER, huge), { instanceOf: UnderstudyError, message: new RegExp(String(MAX_TAG_BYTES)) });
});

test('damaged streams never do worse than a refusal', (t) => {
  const whole = Buffer.concat([HEADER, AVC_CONFIG, key(1000), inter(1040), tag(8, 0, [0xaf, 0, 0x14, 0x08])]);
  forSeeds(3000, (random) => {
    const damaged = mutate(random, whole);
    const cut = random.int(0, damaged.length);
    try {
      read(damaged.subarray(0, cut), damaged.subarray(cut));
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});
