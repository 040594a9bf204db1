import test from 'ava';
import { createPacketView, readPacket, sequenceAt } from '../../../src/media/rtp/packet.ts';
import { sequenceDistance, unwrapSequence, unwrapTimestamp } from '../../../src/media/rtp/sequence.ts';
import { packetOf } from '../../support/rtp-packets.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const read = (hex: string) => {
  const view = createPacketView();
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return readPacket(view, bytes, 0, bytes.length) ? view : undefined;
};

test('a packet is read where it lies in its buffer', (t) => {
  const packet = packetOf(0xfffe, 0xffff_fff0, true, 'aabb');
  const bytes = Buffer.concat([Buffer.from('ffff', 'hex'), packet, Buffer.from('ff', 'hex')]);
  const view = createPacketView();
  t.true(readPacket(view, bytes, 2, 2 + packet.length));
  t.like(view, {
    start: 14,
    end: 16,
    payloadType: 96,
    marker: true,
    sequence: 0xfffe,
    timestamp: 0xffff_fff0,
    ssrc: 0x1234_5678,
  });
  t.is(sequenceAt(bytes, 2), 0xfffe);
});
test('sources, extension and padding are left out of the payload', (t) => {
  t.like(read('b2 60 0001 00000002 00000003 00000004 00000005 bede0001 11111111 aabb 000002'), { start: 28, end: 31 });
});
test('what is no RTP packet with a payload is refused', (t) => {
  for (const hex of [
    '',
    '80',
    '80 60 0001 00000002 00000003',
    '40 60 0001 00000002 00000003 aa',
    'a0 60 0001 00000002 00000003 aaff',
    '90 60 0001 00000002 00000003 bede ffff aa',
    '8f 60 0001 00000002 00000003 aa',
    '90 60 0001 00000002 00000003 aa',
  ]) {
    t.is(read(hex), undefined, hex);
  }
});
test('random bytes never give a payload outside of them', (t) => {
  const view = createPacketView();
  forSeeds(5000, (random) => {
    const bytes = random.bytes(random.int(0, 60));
    bytes[0] = 0x80 | random.int(0, 63);
    if (
      readPacket(view, bytes, 0, bytes.length) &&
      !(view.start >= 12 && view.start < view.end && view.end <= bytes.length)
    )
      throw new Error('out of bounds');
  });
  t.pass();
});
test('sequence numbers and timestamps wrap in both directions', (t) => {
  t.is(sequenceDistance(0xffff, 0), 1);
  t.is(sequenceDistance(0, 0xffff), -1);
  t.is(unwrapSequence(0x1_ffff, 3), 0x2_0003);
  t.is(unwrapTimestamp(0xffff_fff0, 0x10), 0x1_0000_0010);
  t.is(unwrapTimestamp(0x1_0000_0010, 0xffff_fff0), 0xffff_fff0);
  t.is(unwrapTimestamp(5 * 0x1_0000_0000 + 7, 9), 5 * 0x1_0000_0000 + 9);
});
