import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { BULK_LIMITS, createFrameReader, encodeFrame, FRAME_HEAD_BYTES, WATCH_LIMITS } from '../../src/peer/frames.ts';
import type { Frame } from '../../src/peer/frames.ts';
import { MAX_ATTACHMENT_BYTES, MAX_PEER_MESSAGE_BYTES } from '../../src/wire/peer-protocol.ts';
import { forSeeds } from '../support/seeded-random.ts';

const EMPTY = new Uint8Array(0);
const bytesOf = (message: object, attachment?: Uint8Array): Buffer =>
  Buffer.concat(encodeFrame(message, attachment, BULK_LIMITS));

test('the bytes of a frame are those of the design note', (t) => {
  t.is(bytesOf({ a: 'é' }).toString('hex'), `0000000a01${Buffer.from('{"a":"é"}').toString('hex')}`);
  t.is(bytesOf({}, Uint8Array.of(9, 8)).toString('hex'), '0000000802000000027b7d0908');
});

test('frames come out as they went in, however they are cut', (t) => {
  forSeeds(300, (random) => {
    const sent = Array.from({ length: random.int(1, 8) }, (_, index) => ({
      message: { index, text: 'ü'.repeat(random.int(0, 200)) },
      attachment: random.chance(0.5) ? random.bytes(random.int(0, 3000)) : undefined,
    }));
    const all = Buffer.concat(sent.map(({ message, attachment }) => bytesOf(message, attachment)));
    const reader = createFrameReader(BULK_LIMITS);
    const got: Frame[] = [];
    for (let at = 0; at < all.length;) {
      const end = Math.min(all.length, at + random.pick([1, 2, 7, 100, 5000]));
      reader.push(all.subarray(at, end), (frame) => got.push(frame) > 0);
      at = end;
    }
    if (reader.pending() !== undefined || got.length !== sent.length) throw new Error('frames are missing');
    for (const [index, { message, attachment }] of sent.entries()) {
      const frame = got[index];
      if (frame?.json !== JSON.stringify(message)) throw new Error('another message');
      if ((attachment === undefined) !== (frame.attachment === undefined)) throw new Error('an attachment or none');
      if (Buffer.compare(attachment ?? EMPTY, frame.attachment ?? EMPTY) !== 0) throw new Error('another attachment');
    }
  });
  t.pass();
});

test('random bytes give frames or an error of ours, and what is held stays bounded', (t) => {
  forSeeds(2000, (random) => {
    const reader = createFrameReader({ jsonBytes: 500, attachmentBytes: random.pick([0, 500]) });
    try {
      for (let chunks = 0; chunks < 20; chunks += 1) {
        const chunk = random.bytes(random.int(3, 40));
        if (random.chance(0.7)) chunk.set([0, 0, 0], 0);
        reader.push(chunk, () => random.chance(0.9));
        if ((reader.pending() ?? 0) > FRAME_HEAD_BYTES + 1004) throw new Error('more than the bound');
      }
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});

test('the largest frames pass and one byte more does not', (t) => {
  const filler = (length: number): string => 'x'.repeat(length - 2);
  const message = filler(MAX_PEER_MESSAGE_BYTES) as unknown as object;
  const attachment = new Uint8Array(MAX_ATTACHMENT_BYTES);
  const reader = createFrameReader(BULK_LIMITS);
  let frames = 0;
  reader.push(bytesOf(message, attachment), () => (frames += 1) > 0);
  t.is(frames, 1);
  t.throws(() => bytesOf(filler(MAX_PEER_MESSAGE_BYTES + 1) as unknown as object), { code: 'peer/too-large' });
  t.throws(() => bytesOf({}, new Uint8Array(MAX_ATTACHMENT_BYTES + 1)), { code: 'peer/too-large' });
  t.throws(() => encodeFrame({}, new Uint8Array(1), WATCH_LIMITS), { code: 'peer/too-large' });
  const watch = createFrameReader(WATCH_LIMITS);
  t.throws(() => watch.push(Buffer.from('000000060200000002', 'hex'), () => true), { code: 'peer/framing' });
  const limited = createFrameReader({ jsonBytes: 10, attachmentBytes: 0 });
  limited.limit(BULK_LIMITS);
  limited.push(bytesOf({ a: 'longer than ten' }), () => true);
  t.throws(() => limited.push(Buffer.from('0000000402ffffffff', 'hex'), () => true), { code: 'peer/framing' });
});

test('after false from the receiver the rest is dropped', (t) => {
  const reader = createFrameReader(BULK_LIMITS);
  let frames = 0;
  const count = (): boolean => {
    frames += 1;
    return false;
  };
  reader.push(Buffer.concat([bytesOf({ a: 1 }), bytesOf({ a: 2 })]), count);
  reader.push(bytesOf({ a: 3 }), count);
  t.is(frames, 1);
});
