import test from 'ava';
import type { PictureStart } from '../../src/media/rtp/picture-start.ts';
import { FIRST_REQUEST_AFTER_MS, MAX_REQUESTS } from '../../src/media/rtp/key-frame-request.ts';
import { createKeyFrameAsker } from '../../src/recorder/key-frame-asker.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function rig(more: { readonly isKnown?: boolean } = {}) {
  const clock = createFakeClock();
  const facts: { start: PictureStart; begun: number; isKnown: boolean } = {
    start: 'unknown',
    begun: 0,
    isKnown: more.isKnown ?? true,
  };
  const sent: number[] = [];
  const asker = createKeyFrameAsker({
    clock,
    pictures: () => ({
      pictureStart: () => facts.start,
      keyFrameRequest: (sequence) => (facts.isKnown ? { track: 0, packet: Uint8Array.of(sequence) } : undefined),
    }),
    send: (_, packet) => sent.push(packet[0] ?? -1),
    begun: () => (facts.begun += 1),
  });
  const second = async (): Promise<void> => {
    await clock.advance(1000);
    asker.timePassed();
  };
  return { clock, facts, sent, asker, second };
}

test('a key frame that comes first is not asked for', async (t) => {
  const { clock, facts, sent, asker, second } = rig();
  asker.look();
  t.false(asker.hasBegun(), 'not before PLAY is answered');
  asker.playing();
  facts.start = 'key-frame';
  asker.look();
  t.true(asker.hasBegun());
  await clock.advance(FIRST_REQUEST_AFTER_MS * 2);
  await second();
  t.deepEqual(sent, []);
  t.is(facts.begun, 1);
});

test('another picture first: asked for at once, again until one came', async (t) => {
  const { facts, sent, asker, second } = rig();
  asker.playing();
  facts.start = 'other';
  asker.look();
  t.deepEqual(sent, [0]);
  await second();
  t.deepEqual(sent, [0, 1]);
  facts.start = 'key-frame';
  await second();
  t.deepEqual(sent, [0, 1]);
});

test('a camera that sends nothing before its next key frame is asked after a moment, and not for ever', async (t) => {
  const { clock, facts, sent, asker, second } = rig();
  asker.playing();
  await clock.advance(FIRST_REQUEST_AFTER_MS);
  t.deepEqual(sent, [0]);
  t.is(facts.begun, 1);
  for (let at = 0; at < 10; at += 1) await second();
  t.is(sent.length, MAX_REQUESTS);
});

test('who is not known yet is asked when it is', async (t) => {
  const { clock, facts, sent, asker, second } = rig({ isKnown: false });
  asker.playing();
  await clock.advance(FIRST_REQUEST_AFTER_MS);
  t.true(asker.hasBegun());
  await second();
  t.deepEqual(sent, []);
  facts.isKnown = true;
  await second();
  t.deepEqual(sent, [0]);
});

test('a session that ended asks for nothing more', async (t) => {
  const { clock, sent, asker } = rig();
  asker.playing();
  asker.stop();
  await clock.advance(FIRST_REQUEST_AFTER_MS * 2);
  t.deepEqual(sent, []);
});
