import test from 'ava';
import {
  isVcl,
  KEY,
  LEFT_OUT,
  nalKindsOf,
  nalTypeOf,
  OTHER,
  PARAMETER_SET,
} from '../../../src/media/codec/nal-kinds.ts';

test('the first byte of a NAL unit tells its type', (t) => {
  t.deepEqual(
    [0x65, 0x67, 0x06].map((first) => nalTypeOf('h264', first)),
    [5, 7, 6],
  );
  t.deepEqual(
    [0x26, 0x42, 0x4e].map((first) => nalTypeOf('h265', first)),
    [19, 33, 39],
  );
});

test('parts of a picture are told from everything else', (t) => {
  const h264 = [1, 5, 6, 7].map((type) => isVcl('h264', 0x60 | type));
  t.deepEqual(h264, [true, true, false, false]);
  const h265 = [0, 19, 21, 31, 32].map((type) => isVcl('h265', type << 1));
  t.deepEqual(h265, [true, true, true, true, false]);
});

test('kinds agree with what is part of a picture', (t) => {
  for (const [codec, types] of [
    ['h264', 32],
    ['h265', 64],
  ] as const)
    for (let type = 0; type < types; type += 1) {
      const kind = nalKindsOf(codec)[type] ?? -1;
      const isPicture = kind !== PARAMETER_SET && kind !== LEFT_OUT && kind !== OTHER;
      t.is(isPicture, isVcl(codec, codec === 'h264' ? type : type << 1), `${codec} ${type}`);
    }
});

test('a decoder can start at IDR pictures of H.264 and at IRAP pictures of H.265', (t) => {
  const keysOf = (codec: 'h264' | 'h265'): number[] =>
    [...nalKindsOf(codec)].flatMap((kind, type) => (kind === KEY && type < 32 ? [type] : []));
  t.deepEqual(keysOf('h264'), [5]);
  t.deepEqual(keysOf('h265'), [16, 17, 18, 19, 20, 21, 22, 23]);
});
