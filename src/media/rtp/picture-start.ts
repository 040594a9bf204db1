/**
 * What kind of picture a packet begins, from its first bytes: known before the access unit is whole (RFC 6184 §5, RFC 7798 §4.4).
 * Packets that cannot be read begin nothing.
 */
import { KEY, nalKindsOf, nalTypeOf, VCL } from '../codec/nal-kinds.ts';
import type { VideoCodec } from '../tracks.ts';

/** `unknown`: no picture has begun. */
export type PictureStart = 'unknown' | 'key-frame' | 'other';

/** `header`: bytes of a NAL unit's header, and of that in front of an aggregate or a fragment. */
type Format = {
  readonly header: number;
  readonly aggregate: number;
  readonly fragment: number;
  readonly kinds: Uint8Array;
};
const FORMATS: Readonly<Record<VideoCodec, Format>> = {
  h264: { header: 1, aggregate: 24, fragment: 28, kinds: nalKindsOf('h264') },
  h265: { header: 2, aggregate: 48, fragment: 49, kinds: nalKindsOf('h265') },
};

/** Of a payload `bytes[start, end)`. */
export function pictureStartOf(codec: VideoCodec, bytes: Uint8Array, start: number, end: number): PictureStart {
  const { header, aggregate, fragment, kinds } = FORMATS[codec];
  const type = nalTypeOf(codec, byteAt(bytes, start));
  if (type === fragment) return startOfFragment(codec, byteAt(bytes, start + header));
  if (type !== aggregate) return startOf(kinds, type);
  for (let at = start + header; at + 2 < end; at += 2 + ((byteAt(bytes, at) << 8) | byteAt(bytes, at + 1))) {
    const kind = startOf(kinds, nalTypeOf(codec, byteAt(bytes, at + 2)));
    if (kind !== 'unknown') return kind;
  }
  return 'unknown';
}

/** Only its first piece tells that the picture comes whole. */
function startOfFragment(codec: VideoCodec, fragmentHeader: number): PictureStart {
  const type = fragmentHeader & (codec === 'h264' ? 0x1f : 0x3f);
  return fragmentHeader >= 0x80 ? startOf(FORMATS[codec].kinds, type) : 'unknown';
}

function startOf(kinds: Uint8Array, type: number): PictureStart {
  if (kinds[type] === KEY) return 'key-frame';
  return kinds[type] === VCL ? 'other' : 'unknown';
}

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
