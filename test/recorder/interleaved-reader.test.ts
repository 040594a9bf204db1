import test from 'ava';
import { createInterleavedReader } from '../../src/recorder/interleaved-reader.ts';

const MESSAGE = Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 4\r\nContent-Length: 2\r\n\r\nhi');
const frame = (channel: number, payload: readonly number[]): Buffer =>
  Buffer.from([0x24, channel, payload.length >> 8, payload.length & 0xff, ...payload]);

test('frames and messages come out the same however the bytes are cut', (t) => {
  const whole = Buffer.concat([
    frame(0, [1, 2, 3]),
    MESSAGE,
    frame(1, []),
    frame(
      2,
      Array.from({ length: 5000 }, () => 7),
    ),
  ]);
  for (let size = 1; size < 60; size += 1) {
    const seen: string[] = [];
    const reader = createInterleavedReader({
      frame: (channel, _bytes, start, end) => seen.push(`${channel}:${end - start}`),
      message: (message) => seen.push(message.kind),
    });
    for (let at = 0; at < whole.length; at += size) {
      const piece = Buffer.from(whole.subarray(at, at + size));
      reader.push(piece, piece.length);
      piece.fill(0xff); // the bytes are borrowed until the call returns
    }
    t.deepEqual(seen, ['0:3', 'response', '1:0', '2:5000'], `pieces of ${size}`);
  }
});
