/**
 * A stored snapshot as bytes and as a name: one picture in one file, with what is known of it inside (docs/design/archive.md). Pure.
 *
 * JPEG: a comment (`COM`, ITU-T T.81 §B.2.4.5) right behind the start of the image. Without a decoder on this machine the key frame itself, as an MP4
 * with one sample: a `free` box (ISO/IEC 14496-12 §8.1.2) right behind `ftyp`. Both hold JSON.
 *
 * Belongs here: bytes and names. Does not: where files lie (snapshot-folder.ts), decoding (control/snapshot.ts).
 */
import { createHash } from 'node:crypto';
import { createParameterSets } from '../media/codec/parameter-sets.ts';
import { isVcl, nalTypeOf } from '../media/codec/nal-kinds.ts';
import { box, concat, u16, u32 } from '../media/mp4/boxes.ts';
import { encodeInitSegment } from '../media/mp4/init-segment.ts';
import { encodeLiveFragment } from '../media/mp4/live-fragment.ts';
import { VIDEO_TIMESCALE } from '../media/tracks.ts';
import type { VideoCodec } from '../media/tracks.ts';

/** Of one file: a decoder gives at most 16 MiB. */
export const MAX_SNAPSHOT_BYTES: number = 17 * 1024 * 1024;
export const MAX_NOTE_LENGTH = 200;
/** Enough of a file to hold what it says of itself. */
export const SNAPSHOT_HEAD_BYTES = 4096;

export type PictureKind = 'jpeg' | 'mp4';
export type SnapshotInfo = {
  readonly cameraId: string;
  readonly stream: 'main' | 'sub';
  /** Wall milliseconds of the server that took it: when the picture was made. */
  readonly at: number;
  /** The server that took it. */
  readonly takenBy: string;
  /** Who asked for it. */
  readonly user: string;
  readonly note?: string;
};
export type SnapshotName = {
  readonly id: string;
  readonly at: number;
  readonly sha256: string;
  readonly kind: PictureKind;
};

export const MEDIA_TYPES: Readonly<Record<PictureKind, string>> = { jpeg: 'image/jpeg', mp4: 'video/mp4' };
const SUFFIXES: Readonly<Record<PictureKind, string>> = { jpeg: '.jpg', mp4: '.mp4' };
const TIME_DIGITS = 13;
const NAME = /^(\d{13})-([0-9a-f]{64})(\.jpg|\.mp4)$/;
const ID = /^\d{13}-[0-9a-f]{64}$/;

export const isSnapshotId = (text: string): boolean => ID.test(text);
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Its time where it lies and the hash of its bytes: the name proves the file. */
export function snapshotNameOf(at: number, bytes: Uint8Array, kind: PictureKind): string {
  return `${idOf(at, sha256Of(bytes))}${SUFFIXES[kind]}`;
}

const MAX_AT = 10 ** TIME_DIGITS - 1;
const idOf = (at: number, sha256: string): string =>
  `${String(Math.min(MAX_AT, Math.max(0, Math.round(at)))).padStart(TIME_DIGITS, '0')}-${sha256}`;

/** Undefined: not a name of ours. */
export function parseSnapshotName(name: string): SnapshotName | undefined {
  const [, at, sha256, suffix] = NAME.exec(name) ?? [];
  if (at === undefined || sha256 === undefined) return undefined;
  return { id: `${at}-${sha256}`, at: Number(at), sha256, kind: suffix === '.jpg' ? 'jpeg' : 'mp4' };
}

const START_OF_IMAGE = [0xff, 0xd8];
const COMMENT = [0xff, 0xfe];

/** The picture with what is known of it inside. @throws RangeError for what is no picture of that kind */
export function encodeSnapshot(kind: PictureKind, picture: Uint8Array, info: SnapshotInfo): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(info));
  if (text.length > SNAPSHOT_HEAD_BYTES - 64) throw new RangeError('more is told of a snapshot than fits');
  if (kind === 'jpeg') {
    if (!startsWith(picture, 0, START_OF_IMAGE)) throw new RangeError('not a JPEG');
    const comment = concat([Uint8Array.from(COMMENT), u16(text.length + 2), text]);
    return concat([picture.subarray(0, 2), comment, picture.subarray(2)]);
  }
  const fileType = fileTypeLength(picture);
  if (fileType === undefined) throw new RangeError('not an MP4');
  return concat([picture.subarray(0, fileType), box('free', text), picture.subarray(fileType)]);
}

/** From the first `SNAPSHOT_HEAD_BYTES` of a file, or all of it. Undefined: it says nothing of itself that can be read. */
export function readSnapshotInfo(kind: PictureKind, head: Uint8Array): SnapshotInfo | undefined {
  const text = kind === 'jpeg' ? commentIn(head) : freeIn(head);
  if (text === undefined) return undefined;
  try {
    return infoOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)));
  } catch {
    return undefined;
  }
}

function infoOf(value: unknown): SnapshotInfo | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cameraId, stream, at, takenBy, user, note } = value as Readonly<Record<string, unknown>>;
  if (!isText(cameraId, 64) || !isText(takenBy, 64) || !isText(user, 256)) return undefined;
  if ((stream !== 'main' && stream !== 'sub') || typeof at !== 'number' || !Number.isFinite(at)) return undefined;
  const said = isText(note, MAX_NOTE_LENGTH) ? { note } : {};
  return { cameraId, stream, at, takenBy, user, ...said };
}
const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length <= longest;

function commentIn(head: Uint8Array): Uint8Array | undefined {
  if (!startsWith(head, 0, START_OF_IMAGE) || !startsWith(head, 2, COMMENT) || head.length < 6) return undefined;
  const end = 4 + new DataView(head.buffer, head.byteOffset).getUint16(4);
  return end > head.length || end < 6 ? undefined : head.subarray(6, end);
}

function freeIn(head: Uint8Array): Uint8Array | undefined {
  const at = fileTypeLength(head);
  if (at === undefined || at + 8 > head.length) return undefined;
  const view = new DataView(head.buffer, head.byteOffset);
  const length = view.getUint32(at);
  const isFree = startsWith(head, at + 4, FREE);
  return isFree && length >= 8 && at + length <= head.length ? head.subarray(at + 8, at + length) : undefined;
}
const FREE = Array.from('free', (letter) => letter.charCodeAt(0));
const FTYP = Array.from('ftyp', (letter) => letter.charCodeAt(0));

function fileTypeLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 8 || !startsWith(bytes, 4, FTYP)) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return length >= 8 && length <= bytes.length ? length : undefined;
}

const startsWith = (bytes: Uint8Array, at: number, values: readonly number[]): boolean =>
  values.every((value, index) => bytes[at + index] === value);

/** An Annex B key frame with its parameter sets as an MP4 of one picture; `undefined` if the sets are not there. */
export function pictureAsMp4(codec: VideoCodec, annexB: Uint8Array): Uint8Array | undefined {
  const sets = createParameterSets(codec, []);
  const parts: Uint8Array[] = [];
  for (const nal of nalUnitsOf(annexB)) {
    if (isVcl(codec, nal[0] ?? 0)) parts.push(u32(nal.length), nal);
    else if (isParameterSet(codec, nal)) sets.offer(nal, 0, nal.length);
  }
  const video = sets.track();
  if (video === undefined || parts.length === 0) return undefined;
  const sample = concat(parts);
  const head = { track: 'video', sequence: 1, decodeTime: 0, compositionOffset: 0, duration: VIDEO_TIMESCALE } as const;
  const fragment = encodeLiveFragment({ ...head, key: true, size: sample.length }, sample);
  return concat([encodeInitSegment({ video, audio: undefined }), fragment]);
}

function isParameterSet(codec: VideoCodec, nal: Uint8Array): boolean {
  const type = nalTypeOf(codec, nal[0] ?? 0);
  return codec === 'h264' ? type === 7 || type === 8 : type >= 32 && type <= 34;
}

/** ITU-T H.264 §B.1: between start codes, without the zeros that may stand before one. */
function nalUnitsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = -1;
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    if (start >= 0) units.push(withoutZeros(bytes, start, at));
    start = at + 3;
    at += 2;
  }
  if (start >= 0) units.push(withoutZeros(bytes, start, bytes.length));
  return units.filter(({ length }) => length > 0);
}

function withoutZeros(bytes: Uint8Array, start: number, until: number): Uint8Array {
  let end = until;
  while (end > start && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(start, end);
}
