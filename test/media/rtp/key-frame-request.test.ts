import test from 'ava';
import {
  encodeKeyFrameRequest,
  FIRST_REQUEST_AFTER_MS,
  isRequestDue,
  MAX_REQUESTS,
} from '../../../src/media/rtp/key-frame-request.ts';
import { encodeReceiverReport, parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const REQUEST = encodeKeyFrameRequest(0x0102_0304, 0xfffe_fdfc, 259);

test('PLI and FIR as the RFCs draw them', (t) => {
  t.deepEqual(
    [...REQUEST],
    [
      [0x81, 206, 0, 2, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc],
      [0x84, 206, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0xff, 0xfe, 0xfd, 0xfc, 3, 0, 0, 0],
    ].flat(),
  );
});

test('behind a receiver report both are read', (t) => {
  const bytes = Buffer.concat([encodeReceiverReport(0x0102_0304, [], 'us'), REQUEST]);
  const asked = { kind: 'key-frame-request', ssrc: 0x0102_0304, sources: [0xfffe_fdfc] } as const;
  t.deepEqual(parseRtcp(bytes, 0, bytes.length).slice(2), [asked, asked]);
});

test('other feedback asks for nothing, and random bytes do no harm', (t) => {
  const nack = REQUEST.slice(0, 12);
  nack[0] = 0x8f;
  t.deepEqual(parseRtcp(nack, 0, nack.length), []);
  forSeeds(500, (random) => {
    const bytes = mutate(random, REQUEST);
    t.notThrows(() => parseRtcp(bytes, 0, bytes.length));
  });
});

test('a session that begins with a key frame asks for nothing', (t) => {
  const asked = { playingSince: 1000, requests: 0, lastAt: 0 };
  t.false(isRequestDue(asked, 'key-frame', 100_000));
});

test('another picture first: asked for at once; nothing at all: after a moment', (t) => {
  const asked = { playingSince: 1000, requests: 0, lastAt: 0 };
  t.true(isRequestDue(asked, 'other', 1000));
  t.false(isRequestDue(asked, 'unknown', 1000 + FIRST_REQUEST_AFTER_MS - 1));
  t.true(isRequestDue(asked, 'unknown', 1000 + FIRST_REQUEST_AFTER_MS));
});

test('again each second, and then no more', (t) => {
  t.false(isRequestDue({ playingSince: 0, requests: 1, lastAt: 5000 }, 'other', 5999));
  t.true(isRequestDue({ playingSince: 0, requests: 1, lastAt: 5000 }, 'other', 6000));
  t.false(isRequestDue({ playingSince: 0, requests: MAX_REQUESTS, lastAt: 5000 }, 'other', 60_000));
});
