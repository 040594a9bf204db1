import test from 'ava';
import { createAacDepacketizer, MAX_AAC_FRAME } from '../../../src/media/rtp/depacketize-aac.ts';
import { feed, hexOf, packetOf } from '../../support/rtp-packets.ts';

const WIDE = { sizeLength: 16, indexLength: 0, indexDeltaLength: 0 };
const PIECE = 1000;

/** A frame of `size` in pieces that each repeat its size (RFC 3640 §3.2.3.1). */
function pieces(size: number, first: number, timestamp: number): readonly Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < size; at += PIECE) {
    const payload = new Uint8Array(4 + Math.min(PIECE, size - at)).fill(7);
    payload.set([0, 16, size >> 8, size & 255]);
    packets.push(packetOf(first + packets.length, timestamp, at + PIECE >= size, hexOf(payload)));
  }
  return packets;
}

test('a frame in pieces is put together up to the bound; a larger one is dropped, and the next one is whole', (t) => {
  const sizes: number[] = [];
  const sink = {
    frame: (_timestamp: number, _bytes: Uint8Array, start: number, end: number) => sizes.push(end - start),
  };
  const largest = pieces(MAX_AAC_FRAME, 1, 1024);
  const larger = pieces(MAX_AAC_FRAME + 1, 100, 2048);
  const after = pieces(5000, 200, 3072);
  feed(createAacDepacketizer(sink, WIDE, 1024), [...largest, ...larger, ...after]);
  t.deepEqual(sizes, [MAX_AAC_FRAME, 5000]);
});
