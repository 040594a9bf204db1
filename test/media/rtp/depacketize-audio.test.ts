import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createAacDepacketizer } from '../../../src/media/rtp/depacketize-aac.ts';
import { createPlainAudioDepacketizer, MAX_PLAIN_AUDIO } from '../../../src/media/rtp/depacketize-plain-audio.ts';
import { mutate } from '../../support/mutate.ts';
import { capturedPackets, feed, hexOf, packetOf } from '../../support/rtp-packets.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const HBR = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 };
function framesOf(packets: readonly Uint8Array[]): readonly string[] {
  const frames: string[] = [];
  const sink = {
    frame: (timestamp: number, bytes: Uint8Array, start: number, end: number) =>
      frames.push(`${timestamp} ${hexOf(bytes.subarray(start, end))}`),
  };
  feed(createAacDepacketizer(sink, HBR, 1024), packets);
  return frames;
}

test('every AAC frame of the source arrives, with its own timestamp', (t) => {
  const adts = readFileSync(join(import.meta.dirname, '../../fixtures/codec/aac-16000-mono.adts'));
  const expected: string[] = [];
  for (let at = 0; at < adts.length;) {
    const length = (((adts[at + 3] ?? 0) & 3) << 11) | ((adts[at + 4] ?? 0) << 3) | ((adts[at + 5] ?? 0) >> 5);
    expected.push(hexOf(adts.subarray(at + 7, at + length)));
    at += length;
  }
  const frames = framesOf(capturedPackets('ffmpeg-aac.rtp')).map((frame) => frame.split(' '));
  t.true(frames.length >= expected.length - 2, 'ffmpeg keeps the last two back at its end');
  t.deepEqual(
    frames.map(([, hex]) => hex),
    expected.slice(0, frames.length),
  );
  const ticks = frames.map(([timestamp]) => Number(timestamp));
  t.true(ticks.every((value, index) => index === 0 || value - (ticks[index - 1] ?? 0) === 1024));
});
test('two frames in one packet', (t) =>
  t.deepEqual(framesOf([packetOf(1, 5, true, '0020 0010 0018 aabb ccddee')]), ['5 aabb', '1029 ccddee']));
test('one frame in three packets', (t) => {
  const pieces = [
    packetOf(1, 5, false, '0010 0028 aabb'),
    packetOf(2, 5, false, '0010 0028 cc'),
    packetOf(3, 5, true, '0010 0028 ddee'),
  ];
  t.deepEqual(framesOf(pieces), ['5 aabbccddee']);
  t.deepEqual(framesOf(pieces.filter((_, index) => index !== 1)), []);
});
test('interleaved frames and headers without frames are dropped', (t) => {
  t.deepEqual(
    framesOf([
      packetOf(1, 5, true, '0010 0011 aabb'),
      packetOf(2, 5, true, '0010 0010'),
      packetOf(3, 5, true, 'ffff 0010 aabb'),
    ]),
    [],
  );
});
test('damaged AAC packets never break out of their bytes', (t) => {
  const all = capturedPackets('ffmpeg-aac.rtp');
  forSeeds(1000, (random) => framesOf(all.map((packet) => (random.chance(0.4) ? mutate(random, packet) : packet))));
  t.pass();
});
test('a packet of G.711 or Opus is one frame, a giant one none', (t) => {
  const frames: number[] = [];
  const depacketizer = createPlainAudioDepacketizer({
    frame: (_timestamp, _bytes, start, end) => frames.push(end - start),
  });
  feed(depacketizer, [packetOf(1, 5, false, 'aabbcc'), packetOf(2, 6, false, 'ab'.repeat(MAX_PLAIN_AUDIO + 1))]);
  t.deepEqual(frames, [3]);
});
