import test from 'ava';
import type { ScannedFragment } from '../../src/archive/catalogue-types.ts';
import {
  decodeKeys,
  decodeSpans,
  encodeKeys,
  encodeSpans,
  indexFragments,
  MAX_INDEX_ENTRIES,
} from '../../src/archive/segment-index.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';

const fragment = (index: number, more: Partial<ScannedFragment> = {}): ScannedFragment => ({
  offset: 4096 + index * 8192,
  length: 8192,
  sequence: 100 + index,
  start: 1_000_000 + index * 500,
  end: 1_000_500 + index * 500,
  key: index % 4 === 0,
  continuous: index > 0,
  ...more,
});

test('fragments are grouped by key frame and joined to one span', (t) => {
  const { keys, spans } = indexFragments(Array.from({ length: 6 }, (_, index) => fragment(index)));
  t.deepEqual(keys, [
    { offset: 4096, length: 4 * 8192, start: 1_000_000, end: 1_002_000, sequence: 100 },
    { offset: 4096 + 4 * 8192, length: 2 * 8192, start: 1_002_000, end: 1_003_000, sequence: 104 },
  ]);
  t.deepEqual(spans, [{ start: 1_000_000, end: 1_003_000 }]);
});

test('a loss between two fragments ends a span', (t) => {
  const late = fragment(1, { continuous: false, start: 1_000_900, end: 1_001_400 });
  t.deepEqual(indexFragments([fragment(0), late]).spans, [
    { start: 1_000_000, end: 1_000_500 },
    { start: 1_000_900, end: 1_001_400 },
  ]);
});

test('footage dated before the one before it, without continuing it, is a span of its own', (t) => {
  const back = fragment(1, { continuous: false, start: 500_000, end: 500_500 });
  t.deepEqual(indexFragments([fragment(0), back]).spans.length, 2);
});

test('what is packed comes out again, whatever clocks and holes did', (t) => {
  forSeeds(200, (random) => {
    const fragments = Array.from({ length: random.int(0, 60) }, (_, index) =>
      fragment(index, {
        offset: random.int(0, 2 ** 40),
        length: random.int(1, 2 ** 26),
        sequence: random.int(0, 2 ** 50),
        start: random.int(0, 2 ** 42),
        end: 2 ** 42 + random.int(0, 1e6),
        continuous: random.chance(0.5),
      }),
    );
    const { spans } = indexFragments(fragments);
    t.deepEqual(decodeSpans(encodeSpans(spans)), spans);
    const keys = fragments.map(({ offset, length, start, end, sequence }) => ({
      offset,
      length,
      start,
      end,
      sequence,
    }));
    t.deepEqual(decodeKeys(encodeKeys(keys)), keys);
  });
});

test('a five-minute segment with a key frame every two seconds packs into less than 1.5 KB', (t) => {
  const { keys } = indexFragments(
    Array.from({ length: 600 }, (_, index) => fragment(index, { offset: index * 250_000, length: 250_000 })),
  );
  t.true(encodeKeys(keys).length < 1536, `${encodeKeys(keys).length} bytes for ${keys.length} groups`);
});

test('damaged blobs are refused, never read beyond', (t) => {
  const good = encodeKeys(indexFragments(Array.from({ length: 40 }, (_, index) => fragment(index))).keys);
  const random = createRandom(9);
  for (let round = 0; round < 500; round += 1) {
    const bytes = Uint8Array.from(good.subarray(0, random.int(0, good.length)));
    if (bytes.length > 0) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    for (const decode of [decodeKeys, decodeSpans]) {
      try {
        decode(bytes);
      } catch (error) {
        t.true(error instanceof UnderstudyError && error.code === 'catalogue/index');
      }
    }
  }
  const tooMany = Uint8Array.of(1, 0x81, 0x80, 0x80, 0x01);
  t.throws(() => decodeSpans(tooMany), { message: new RegExp(`at most ${MAX_INDEX_ENTRIES}`) });
});
