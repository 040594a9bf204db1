import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import type { AccessUnitSink } from '../../../src/media/rtp/access-unit-sink.ts';
import { createH264Depacketizer } from '../../../src/media/rtp/depacketize-h264.ts';
import { createH265Depacketizer } from '../../../src/media/rtp/depacketize-h265.ts';
import { MAX_ACCESS_UNIT, MAX_UNREADABLE_PACKETS } from '../../../src/media/rtp/depacketizer.ts';
import type { Depacketizer } from '../../../src/media/rtp/depacketizer.ts';
import { mutate } from '../../support/mutate.ts';
import {
  annexBUnits,
  capturedPackets,
  createUnitCollector,
  feed,
  hexOf,
  packetOf,
  textOf,
} from '../../support/rtp-packets.ts';
import { forSeeds } from '../../support/seeded-random.ts';

type Make = (sink: AccessUnitSink) => Depacketizer;
const kinds = [
  {
    make: createH264Depacketizer,
    packets: 'ffmpeg-h264.rtp',
    source: 'x264-160x120-bframes-slices.h264',
    perUnit: 2,
    isVcl: (first: number) => (first & 31) <= 5,
  },
  {
    make: createH265Depacketizer,
    packets: 'ffmpeg-h265.rtp',
    source: 'x265-162x122-bframes.h265',
    perUnit: 1,
    isVcl: (first: number) => first >> 1 < 32,
  },
] as const;

/** What comes of packets. */
function unitsOf(make: Make, packets: readonly Uint8Array[]): readonly string[] {
  const { sink, units } = createUnitCollector();
  const depacketizer = make(sink);
  feed(depacketizer, packets);
  depacketizer.reset();
  return textOf(units);
}

for (const { make, packets, source, perUnit, isVcl } of kinds) {
  test(`${packets}: every NAL unit of the source arrives, whole and in order`, (t) => {
    const { sink, units } = createUnitCollector();
    feed(make(sink), capturedPackets(packets));
    t.is(units.length, 20);
    t.true(units.every(({ intact }) => intact));
    t.deepEqual(units.flatMap(({ nals }) => nals).map(hexOf), annexBUnits(source).map(hexOf));
    t.true(units.every(({ nals }) => nals.filter((nal) => isVcl(nal[0] ?? 0)).length === perUnit));
    const timestamps = units.map(({ timestamp }) => timestamp);
    t.notDeepEqual(
      timestamps,
      timestamps.toSorted((one, other) => one - other),
      'B-frames come in decoding order',
    );
  });

  test(`${packets}: whatever one packet is lost, what is called intact is what was sent`, (t) => {
    const all = capturedPackets(packets);
    const whole = createUnitCollector();
    feed(make(whole.sink), all);
    const pictures = (unit: (typeof whole.units)[number]): string =>
      `${unit.timestamp} ${unit.nals
        .filter((nal) => isVcl(nal[0] ?? 0))
        .map(hexOf)
        .join(' ')}`;
    const sent = new Set(whole.units.map(pictures));
    let least = whole.units.length;
    for (let lost = 1; lost < all.length - 1; lost += 1) {
      const { sink, units } = createUnitCollector();
      feed(
        make(sink),
        all.filter((_, index) => index !== lost),
      );
      const intact = units.filter((unit) => unit.intact);
      for (const unit of intact)
        if (unit.nals.some((nal) => isVcl(nal[0] ?? 0))) t.true(sent.has(pictures(unit)), `packet ${lost}`);
      least = Math.min(least, intact.length);
    }
    t.true(
      least >= whole.units.length - 2,
      `one packet costs at most two access units, cost ${whole.units.length - least}`,
    );
  });

  test(`${packets}: damaged, doubled and missing packets never break the order of calls`, (t) => {
    const all = capturedPackets(packets);
    forSeeds(400, (random) => {
      const { sink, units } = createUnitCollector();
      const depacketizer = make(sink);
      const played = all.flatMap((packet) => {
        if (random.chance(0.1)) return [];
        if (random.chance(0.1)) return [packet, packet];
        return [random.chance(0.2) ? mutate(random, packet, random.pick(all)) : packet];
      });
      try {
        feed(depacketizer, played);
      } catch (error) {
        if (!(error instanceof UnderstudyError)) throw error;
      }
      depacketizer.reset();
      if (units.length > played.length * 2 + 1) throw new Error('more access units than packets');
    });
    t.pass();
  });
}

const h264 = test.macro<[packets: readonly Uint8Array[], expected: readonly string[]]>({
  title: (given) => `H.264: ${given}`,
  exec: (t, packets, expected) => t.deepEqual(unitsOf(createH264Depacketizer, packets), expected),
});
const h265 = test.macro<[packets: readonly Uint8Array[], expected: readonly string[]]>({
  title: (given) => `H.265: ${given}`,
  exec: (t, packets, expected) => t.deepEqual(unitsOf(createH265Depacketizer, packets), expected),
});

test(
  'single NAL units of one picture',
  h264,
  [packetOf(1, 10, false, '6742'), packetOf(2, 10, false, '68ce'), packetOf(3, 10, true, '6588aa')],
  ['10 ok 6742 68ce 6588aa'],
);
test('STAP-A', h264, [packetOf(1, 10, true, '78 0002 6742 0002 68ce 0003 6588aa')], ['10 ok 6742 68ce 6588aa']);
test(
  'a STAP-A that runs over its end breaks the access unit only',
  h264,
  [packetOf(1, 10, true, '78 0003 6588aa 00ff 41'), packetOf(2, 20, true, '4188')],
  ['10 broken 6588aa', '20 ok 4188'],
);
test(
  'FU-A',
  h264,
  [packetOf(1, 10, false, '7c 85 88aa'), packetOf(2, 10, false, '7c 05 bb'), packetOf(3, 10, true, '7c 45 cc')],
  ['10 ok 6588aabbcc'],
);
test(
  'FU-A whose beginning was lost',
  h264,
  [
    packetOf(1, 10, true, '4188'),
    packetOf(3, 20, false, '7c 05 bb'),
    packetOf(4, 20, true, '7c 45 cc'),
    packetOf(5, 30, true, '4188'),
  ],
  ['10 ok 4188', '20 broken', '30 ok 4188'],
);
test(
  'no marker on the last packet: a new timestamp ends the access unit',
  h264,
  [packetOf(1, 10, false, '6588'), packetOf(2, 20, false, '4188'), packetOf(3, 30, false, '4199')],
  ['10 ok 6588', '20 ok 4188', '30 broken 4199'],
);
test(
  'a marker behind parameter sets of their own does not end the access unit',
  h264,
  [packetOf(1, 10, true, '6742'), packetOf(2, 10, true, '68ce'), packetOf(3, 10, true, '6588')],
  ['10 ok 6742 68ce 6588'],
);
test(
  'a marker on every slice: from the second picture on only timestamps count',
  h264,
  [
    packetOf(1, 10, true, '6588'),
    packetOf(2, 10, true, '6544'),
    packetOf(3, 20, true, '4188'),
    packetOf(4, 20, true, '4144'),
    packetOf(5, 30, true, '4188'),
    packetOf(6, 40, true, '4188'),
  ],
  ['10 ok 6588', '10 broken 6544', '20 ok 4188 4144', '30 ok 4188', '40 broken 4188'],
);
test(
  'NAL units with start codes in front lose them',
  h264,
  [packetOf(1, 10, true, '00000001 6742 000001 68ce 00000001 6588aa')],
  ['10 ok 6742 68ce 6588aa'],
);
test(
  'loss between pictures spares the next one if it is there from its first slice',
  h264,
  [packetOf(1, 10, true, '6588'), packetOf(3, 20, true, '4188'), packetOf(5, 30, true, '4144')],
  ['10 ok 6588', '20 ok 4188', '30 broken 4144'],
);
test(
  'loss at the end of a picture without marker breaks it',
  h264,
  [packetOf(1, 10, false, '6588'), packetOf(3, 20, true, '4188')],
  ['10 broken 6588', '20 ok 4188'],
);
test(
  'timestamps that wrap go on',
  h264,
  [packetOf(1, 0x1_0000_0000 - 5, true, '6588'), packetOf(2, 5, true, '4188')],
  ['-5 ok 6588', '5 ok 4188'],
);
test(
  'an aggregation packet',
  h265,
  [packetOf(1, 10, true, '6001 0003 400101 0003 420101 0004 260180aa')],
  ['10 ok 400101 420101 260180aa'],
);
test(
  'a fragmentation unit',
  h265,
  [packetOf(1, 10, false, '6201 93 80aa'), packetOf(2, 10, true, '6201 53 bb')],
  ['10 ok 260180aabb'],
);
test(
  'a fragmentation unit with its middle lost',
  h265,
  [packetOf(1, 10, false, '6201 93 80aa'), packetOf(3, 10, true, '6201 53 bb'), packetOf(4, 20, true, '020180')],
  ['10 broken', '20 ok 020180'],
);

test('interleaved H.264 is refused by name, a few odd packets are not', (t) => {
  const odd = (count: number) =>
    Array.from({ length: count }, (_, index) => packetOf(index, 10 * index, true, '7d85880000'));
  t.notThrows(() =>
    unitsOf(createH264Depacketizer, [
      ...odd(MAX_UNREADABLE_PACKETS - 1),
      packetOf(MAX_UNREADABLE_PACKETS, 1, true, '6588'),
      ...odd(2),
    ]),
  );
  t.throws(() => unitsOf(createH264Depacketizer, odd(MAX_UNREADABLE_PACKETS)), {
    code: 'rtp/payload-format',
    message: /packetization mode 0 or 1.*type 29/,
  });
});
test('an access unit without end is cut at its bound and never called intact', (t) => {
  let [bytes, intact] = [0, true];
  const sink: AccessUnitSink = {
    beginAccessUnit: () => undefined,
    beginNal: () => undefined,
    data: (_bytes, start, end) => (bytes += end - start),
    endNal: () => undefined,
    endAccessUnit: (whole) => (intact = whole),
  };
  const depacketizer = createH264Depacketizer(sink);
  const piece = packetOf(1, 10, false, `7c05${'ab'.repeat(60_000)}`);
  const start = packetOf(0, 10, false, '7c8588');
  feed(
    depacketizer,
    [start, ...Array.from({ length: 200 }, () => piece)].map((packet, index) => {
      const copy = Buffer.from(packet);
      copy.writeUInt16BE(index, 2);
      return copy;
    }),
  );
  t.true(bytes <= MAX_ACCESS_UNIT && bytes > MAX_ACCESS_UNIT / 2);
  depacketizer.reset();
  t.false(intact);
});
