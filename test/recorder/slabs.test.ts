import test from 'ava';
import { createSlabs, MAX_BLOCK_BYTES } from '../../src/recorder/slabs.ts';
import type { Block } from '../../src/recorder/slabs.ts';
import { createRandom } from '../support/seeded-random.ts';

const MIB = 1024 * 1024;

test('blocks lie on pages of shared memory and are used again', (t) => {
  const slabs = createSlabs();
  const block = slabs.take(300_000);
  t.truthy(block);
  if (block === undefined) return;
  t.is((block.offset - 4080) % 4096, 0);
  t.true(block.bytes.buffer instanceof SharedArrayBuffer);
  slabs.give(block);
  t.is(slabs.taken(), 0);
  t.is(slabs.take(300_000)?.offset, block.offset);
});

test('no more than the bound is handed out', (t) => {
  const slabs = createSlabs(2 * MIB);
  const blocks = Array.from({ length: 10 }, () => slabs.take(MIB)).filter((block) => block !== undefined);
  t.is(blocks.length, 2);
  t.is(slabs.taken(), 2 * MIB);
});

test('a block above the largest size is refused', (t) => {
  t.is(createSlabs().take(MAX_BLOCK_BYTES + 1), undefined);
});

test('blocks of any sizes never overlap, and what was given back is one run again', (t) => {
  const random = createRandom(7);
  const slabs = createSlabs(4 * MIB);
  const held: Block[] = [];
  for (let step = 0; step < 5000; step += 1) {
    const block = random.chance(0.55) ? slabs.take(random.int(1, MIB)) : undefined;
    if (block !== undefined) {
      const begin = block.offset;
      const end = begin + block.bytes.length;
      t.false(
        held.some(({ slab, offset, bytes }) => slab === block.slab && offset < end && begin < offset + bytes.length),
      );
      held.push(block);
    } else if (held.length > 0) {
      const [given] = held.splice(random.int(0, held.length - 1), 1);
      if (given !== undefined) slabs.give(given);
    }
    t.is(
      slabs.taken(),
      held.reduce((sum, { bytes }) => sum + bytes.length, 0),
    );
  }
  for (const block of held) slabs.give(block);
  t.is(slabs.take(4 * MIB)?.bytes.length, 4 * MIB);
});
