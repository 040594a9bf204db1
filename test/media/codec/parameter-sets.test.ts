import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import { parseAudioSpecificConfig } from '../../../src/media/codec/aac.ts';
import { createBitReader, withoutEmulationPrevention } from '../../../src/media/codec/bit-reader.ts';
import { parseH264Pps, parseH264Sps } from '../../../src/media/codec/h264.ts';
import { parseH265Pps, parseH265Sps, parseH265Vps } from '../../../src/media/codec/h265.ts';
import { createParameterSets, MAX_KEPT_SETS, MAX_PARAMETER_SET } from '../../../src/media/codec/parameter-sets.ts';
import { mutate } from '../../support/mutate.ts';
import { annexBUnits } from '../../support/rtp-packets.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const base64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const h264 = annexBUnits('x264-160x120-bframes-slices.h264');
const h265 = annexBUnits('x265-162x122-bframes.h265');
const h265TypeOf = (nal: Uint8Array): number => ((nal[0] ?? 0) >> 1) & 63;
const ofType = (units: readonly Uint8Array[], type: number, codec: 'h264' | 'h265'): Uint8Array =>
  units.find((nal) => (codec === 'h264' ? (nal[0] ?? 0) & 31 : h265TypeOf(nal)) === type) ?? new Uint8Array(0);
const sps = ofType(h264, 7, 'h264');
const pps = ofType(h264, 8, 'h264');
const sets265 = [32, 33, 34].map((type) => ofType(h265, type, 'h265'));

test('bits, Exp-Golomb codes and their end are read', (t) => {
  const reader = createBitReader(Uint8Array.of(0b1_010_011_0, 0b0100_0010, 0b1000_0000), 0);
  t.deepEqual([reader.ue(), reader.ue(), reader.ue(), reader.ue(), reader.se()], [0, 1, 2, 3, -2]);
  t.false(reader.overrun());
  reader.skip(30);
  t.true(reader.overrun());
  t.is(reader.ue(), 0);
  t.deepEqual(
    [...withoutEmulationPrevention(Uint8Array.of(0, 0, 3, 0, 0, 3, 1, 3, 0, 0, 0, 3))],
    [0, 0, 0, 0, 1, 3, 0, 0, 0],
  );
});

test('an H.264 parameter set of x264 tells size, rate, B-frames and codec string', (t) => {
  t.like(parseH264Sps(sps), {
    width: 160,
    height: 120,
    profile: 100,
    chromaFormat: 1,
    lumaDepth: 8,
    progressive: true,
    reorderFrames: 2,
    framesPerSecond: 10,
    codecString: 'avc1.640009',
  });
  t.deepEqual(parseH264Pps(pps), { id: 0, spsId: 0 });
});
test('1080 lines are cropped from 1088', (t) => {
  t.like(parseH264Sps(base64('Z2QAKKzZQHgCJ+XARAAAAwAEAAADAPA8YMZY')), {
    width: 1920,
    height: 1080,
    codecString: 'avc1.640028',
  });
});
test('a camera parameter set in baseline has no reordering', (t) => {
  t.like(parseH264Sps(base64('Z0IAKeKQFAe2AtwEBAaQeJEV')), {
    width: 640,
    height: 480,
    reorderFrames: 0,
    codecString: 'avc1.420029',
  });
});
test('a cut VUI is no reason to refuse the picture size', (t) => {
  const cut = sps.subarray(0, sps.length - 6);
  t.like(parseH264Sps(cut), { width: 160, height: 120, reorderFrames: undefined });
});
test('an H.265 parameter set of x265 tells size, depth, B-frames and codec string', (t) => {
  const [vps = sps, set = sps, last = sps] = sets265;
  t.like(parseH265Sps(set), {
    width: 162,
    height: 122,
    chromaFormat: 1,
    lumaDepth: 8,
    chromaDepth: 8,
    temporalLayers: 1,
    codecString: 'hvc1.1.6.L30.90',
  });
  t.true(parseH265Sps(set).reorderFrames > 0);
  t.is(parseH265Sps(set).profileTierLevel.length, 12);
  t.deepEqual([parseH265Vps(vps).id, parseH265Pps(last)], [0, { id: 0, spsId: 0 }]);
});
test('a track is there as soon as there is one set of each kind', (t) => {
  const sets = createParameterSets('h264', []);
  t.is(sets.offer(pps, 0, pps.length), 'changed');
  t.is(sets.track(), undefined);
  t.is(sets.offer(sps, 0, sps.length), 'changed');
  t.deepEqual(
    sets.track()?.parameterSets.map((nal) => (nal[0] ?? 0) & 31),
    [7, 8],
  );
  t.like(sets.track(), { codec: 'h264', width: 160, height: 120, codecString: 'avc1.640009' });
  t.is(sets.reorderFrames(), 2);
  const track = sets.track();
  t.is(sets.offer(sps, 0, sps.length), 'known');
  t.is(sets.track(), track);
});
test('H.265 sets from the description make the track, in order', (t) => {
  const sets = createParameterSets('h265', sets265.toReversed());
  t.deepEqual(sets.track()?.parameterSets.map(h265TypeOf), [32, 33, 34]);
  t.like(sets.track(), { width: 162, height: 122 });
});
test('a change of resolution in the middle is a change of the track', (t) => {
  const sets = createParameterSets('h264', [sps, pps]);
  const other = base64('Z2QAKKzZQHgCJ+XARAAAAwAEAAADAPA8YMZY');
  t.is(sets.offer(other, 0, other.length), 'changed');
  t.like(sets.track(), { width: 1920, height: 1080 });
  t.is(sets.track()?.parameterSets.length, 2);
});
test('damaged, giant and foreign sets change nothing', (t) => {
  const sets = createParameterSets('h264', [sps, pps]);
  const track = sets.track();
  for (const bytes of [
    Uint8Array.of(0x67, 0x64),
    new Uint8Array(MAX_PARAMETER_SET + 1).fill(0x67),
    Uint8Array.of(0x65, 0x88),
    new Uint8Array(0),
  ])
    t.is(sets.offer(bytes, 0, bytes.length), 'unreadable');
  t.is(sets.track(), track);
});
test('no more than a bounded number of sets is kept', (t) => {
  const sets = createParameterSets('h264', [sps, pps]);
  // Exp-Golomb ids 1 to 254 behind the header byte, then the rest of a set.
  for (let id = 1; id < 255; id += 1) {
    const code = (id + 1).toString(2);
    const bits = `${'0'.repeat(code.length - 1)}${code}111`.padEnd(32, '1');
    const nal = Uint8Array.of(0x68, ...(bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
    sets.offer(nal, 0, nal.length);
  }
  t.true((sets.track()?.parameterSets.length ?? 0) <= MAX_KEPT_SETS);
});
test('damaged parameter sets are read or refused, never anything else', (t) => {
  const parsers = [parseH264Sps, parseH264Pps, parseH265Vps, parseH265Sps, parseH265Pps, parseAudioSpecificConfig];
  forSeeds(3000, (random) => {
    const bytes = mutate(random, random.pick([sps, pps, ...sets265]), random.pick(sets265));
    for (const parse of parsers) {
      try {
        parse(bytes);
      } catch (error) {
        if (!(error instanceof UnderstudyError)) throw error;
      }
    }
  });
  t.pass();
});

test('AAC configurations are read and made', (t) => {
  t.like(parseAudioSpecificConfig(Uint8Array.of(0x14, 0x08)), {
    objectType: 2,
    sampleRate: 16_000,
    channels: 1,
    samplesPerFrame: 1024,
    codecString: 'mp4a.40.2',
  });
  t.like(parseAudioSpecificConfig(Uint8Array.of(0x2b, 0x92, 0x08, 0x00)), {
    objectType: 5,
    sampleRate: 22_050,
    codecString: 'mp4a.40.5',
  });
  for (const [config, sampleRate, channels] of [
    ['1588', 8000, 1],
    ['1210', 44_100, 2],
    ['1030', 96_000, 6],
  ] as const)
    t.like(parseAudioSpecificConfig(Buffer.from(config, 'hex')), { sampleRate, channels, objectType: 2 });
  t.throws(() => parseAudioSpecificConfig(new Uint8Array(0)), { code: 'codec/aac' });
});
