/**
 * Small valid segments from synthetic NAL units, written with the product's own writer, without ffmpeg. Nothing in them can
 * be decoded; sizes, times, hashes and chain are as in real ones.
 */
import { chainOf, hashPayload, hexOf } from '../../src/media/mp4/fragment-hash.ts';
import { fragmentHeaderSize, writeFragmentHeader, writeTrailingPadding } from '../../src/media/mp4/fragment-writer.ts';
import type { Fragment } from '../../src/media/mp4/fragment-writer.ts';
import { BLOCK_BYTES, encodeSegmentStart } from '../../src/media/mp4/init-segment.ts';
import { chainStartOf } from '../../src/media/mp4/fragment-hash.ts';
import { deriveDecodeTimes, deriveDurations } from '../../src/media/mp4/decode-times.ts';
import type { SegmentHeader } from '../../src/media/mp4/segment-header.ts';
import type { AudioTrack, TrackLayout, VideoTrack } from '../../src/media/tracks.ts';
import { createRandom } from './seeded-random.ts';

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Parameter sets of x264: High, 4:2:0, 320 x 180. */
export const TEST_VIDEO: VideoTrack = {
  codec: 'h264',
  parameterSets: [fromHex('6764000cacb202833f3e0220000003002000000641e2854900'), fromHex('68ebc3cb22c0')],
  width: 320,
  height: 180,
  codecString: 'avc1.64000C',
};
/** AAC-LC, 16 kHz, mono. */
export const TEST_AUDIO: AudioTrack = {
  codec: 'aac',
  sampleRate: 16_000,
  channels: 1,
  config: fromHex('1408'),
  codecString: 'mp4a.40.2',
};
export const TEST_SERVER_ID = '6f1c2b3a-0000-4000-8000-00000000000a';
/** 2026-11-21T10:00:00Z */
export const TEST_START_MS: number = Date.UTC(2026, 10, 21, 10);

export type BuildOptions = {
  readonly layout: TrackLayout;
  readonly header: Partial<SegmentHeader>;
  /** How many fragments. */
  readonly fragments: number;
  /** Access units a fragment, 40 ms each. */
  readonly accessUnits: number;
  /** Every so many fragments one begins with a key frame; the first one does. */
  readonly keyEvery: number;
  readonly firstSequence: number;
  /** Bytes of one slice. */
  readonly sliceBytes: number;
  /** Presentation order I P B B: access units come as 0 3 1 2. */
  readonly bFrames: boolean;
  readonly seed: number;
};

const DEFAULTS: BuildOptions = {
  layout: { video: TEST_VIDEO, audio: undefined },
  header: {},
  fragments: 4,
  accessUnits: 4,
  keyEvery: 2,
  firstSequence: 1,
  sliceBytes: 60,
  bFrames: false,
  seed: 1,
};

export type BuiltFragment = {
  readonly offset: number;
  readonly length: number;
  readonly sequence: number;
  readonly key: boolean;
  /** Wall microseconds, half open. */
  readonly start: number;
  readonly end: number;
  readonly accessUnits: number;
  readonly audioFrames: number;
};

export type BuiltSegment = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly header: SegmentHeader;
  readonly initLength: number;
  readonly fragments: readonly BuiltFragment[];
  /** Wall milliseconds at which the last access unit ends: the start of a segment that goes on from here. */
  readonly end: number;
  /** Chain after the last fragment in hex: `previous` of the segment behind it. */
  readonly chain: string;
  readonly nextSequence: number;
};

const FRAME_US = 40_000;
const FRAME_TICKS = 3600;

/** Of camera `cam-1`, main stream, as this server would write it. */
export const testHeader = (given: Partial<SegmentHeader>): SegmentHeader => ({
  cameraId: 'cam-1',
  stream: 'main',
  serverId: TEST_SERVER_ID,
  epoch: 1,
  start: TEST_START_MS,
  previous: undefined,
  clock: 'arrival',
  ...given,
});

export function buildSegment(given: Partial<BuildOptions> = {}): BuiltSegment {
  const options = { ...DEFAULTS, ...given };
  const header = testHeader(options.header);
  const start = encodeSegmentStart(options.layout, header);
  let chain: Uint8Array = chainStartOf(start.bytes.subarray(0, start.hashedLength));
  const parts: Uint8Array[] = [start.bytes];
  const fragments: BuiltFragment[] = [];
  let offset = start.bytes.length;
  for (let index = 0; index < options.fragments; index += 1) {
    const built = buildFragment(options, header, index, chain);
    parts.push(built.bytes);
    fragments.push({ ...built.about, offset, length: built.bytes.length });
    offset += built.bytes.length;
    chain = built.chain;
  }
  return {
    bytes: new Uint8Array(Buffer.concat(parts)),
    header,
    initLength: start.bytes.length,
    fragments,
    end: header.start + options.fragments * options.accessUnits * (FRAME_US / 1000),
    chain: hexOf(chain),
    nextSequence: options.firstSequence + options.fragments,
  };
}

/** The bytes of `segment` with its fragments in another order, some left out or more than once; the start stays. */
export function withFragments(segment: BuiltSegment, order: readonly number[]): Uint8Array<ArrayBuffer> {
  const pieces = order.map((index) => {
    const { offset = 0, length = 0 } = segment.fragments[index] ?? {};
    return segment.bytes.subarray(offset, offset + length);
  });
  return new Uint8Array(Buffer.concat([segment.bytes.subarray(0, segment.initLength), ...pieces]));
}

type Made = {
  readonly bytes: Uint8Array;
  readonly chain: Uint8Array;
  readonly about: Omit<BuiltFragment, 'offset' | 'length'>;
};

function buildFragment(options: BuildOptions, header: SegmentHeader, index: number, chainBefore: Uint8Array): Made {
  const { layout, accessUnits: count } = options;
  const key = index % options.keyEvery === 0;
  const random = createRandom(options.seed * 1000 + index + options.firstSequence);
  const samples = Array.from({ length: count }, (_, unit) =>
    accessUnitOf(layout.video.codec, {
      key: key && unit === 0,
      slice: random.bytes(options.sliceBytes),
      sei: unit % 2 === 0,
    }),
  );
  const audioSamples = layout.audio === undefined ? [] : Array.from({ length: 2 }, () => random.bytes(20));
  const payload = new Uint8Array(Buffer.concat([...samples, ...audioSamples]));
  const sizes = Uint32Array.from(samples, (sample) => sample.length);
  const first = index * count * FRAME_TICKS;
  const presentationTimes = Float64Array.from(
    { length: count },
    (_, unit) => first + shown(options, unit) * FRAME_TICKS,
  );
  const decodeTimes = new Float64Array(count);
  const offsets = new Int32Array(count);
  const durations = new Uint32Array(count);
  const reordered = deriveDecodeTimes({ count, presentationTimes, decodeTimes, offsets });
  deriveDurations(decodeTimes, count, first + count * FRAME_TICKS, durations);
  const leaves = new Uint8Array(32 * count);
  const restHash = hashPayload({ codec: layout.video.codec, payload, videoSizes: sizes, videoCount: count, leaves });
  const wall = header.start * 1000 + index * count * FRAME_US;
  const audioTicks = Math.round((count * FRAME_TICKS * (layout.audio?.sampleRate ?? 0)) / 90_000 / 2);
  const fragment: Fragment = {
    sequence: options.firstSequence + index,
    epoch: header.epoch,
    owner: fromHex(header.serverId.replaceAll('-', '')),
    key,
    continuous: index > 0 || header.previous !== undefined,
    senderReport: header.clock === 'sender-report',
    start: wall,
    end: wall + count * FRAME_US,
    video: { count, decodeTime: first, sizes, durations, compositionOffsets: reordered ? offsets : undefined },
    audio: {
      count: audioSamples.length,
      decodeTime: index * audioTicks * 2,
      sizes: Uint32Array.from(audioSamples, (sample) => sample.length),
      durations: Uint32Array.from(audioSamples, () => audioTicks),
    },
    leaves,
    restHash,
    chainBefore,
  };
  const { sequence, start, end } = fragment;
  const about = { sequence, key, start, end, accessUnits: count, audioFrames: audioSamples.length };
  return { ...encodeFragment(fragment, payload), about };
}

/** One fragment in a buffer of its own. */
export function encodeFragment(fragment: Fragment, payload: Uint8Array): { bytes: Uint8Array; chain: Uint8Array } {
  const { video, audio } = fragment;
  const header = fragmentHeaderSize(video.count, audio.count, video.compositionOffsets !== undefined);
  const headroom = header + BLOCK_BYTES + 8;
  const buffer = new Uint8Array(headroom + payload.length + 2 * BLOCK_BYTES);
  const base = headroom % 512;
  buffer.set(payload, headroom);
  const { start, chain, fragmentHash } = writeFragmentHeader(buffer, headroom, fragment, base);
  const end = writeTrailingPadding(buffer, headroom + payload.length, base);
  if (hexOf(chainOf(fragment.chainBefore, fragmentHash)) !== hexOf(chain)) throw new Error('chain does not follow');
  return { bytes: buffer.slice(start, end), chain };
}

type UnitOptions = { readonly key: boolean; readonly slice: Uint8Array; readonly sei: boolean };

/** Two slices, and an SEI in front where asked. */
function accessUnitOf(codec: 'h264' | 'h265', { key, slice, sei }: UnitOptions): Uint8Array {
  const vcl = codec === 'h264' ? [key ? 0x65 : 0x41] : [key ? 0x26 : 0x02, 1];
  const note = codec === 'h264' ? [0x06, 5, 2, 1, 2, 0x80] : [0x4e, 1, 5, 2, 1, 2, 0x80];
  const half = slice.length >> 1;
  const nals = [
    ...(sei ? [Uint8Array.from(note)] : []),
    Uint8Array.from([...vcl, ...slice.subarray(0, half)]),
    Uint8Array.from([...vcl, ...slice.subarray(half)]),
  ];
  return new Uint8Array(
    Buffer.concat(nals.flatMap((nal) => [Uint8Array.from([0, 0, nal.length >> 8, nal.length & 255]), nal])),
  );
}

/** Place in presentation order of the unit that comes as number `unit`: with B-frames 0 3 1 2 of every four. */
function shown({ bFrames }: BuildOptions, unit: number): number {
  return bFrames ? unit - (unit % 4) + ([0, 3, 1, 2][unit % 4] ?? 0) : unit;
}
