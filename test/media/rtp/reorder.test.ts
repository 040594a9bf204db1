import test from 'ava';
import { createReorderBuffer, REORDER_SLOT_BYTES, REORDER_SLOTS } from '../../../src/media/rtp/reorder.ts';
import { packetOf } from '../../support/rtp-packets.ts';
import { forSeeds } from '../../support/seeded-random.ts';

/** Delivered sequence numbers, `!` where packets are missing before. */
function start(maxWait = 100) {
  const heard: string[] = [];
  const buffer = createReorderBuffer(maxWait, (bytes, from, _to, lost) =>
    heard.push(`${lost ? '!' : ''}${((bytes[from + 2] ?? 0) << 8) | (bytes[from + 3] ?? 0)}`),
  );
  const push = (sequence: number, at = 0, payload = 'aa'): void => {
    const packet = packetOf(sequence, 1, false, payload);
    buffer.push(packet, 0, packet.length, at);
    packet.fill(0xee);
  };
  return { heard, buffer, push, text: () => heard.join(' ') };
}

test('packets in order pass at once', (t) => {
  const { push, text } = start();
  [65_534, 65_535, 0, 1].forEach((sequence) => push(sequence));
  t.is(text(), '65534 65535 0 1');
});
test('packets out of order are put in order, from copies', (t) => {
  const { push, text, buffer } = start();
  [1, 4, 3, 2, 5].forEach((sequence) => push(sequence));
  t.is(text(), '1 2 3 4 5');
  t.deepEqual({ ...buffer.counts }, { lost: 0, late: 0, reordered: 2 });
});
test('a missing packet is waited for so long and then told', (t) => {
  const { push, text, buffer } = start(100);
  push(1, 0);
  push(3, 10);
  buffer.timePassed(100);
  t.is(text(), '1');
  buffer.timePassed(110);
  push(2, 120);
  t.is(text(), '1 !3');
  t.deepEqual({ ...buffer.counts }, { lost: 1, late: 1, reordered: 1 });
});
test('a packet that came twice is delivered once', (t) => {
  const { push, text, buffer } = start();
  [1, 1, 3, 3, 2].forEach((sequence) => push(sequence));
  t.is(text(), '1 2 3');
  t.is(buffer.counts.late, 2);
});
test('no more packets wait than there are slots', (t) => {
  const { push, heard } = start();
  push(0);
  for (let sequence = 2; sequence <= REORDER_SLOTS; sequence += 1) push(sequence);
  t.is(heard.length, 1);
  push(REORDER_SLOTS + 1);
  t.is(heard.length, REORDER_SLOTS + 1);
  t.is(heard[1], '!2');
});
test('a sender that starts anew is followed, forwards and backwards', (t) => {
  const { push, text } = start();
  [100, 30_000, 30_001, 5, 6].forEach((sequence) => push(sequence));
  t.is(text(), '100 !30000 30001 !5 6');
});
test('a packet longer than a slot is not held but passed on', (t) => {
  const { push, text } = start();
  push(1);
  push(3, 0, 'ab'.repeat(REORDER_SLOT_BYTES));
  push(4);
  t.is(text(), '1 !3 4');
});
test('whatever order they come in, packets are delivered in order, once, and holes are told', (t) => {
  forSeeds(500, (random) => {
    const { push, heard, buffer } = start(50);
    const sent = Array.from({ length: 300 }, (_, index) => ({
      sequence: 65_400 + index,
      due: index + random.int(0, 12),
    })).filter(() => random.chance(0.95));
    const arriving = sent.toSorted((one, other) => one.due - other.due);
    arriving.forEach(({ sequence }, index) => {
      push(sequence, index);
      if (random.chance(0.05)) push(sequence, index);
      buffer.timePassed(index);
    });
    buffer.flush();
    let last = Number((heard[0] ?? '').replace('!', ''));
    for (const entry of heard.slice(1)) {
      const distance = (Number(entry.replace('!', '')) - last) & 0xffff;
      if (distance === 0 || distance > 1000) throw new Error(`${entry} after ${last}`);
      if (entry.startsWith('!') !== distance > 1) throw new Error(`loss not told at ${entry}`);
      last = Number(entry.replace('!', ''));
    }
  });
  t.pass();
});
