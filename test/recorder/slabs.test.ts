import test from 'ava';
import { createSlabs, MAX_BLOCK_BYTES } from '../../src/recorder/slabs.ts';

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
  t.is(slabs.take(300_000), block);
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
