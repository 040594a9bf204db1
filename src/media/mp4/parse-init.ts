/**
 * The start of a segment read back: layout, codec strings, hashes, and whose segment it is.
 *
 * Belongs here: bytes to values, for files that we wrote. Does not: reading files (scan.ts), other people's MP4.
 */
import { UnderstudyError, messageOf } from '../../core/errors.ts';
import { parseAudioSpecificConfig } from '../codec/aac.ts';
import { createParameterSets } from '../codec/parameter-sets.ts';
import type { AudioTrack, TrackLayout, VideoTrack } from '../tracks.ts';
import { boxAt, boxesIn, childOf, corrupt, descend } from './box-reader.ts';
import type { BoxAt } from './box-reader.ts';
import { read16, read32 } from './bytes.ts';
import { parameterSetsOfAvcC, parameterSetsOfHvcC } from './decoder-configuration.ts';
import { chainStartOf, hexOf, sha256 } from './fragment-hash.ts';
import { paddedEnd } from './init-segment.ts';
import { parseSegmentHeader, SEGMENT_UUID } from './segment-header.ts';
import type { SegmentHeader } from './segment-header.ts';

/** A `moov` holds parameter sets of at most 64 KB each; ours are below 2 KB in all. */
export const MAX_INIT_BYTES: number = 1024 * 1024;

export type InitInfo = {
  readonly header: SegmentHeader;
  readonly layout: TrackLayout;
  /** SHA-256 of the `moov` box in hex. */
  readonly layoutHash: string;
  /** Where `ftyp` and `moov` end: what a player needs of the file's start. */
  readonly moovEnd: number;
  /** Where the `uuid` ends and padding begins. */
  readonly hashedLength: number;
  /** Where the first fragment begins. */
  readonly length: number;
  /** What the first fragment's chain goes on from. */
  readonly chainStart: Uint8Array;
};

/** @throws UnderstudyError of kind `corrupt` */
export function parseInit(bytes: Uint8Array): InitInfo {
  const ftyp = expectBox(bytes, 0, 'ftyp');
  const moov = expectBox(bytes, ftyp.end, 'moov');
  const uuid = expectBox(bytes, moov.end, 'uuid');
  if (!SEGMENT_UUID.every((byte, index) => bytes[uuid.body + index] === byte)) {
    throw corrupt('the uuid box behind moov is not the segment header', uuid.start);
  }
  return {
    header: parseSegmentHeader(bytes.subarray(uuid.body + SEGMENT_UUID.length, uuid.end)),
    layout: parseMoov(bytes, moov),
    layoutHash: hexOf(sha256(bytes.subarray(moov.start, moov.end))),
    moovEnd: moov.end,
    hashedLength: uuid.end,
    length: paddedEnd(uuid.end),
    chainStart: chainStartOf(bytes.subarray(0, uuid.end)),
  };
}

function expectBox(bytes: Uint8Array, at: number, type: string): BoxAt {
  const found = boxAt(bytes, at, bytes.length);
  if (found.type !== type) throw corrupt(`${type} expected, ${found.type} found`, at);
  return found;
}

/** Layout of the tracks in a `moov`, fragmented or not. @throws UnderstudyError of kind `corrupt` */
export function parseMoov(bytes: Uint8Array, moov: BoxAt): TrackLayout {
  let video: VideoTrack | undefined;
  let audio: AudioTrack | undefined;
  for (const trak of boxesIn(bytes, moov.body, moov.end).filter(({ type }) => type === 'trak')) {
    const stsd = descend(bytes, trak, 'mdia', 'minf', 'stbl', 'stsd');
    const mdhd = descend(bytes, trak, 'mdia', 'mdhd');
    const timescale = read32(bytes, mdhd.body + (bytes[mdhd.body] === 1 ? 20 : 12));
    const entry = boxAt(bytes, stsd.body + 8, stsd.end);
    if (entry.type === 'avc1' || entry.type === 'hvc1') video = parseVideoEntry(bytes, entry);
    else audio = parseAudioEntry(bytes, entry, timescale);
  }
  if (video === undefined) throw corrupt('moov has no avc1 or hvc1 track', moov.start);
  return { video, audio };
}

function parseVideoEntry(bytes: Uint8Array, entry: BoxAt): VideoTrack {
  const children = { body: entry.body + 78, end: entry.end };
  const codec = entry.type === 'avc1' ? 'h264' : 'h265';
  const { body, end } = childOf(bytes, children, codec === 'h264' ? 'avcC' : 'hvcC');
  const record = bytes.subarray(body, end);
  const { nalUnits } = (codec === 'h264' ? parameterSetsOfAvcC : parameterSetsOfHvcC)(record);
  const [width, height] = [read16(bytes, entry.body + 24), read16(bytes, entry.body + 26)];
  const track = readable(body, () => createParameterSets(codec, nalUnits).track());
  if (track === undefined) throw corrupt('no readable set of parameter sets', body);
  return { ...track, width, height };
}

/** What a parser of the wire refuses is, in a file, damage. */
function readable<T>(offset: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw corrupt(messageOf(error), offset);
  }
}

function parseAudioEntry(bytes: Uint8Array, entry: BoxAt, sampleRate: number): AudioTrack {
  const channels = read16(bytes, entry.body + 16);
  const plain = { sampleRate, channels, config: new Uint8Array() };
  switch (entry.type) {
    case 'alaw':
      return { codec: 'pcma', ...plain, codecString: 'alaw' };
    case 'ulaw':
      return { codec: 'pcmu', ...plain, codecString: 'ulaw' };
    case 'Opus':
      return { codec: 'opus', ...plain, codecString: 'opus' };
    case 'mp4a': {
      const config = parseEsds(bytes, childOf(bytes, { body: entry.body + 28, end: entry.end }, 'esds'));
      const { codecString } = readable(entry.body, () => parseAudioSpecificConfig(config));
      return { codec: 'aac', sampleRate, channels, config, codecString };
    }
    default:
      throw new UnderstudyError('corrupt', 'mp4/codec', `a track of ${entry.type}, which Understudy does not write`);
  }
}

/** The AudioSpecificConfig in the descriptors as sample-entries.ts writes them. */
function parseEsds(bytes: Uint8Array, { body, end }: BoxAt): Uint8Array {
  const es = descriptorAt(bytes, body + 4, end);
  const config = descriptorAt(bytes, es.body + 3, es.end);
  const specific = descriptorAt(bytes, config.body + 13, config.end);
  if (es.tag !== 3 || config.tag !== 4 || specific.tag !== 5) throw corrupt('esds has no AudioSpecificConfig', body);
  return bytes.slice(specific.body, specific.end);
}

type Descriptor = { readonly tag: number; readonly body: number; readonly end: number };

function descriptorAt(bytes: Uint8Array, at: number, limit: number): Descriptor {
  let body = at + 1;
  let size = 0;
  let more = true;
  for (let length = 0; more && length < 4; length += 1, body += 1) {
    const byte = bytes[body] ?? 0;
    size = size * 128 + (byte & 127);
    more = byte >= 128;
  }
  if (body + size > limit) throw corrupt('a descriptor of esds does not fit', at);
  return { tag: bytes[at] ?? 0, body, end: body + size };
}
