import { randomBytes } from 'node:crypto';
import test from 'ava';
import { MAX_UNREADABLE_BYTES, withoutBadSectors } from '../../src/archive/byte-source.ts';
import type { ByteSource } from '../../src/media/mp4/scan.ts';
import { createRandom } from '../support/seeded-random.ts';

/** The sectors of `bad` cannot be read. */
const sourceOf = (bytes: Uint8Array, bad: ReadonlySet<number>): ByteSource => ({
  size: bytes.length,
  read: async (position, length) => {
    for (let at = Math.floor(position / 4096); at * 4096 < position + length; at += 1)
      if (bad.has(at)) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    return await Promise.resolve(bytes.slice(position, position + length));
  },
});

test('of what is read only the bad sectors are zeros, wherever it begins and ends', async (t) => {
  const random = createRandom(7);
  const bytes = randomBytes(200_001);
  for (let round = 0; round < 100; round += 1) {
    const bad = new Set(Array.from({ length: 3 }, () => random.int(0, 49)));
    const expected = Uint8Array.from(bytes);
    for (const at of bad) expected.fill(0, at * 4096, (at + 1) * 4096);
    const position = random.int(0, bytes.length);
    const length = random.int(0, random.chance(0.5) ? 9000 : bytes.length - position + 5000);
    const found = await withoutBadSectors(sourceOf(bytes, bad)).read(position, length);
    t.is(Buffer.compare(found, expected.subarray(position, position + length)), 0, `${position} + ${length}`);
  }
});

test('a disk that gives too little back is gone', async (t) => {
  const bytes = new Uint8Array(MAX_UNREADABLE_BYTES + 4096);
  const all = new Set(Array.from({ length: bytes.length / 4096 }, (_, at) => at));
  await t.notThrowsAsync(withoutBadSectors(sourceOf(bytes, all)).read(0, MAX_UNREADABLE_BYTES));
  await t.throwsAsync(withoutBadSectors(sourceOf(bytes, all)).read(0, bytes.length), { code: 'EIO' });
});
