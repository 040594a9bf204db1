import test from 'ava';
import { encodeReceiverReport, encodeSenderReport, MAX_COMPOUND, parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { createReceiverStatistics } from '../../../src/media/rtp/statistics.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const all = (bytes: Uint8Array) => parseRtcp(bytes, 0, bytes.length);
const BLOCK = {
  source: 7,
  fractionLost: 12,
  cumulativeLost: -3,
  extendedHighest: 0x1_0005,
  jitter: 9,
  lastSenderReport: 0xdead_beef,
  delay: 65_536,
};
const REPORT = {
  kind: 'sender-report',
  ssrc: 0xffff_fffe,
  wallMs: 1_795_300_000_250,
  ntpMiddle: 0,
  rtpTimestamp: 0xffff_0000,
  packets: 5,
  octets: 600,
} as const;

/** RFC 3550 §6.6, of source 9. */
const BYE = Uint8Array.of(0x81, 203, 0, 1, 0, 0, 0, 9);

test('a sender report is read back, its time to the millisecond', (t) => {
  const [report, description] = all(encodeSenderReport(REPORT, 'camera@h'));
  t.like(report, { ...REPORT, ntpMiddle: report?.kind === 'sender-report' ? report.ntpMiddle : -1 });
  t.deepEqual(description, { kind: 'source-description', ssrc: REPORT.ssrc, cname: 'camera@h' });
});
test('a camera without clock says so with zero', (t) =>
  t.like(all(encodeSenderReport({ ...REPORT, wallMs: undefined }, 'c'))[0], { wallMs: undefined }));
test('times after 2036 are read', (t) => {
  const wallMs = Date.UTC(2040, 0, 1);
  t.like(all(encodeSenderReport({ ...REPORT, wallMs }, 'c'))[0], { wallMs });
});
test('a receiver report is read back', (t) => {
  t.deepEqual(all(encodeReceiverReport(1, [BLOCK], 'x')), [
    { kind: 'receiver-report', ssrc: 1, blocks: [BLOCK] },
    { kind: 'source-description', ssrc: 1, cname: 'x' },
  ]);
});
test('names of every length end with a zero in whole words', (t) => {
  for (let length = 0; length < 300; length += 1) {
    const bytes = encodeReceiverReport(1, [], 'a'.repeat(length));
    t.is(bytes.length % 4, 0);
    t.is(bytes.at(-1), 0);
  }
});
test('BYE is read', (t) => t.deepEqual(all(BYE), [{ kind: 'bye', sources: [9], reason: undefined }]));
test('one datagram gives a bounded number of packets', (t) =>
  t.is(all(Buffer.concat(Array.from({ length: 100 }, () => BYE))).length, MAX_COMPOUND));
test('damaged RTCP never reads outside', (t) => {
  const whole = Buffer.concat([encodeSenderReport(REPORT, 'camera'), encodeReceiverReport(1, [BLOCK], 'x'), BYE]);
  forSeeds(5000, (random) => {
    const bytes = mutate(random, whole);
    parseRtcp(bytes, 0, bytes.length);
  });
  t.pass();
});

test('loss, wrap and late packets are counted as RFC 3550 A.3 does', (t) => {
  const statistics = createReceiverStatistics(90_000);
  t.deepEqual(
    [65_534, 65_535, 2, 0, 3].map((sequence, index) => statistics.received(sequence, index * 3600, index * 40)),
    [0, 0, 2, -1, 0],
  );
  t.is(statistics.lost(), 1);
  const report = statistics.report();
  t.like(report, { cumulativeLost: 1, extendedHighest: 0x1_0003, fractionLost: Math.floor(256 / 6), jitter: 0 });
  t.like(statistics.report(), { fractionLost: 0, cumulativeLost: 1 });
});
test('a sender that starts anew is no loss of thousands', (t) => {
  const statistics = createReceiverStatistics(90_000);
  statistics.received(10, 0, 0);
  t.is(statistics.received(40_000, 0, 40), 1);
  t.is(statistics.lost(), 0);
});
test('jitter follows RFC 3550 A.8', (t) => {
  const statistics = createReceiverStatistics(90_000);
  for (let index = 0; index < 400; index += 1) statistics.received(index, index * 3600, index * 40 + (index % 2) * 10);
  t.true(Math.abs(statistics.report().jitter - 900) < 20);
});
