import test from 'ava';
import { binaryFrame, textFrame } from '../../src/recorder/websocket-frames.ts';

/** RFC 6455 §5.2: seven bits, or 126 and 16 bits, or 127 and 64 bits; always the shortest. */
for (const [length, header] of [
  [0, [0x82, 0]],
  [125, [0x82, 125]],
  [126, [0x82, 126, 0, 126]],
  [65_535, [0x82, 126, 0xff, 0xff]],
  [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
] as const)
  test(`a message of ${length} bytes has the header of RFC 6455`, (t) => {
    const payload = Buffer.alloc(length, 7);
    const frame = binaryFrame(payload);
    t.deepEqual([...frame.subarray(0, header.length)], [...header]);
    t.true(frame.subarray(header.length).equals(payload));
  });

test('parts become one message; text is counted in bytes', (t) => {
  t.deepEqual([...binaryFrame(Uint8Array.of(1), Uint8Array.of(2, 3))], [0x82, 3, 1, 2, 3]);
  t.deepEqual([...textFrame('ä')], [0x81, 2, 0xc3, 0xa4]);
});
