import test from 'ava';
import { pictureStartOf } from '../../../src/media/rtp/picture-start.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const h264 = (...bytes: number[]) => pictureStartOf('h264', Uint8Array.from(bytes), 0, bytes.length);
const h265 = (...bytes: number[]) => pictureStartOf('h265', Uint8Array.from(bytes), 0, bytes.length);

test('H.264: slices, in one packet and in pieces', (t) => {
  t.is(h264(0x65, 0x88), 'key-frame');
  t.is(h264(0x41, 0x9a), 'other');
  t.is(h264(0x42, 0x9a), 'other', 'data partition A');
  t.is(h264(0x7c, 0x85, 0x88), 'key-frame', 'first piece');
  t.is(h264(0x7c, 0x81, 0x9a), 'other');
  t.is(h264(0x7c, 0x05, 0x88), 'unknown', 'a piece in the middle');
});

test('H.264: parameter sets, SEI and delimiters begin no picture; in an aggregate the first slice counts', (t) => {
  for (const type of [6, 7, 8, 9, 0, 30]) t.is(h264(0x60 | type, 1, 2), 'unknown', String(type));
  t.is(h264(0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1, 0, 2, 0x65, 0x88), 'key-frame');
  t.is(h264(0x78, 0, 2, 0x67, 1), 'unknown');
  t.is(h264(0x78, 0xff, 0xff, 0x67, 1), 'unknown', 'a length behind the end');
});

test('H.265: slices, pieces, aggregates', (t) => {
  t.is(h265(19 << 1, 1, 0x80), 'key-frame', 'IDR_W_RADL');
  t.is(h265(21 << 1, 1, 0x80), 'key-frame', 'CRA_NUT');
  t.is(h265(1 << 1, 1, 0x80), 'other');
  t.is(h265(32 << 1, 1, 0x80), 'unknown', 'VPS');
  t.is(h265(49 << 1, 1, 0x80 | 19), 'key-frame');
  t.is(h265(49 << 1, 1, 19), 'unknown');
  t.is(h265(48 << 1, 1, 0, 3, 33 << 1, 1, 0, 0, 3, 1 << 1, 1, 0x80), 'other');
});

test('random bytes do no harm', (t) => {
  forSeeds(500, (random) => {
    const bytes = Uint8Array.from(random.bytes(random.int(0, 40)));
    for (const codec of ['h264', 'h265'] as const) t.notThrows(() => pictureStartOf(codec, bytes, 0, bytes.length));
  });
});
