import test from 'ava';
import * as boxes from '../../../src/media/mp4/boxes.ts';
import { audioSampleEntry, avcC, dOps, esds, hvcC } from '../../../src/media/mp4/sample-entries.ts';

const encodes = test.macro<[actual: Uint8Array, hex: string]>({
  title: (given) => `${given} encodes`,
  exec: (t, actual, hex) => t.is(Buffer.from(actual).toString('hex'), hex.replaceAll(' ', '')),
});
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test(
  'trex',
  encodes,
  boxes.trex(1, 0x01010000),
  '00000020 74726578 00000000 00000001 00000001 00000000 00000000 01010000',
);
test('free of the least size', encodes, boxes.free(8), '00000008 66726565');
test('free with zeros inside', encodes, boxes.free(11), '0000000b 66726565 000000');
test(
  'ftyp',
  encodes,
  boxes.ftyp('iso6', 512, ['iso6', 'mp41']),
  '00000018 66747970 69736f36 00000200 69736f36 6d703431',
);
test(
  'an empty edit and one that begins late',
  encodes,
  boxes.edts([
    { duration: 40, mediaTime: -1 },
    { duration: 1000, mediaTime: 900 },
  ]),
  '00000040 65647473 00000038 656c7374 01000000 00000002 0000000000000028 ffffffffffffffff 00010000 00000000000003e8 0000000000000384 00010000',
);
test(
  'mdhd',
  encodes,
  boxes.mdhd(90_000, 2 ** 33),
  '0000002c 6d646864 01000000 0000000000000000 0000000000000000 00015f90 0000000200000000 55c40000',
);
test(
  'hdlr of video',
  encodes,
  boxes.hdlr('vide'),
  '00000021 68646c72 00000000 00000000 76696465 000000000000000000000000 00',
);
test('dinf', encodes, boxes.dinf(), '00000024 64696e66 0000001c 64726566 00000000 00000001 0000000c 75726c20 00000001');
test(
  'uuid',
  encodes,
  boxes.uuid(bytes('000102030405060708090a0b0c0d0e0f'), bytes('ff')),
  '00000019 75756964 000102030405060708090a0b0c0d0e0f ff',
);
test(
  'avcC of Baseline, without chroma format',
  encodes,
  avcC([bytes('6742c01e da'), bytes('68ce')]),
  '0000001a 61766343 01 42c01e ff e1 0005 6742c01eda 01 0002 68ce',
);
test(
  'avcC of High, with chroma format and bit depths',
  encodes,
  avcC([bytes('6764000cacb202833f3e0220000003002000000641e2854900'), bytes('68eb')]),
  '00000032 61766343 01 64000c ff e1 0019 6764000cacb202833f3e0220000003002000000641e2854900 01 0002 68eb fdf8f800',
);
/** Main profile, 162 x 122, level 1. */
const X265_SPS = '42010101600000030090000003000003001ea016202071126595912930bc05a02000000300200000030141';
test(
  'hvcC of Main, 8 bits',
  encodes,
  hvcC([bytes('40010c'), bytes(X265_SPS), bytes('4401c1')]),
  `0000005f 68766343 01 01600000009000000000001e f000 fc fd f8 f8 0000 0f 03 a0 0001 0003 40010c a1 0001 002b ${X265_SPS} a2 0001 0003 4401c1`,
);
test(
  'esds',
  encodes,
  esds(bytes('1408')),
  '00000027 65736473 00000000 03 19 0000 00 04 11 40 15 000000 00000000 00000000 05 02 1408 06 01 02',
);
test('dOps', encodes, dOps(2, 48_000), '00000013 644f7073 00 02 0000 0000bb80 0000 00');
test(
  'alaw, one channel of 8 kHz',
  encodes,
  audioSampleEntry({ codec: 'pcma', sampleRate: 8000, channels: 1, config: bytes(''), codecString: 'alaw' }),
  '00000024 616c6177 000000000000 0001 0000000000000000 0001 0010 0000 0000 1f400000',
);
