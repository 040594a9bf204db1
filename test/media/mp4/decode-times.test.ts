import test from 'ava';
import { deriveDecodeTimes, deriveDurations } from '../../../src/media/mp4/decode-times.ts';
import { hashPayload, hexOf, sha256 } from '../../../src/media/mp4/fragment-hash.ts';
import { encodeLiveFragment } from '../../../src/media/mp4/live-fragment.ts';
import { createRandom } from '../../support/seeded-random.ts';

function derive(times: readonly number[]): { decode: number[]; offsets: number[]; reordered: boolean } {
  const count = times.length;
  const [decodeTimes, offsets] = [new Float64Array(count), new Int32Array(count)];
  const reordered = deriveDecodeTimes({ count, presentationTimes: Float64Array.from(times), decodeTimes, offsets });
  return { decode: [...decodeTimes], offsets: [...offsets], reordered };
}

test('without B-frames units are decoded when they are shown', (t) => {
  t.deepEqual(derive([5, 6, 9]), { decode: [5, 6, 9], offsets: [0, 0, 0], reordered: false });
});

test('with B-frames the k-th unit is decoded at the k-th time', (t) => {
  t.deepEqual(derive([0, 3, 1, 2]), { decode: [0, 1, 2, 3], offsets: [0, 2, -1, -1], reordered: true });
});

test('whatever the order, decoding times are sorted and decoding time plus offset is when a unit is shown', (t) => {
  const random = createRandom(3);
  for (let round = 0; round < 300; round += 1) {
    const times = random.shuffle(
      Array.from({ length: random.int(1, 40) }, (_, index) => index * 3000 + random.int(0, 200)),
    );
    const { decode, offsets } = derive(times);
    t.deepEqual(
      decode,
      times.toSorted((left, right) => left - right),
    );
    t.deepEqual(
      decode.map((time, index) => time + (offsets[index] ?? 0)),
      times,
    );
    const durations = new Uint32Array(times.length);
    deriveDurations(Float64Array.from(decode), times.length, (decode.at(-1) ?? 0) + 3000, durations);
    t.is(
      durations.reduce((sum, value) => sum + value, 0),
      (decode.at(-1) ?? 0) + 3000 - (decode[0] ?? 0),
    );
  }
});

test('leaves cover VCL NAL units only, the rest hash everything else, also in shared memory', (t) => {
  const nal = (...bytes: number[]): number[] => [0, 0, 0, bytes.length, ...bytes];
  const [sei, slice1, slice2, end, sound] = [nal(6, 1), nal(0x65, 2), nal(0x65, 3), nal(0x0c, 9), [7, 7, 7]];
  const bytes = [...sei, ...slice1, ...slice2, ...end, ...slice1, ...sei, ...slice2, ...sound];
  const payload = new Uint8Array(new SharedArrayBuffer(bytes.length));
  payload.set(bytes);
  const videoSizes = Uint32Array.of(24, 18);
  const leaves = new Uint8Array(64);
  const rest = hashPayload({ codec: 'h264', payload, videoSizes, videoCount: 2, leaves });
  t.is(hexOf(leaves.subarray(0, 32)), hexOf(sha256(Uint8Array.from([...slice1, ...slice2]))));
  t.is(hexOf(leaves.subarray(32)), hexOf(leaves.subarray(0, 32)));
  t.is(hexOf(rest), hexOf(sha256(Uint8Array.from([...sei, ...end, ...sei, ...sound]))));
  payload[3] = 200;
  t.throws(() => hashPayload({ codec: 'h264', payload, videoSizes, videoCount: 2, leaves }), {
    code: 'mp4/nal-length',
  });
});

test('a live fragment is moof and mdat of one sample', (t) => {
  const bytes = encodeLiveFragment(
    { track: 'video', sequence: 9, decodeTime: 2 ** 33, compositionOffset: -1, duration: 3600, key: true, size: 3 },
    Uint8Array.of(1, 2, 3),
  );
  t.is(
    Buffer.from(bytes).toString('hex'),
    (
      '00000068 6d6f6f66 00000010 6d666864 00000000 00000009 00000050 74726166 00000010 74666864 00020000 00000001' +
      '00000014 74666474 01000000 0000000200000000 00000024 7472756e 01000f01 00000001 00000070 00000e10 00000003 02000000 ffffffff' +
      '0000000b 6d646174 010203'
    ).replaceAll(' ', ''),
  );
});
