/** Packets held back at the start of a session: all come out in order, and the memory goes back. */
import test from 'ava';
import { createFirstPackets, MAX_HELD_BYTES, MAX_HELD_PACKETS, MAX_HOLD_MS } from '../../src/recorder/first-packets.ts';
import type { FirstPackets } from '../../src/recorder/first-packets.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import type { Slabs } from '../../src/recorder/slabs.ts';
import { createRandom } from '../support/seeded-random.ts';

type Rig = {
  readonly first: FirstPackets;
  readonly slabs: Slabs;
  readonly out: string[];
  readonly hold: (track: number, text: string, lostBefore?: boolean) => boolean;
  readonly setNow: (ms: number) => void;
};
function createRig(maxBytes?: number, fails = false): Rig {
  const slabs = createSlabs(maxBytes);
  const out: string[] = [];
  let now = 0;
  const first = createFirstPackets({
    slabs,
    deliver: ({ track, start, end, lostBefore }, bytes) => {
      if (fails) throw new Error('not RTP');
      out.push(`${track} ${Buffer.from(bytes.subarray(start, end)).toString()}${lostBefore ? ' lost' : ''}`);
    },
    monotonic: () => now,
  });
  return {
    first,
    slabs,
    out,
    hold: (track, text, lostBefore = false) => {
      // Borrowed: overwritten behind the call.
      const bytes = Buffer.from(`..${text}..`);
      const end = bytes.length - 2;
      const held = first.hold({ track, start: 2, end, lostBefore }, bytes);
      bytes.fill(0);
      return held;
    },
    setNow: (ms) => (now = ms),
  };
}

test('what was held comes out in order after its time, and the memory is given back', (t) => {
  const { first, slabs, out, hold, setNow } = createRig();
  t.true(hold(0, 'a'));
  t.true(hold(1, 'b', true));
  t.true(hold(0, 'c'));
  t.true(slabs.taken() > 0);
  setNow(MAX_HOLD_MS - 1);
  first.timePassed(MAX_HOLD_MS - 1);
  t.deepEqual(out, []);
  first.timePassed(MAX_HOLD_MS);
  t.deepEqual(out, ['0 a', '1 b lost', '0 c']);
  t.is(slabs.taken(), 0);
  t.false(hold(0, 'd'), 'nothing is held any more');
  t.false(first.isHolding());
});

test('beyond the bounds of bytes and packets everything comes out at once, before the packet in hand', (t) => {
  for (const size of [1, 60_000]) {
    const { hold, out, slabs, first } = createRig();
    let held = 0;
    while (hold(0, 'x'.repeat(size))) held += 1;
    t.is(held, Math.min(MAX_HELD_PACKETS, Math.floor(MAX_HELD_BYTES / size)));
    t.is(out.length, held);
    t.is(slabs.taken(), 0);
    t.false(first.isHolding());
  }
});

test('without memory nothing is held, and what was held comes out', (t) => {
  const { hold, out, slabs } = createRig(128 * 1024);
  const sizes = [50_000, 50_000, 50_000].map((size) => hold(0, 'x'.repeat(size)));
  t.deepEqual(sizes, [true, true, false]);
  t.is(out.length, 2);
  t.is(slabs.taken(), 0);
  t.false(createFirstPackets({ slabs: undefined, deliver: () => undefined, monotonic: () => 0 }).isHolding());
});

test('the memory goes back also when a packet is refused', (t) => {
  const { hold, first, slabs } = createRig(undefined, true);
  t.true(hold(0, 'garbage'));
  t.throws(first.release, { message: 'not RTP' });
  t.is(slabs.taken(), 0);
  t.false(first.isHolding());
});

test('packets of any sizes come out as they went in', (t) => {
  const random = createRandom(11);
  const { hold, out, first } = createRig();
  const expected: string[] = [];
  for (let count = 0; count < 200; count += 1) {
    const text = String(count).repeat(random.int(1, 3000));
    const lost = random.chance(0.1);
    if (hold(count % 2, text, lost)) expected.push(`${count % 2} ${text}${lost ? ' lost' : ''}`);
  }
  first.release();
  t.deepEqual(out, expected);
});
