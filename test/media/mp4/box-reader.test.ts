import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import { boxAt, boxesIn, MAX_BOXES } from '../../../src/media/mp4/box-reader.ts';
import { forSeeds } from '../../support/seeded-random.ts';

/** Empty `free` boxes, side by side. */
function boxes(count: number): Uint8Array {
  const bytes = Buffer.alloc(count * 8);
  for (let at = 0; at < bytes.length; at += 8) {
    bytes.writeUInt32BE(8, at);
    bytes.write('free', at + 4, 'latin1');
  }
  return bytes;
}

test('so many boxes side by side are read, and not one more', (t) => {
  t.is(boxesIn(boxes(MAX_BOXES), 0, MAX_BOXES * 8).length, MAX_BOXES);
  t.throws(() => boxesIn(boxes(MAX_BOXES + 1), 0, (MAX_BOXES + 1) * 8), {
    instanceOf: UnderstudyError,
    message: /more than 4096 boxes/,
  });
});

test('sizes of 64 bits and to the end are read; what claims more than is there is refused', (t) => {
  const large = Buffer.alloc(24);
  large.writeUInt32BE(1, 0);
  large.write('mdat', 4, 'latin1');
  large.writeBigUInt64BE(24n, 8);
  t.deepEqual(boxAt(large, 0, 24), { type: 'mdat', start: 0, body: 16, end: 24 });
  large.writeUInt32BE(0, 0);
  t.deepEqual(boxAt(large, 0, 24), { type: 'mdat', start: 0, body: 8, end: 24 });
  large.writeUInt32BE(25, 0);
  t.throws(() => boxAt(large, 0, 24), { message: /mdat claims 25 bytes, 24 are there/ });
  large.writeUInt32BE(1, 0);
  large.writeBigUInt64BE(2n ** 63n, 8);
  t.throws(() => boxAt(large, 0, 24), { instanceOf: UnderstudyError });
});

test('random bytes are read as boxes within them, or refused', (t) => {
  forSeeds(200, (random) => {
    const bytes = random.bytes(random.int(0, 200));
    try {
      let at = 0;
      for (const box of boxesIn(bytes, 0, bytes.length)) {
        t.is(box.start, at);
        t.true(box.body <= box.end && box.end <= bytes.length);
        at = box.end;
      }
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});
