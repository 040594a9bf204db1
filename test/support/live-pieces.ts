/** What a live view sends, read back: WebSocket messages (RFC 6455 §5.2), init segment, fragments of one sample. */
import { boxAt, boxesIn, descend } from '../../src/media/mp4/box-reader.ts';
import { read32, read64 } from '../../src/media/mp4/bytes.ts';
import { AUDIO_TRACK_ID } from '../../src/media/mp4/init-segment.ts';
import { parseMoov } from '../../src/media/mp4/parse-init.ts';
import type { TrackLayout } from '../../src/media/tracks.ts';

export type Message = string | Buffer;
/** Whole messages of `bytes`, texts and buffers; and what is left. */
export function takeMessages(bytes: Buffer): { readonly messages: readonly Message[]; readonly rest: Buffer } {
  const messages: Message[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = bytes.readUInt8(at + 1) & 0x7f;
    const body = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (body > bytes.length) break;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (body + length > bytes.length) break;
    const message = bytes.subarray(body, body + length);
    messages.push((bytes.readUInt8(at) & 0x0f) === 1 ? message.toString() : message);
    at = body + length;
  }
  return { messages, rest: bytes.subarray(at) };
}
export const messagesIn = (bytes: Buffer): readonly Message[] => takeMessages(bytes).messages;

export function layoutOf(init: Uint8Array): TrackLayout {
  const moov = boxesIn(init, 0, init.length).find(({ type }) => type === 'moov');
  if (moov === undefined) throw new Error('no moov');
  return parseMoov(init, moov);
}

export type Piece = {
  readonly track: 'video' | 'audio';
  readonly sequence: number;
  /** Ticks of the track. */
  readonly decodeTime: number;
  readonly duration: number;
  readonly compositionOffset: number;
  readonly sample: Uint8Array;
};
/** @throws when it is not one `moof` of one sample and its `mdat`. */
export function pieceOf(bytes: Uint8Array): Piece {
  const moof = boxAt(bytes, 0, bytes.length);
  const mdat = boxAt(bytes, moof.end, bytes.length);
  if (moof.type !== 'moof' || mdat.type !== 'mdat' || mdat.end !== bytes.length) throw new Error('no moof and mdat');
  const traf = descend(bytes, moof, 'traf');
  const trun = descend(bytes, traf, 'trun');
  if (read32(bytes, trun.body + 4) !== 1) throw new Error('not one sample');
  if (read32(bytes, trun.body + 8) !== mdat.body) throw new Error('the sample does not begin with mdat');
  if (read32(bytes, trun.body + 16) !== mdat.end - mdat.body) throw new Error('the sample does not end with mdat');
  return {
    track: read32(bytes, descend(bytes, traf, 'tfhd').body + 4) === AUDIO_TRACK_ID ? 'audio' : 'video',
    sequence: read32(bytes, descend(bytes, moof, 'mfhd').body + 4),
    decodeTime: read64(bytes, descend(bytes, traf, 'tfdt').body + 4),
    duration: read32(bytes, trun.body + 12),
    compositionOffset: read32(bytes, trun.body + 24) | 0,
    sample: bytes.subarray(mdat.body, mdat.end),
  };
}
