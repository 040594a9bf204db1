import test from 'ava';
import { createFramer, lengthPrefix, MAX_MESSAGE_BYTES } from '../../src/smb/framing.ts';
import { record, zeros } from '../../src/smb/little-endian.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { toHex } from './hex.ts';

test('messages come out whole however the stream is cut', (t) => {
  forSeeds(50, (random) => {
    const messages = Array.from({ length: 20 }, () => random.bytes(random.int(1, 300)));
    const stream = record(...messages.flatMap((message) => [lengthPrefix(message.length), message]));
    const framer = createFramer();
    const seen: Uint8Array[] = [];
    for (let at = 0; at < stream.length;) {
      const length = random.pick([1, 2, 5, 100, 1000]);
      seen.push(...framer.push(stream.subarray(at, at + length)));
      at += length;
    }
    t.deepEqual(seen.map(toHex), messages.map(toHex));
  });
});

test('the longest message is taken, a longer one, an empty one and other traffic are refused at once', (t) => {
  const framer = createFramer();
  t.deepEqual(framer.push(lengthPrefix(MAX_MESSAGE_BYTES)), []);
  t.is(framer.push(zeros(MAX_MESSAGE_BYTES))[0]?.length, MAX_MESSAGE_BYTES);
  const refused = { code: 'smb-protocol' };
  t.throws(() => createFramer().push(lengthPrefix(MAX_MESSAGE_BYTES + 1)), refused);
  t.throws(() => createFramer().push(lengthPrefix(0)), refused);
  t.throws(() => createFramer().push(Buffer.from('HTTP/1.1 400')), refused);
});
