/**
 * Frames of the peer channel: `u32 length`, `u8 type`, then `length` bytes; big-endian. Type 1 is JSON in UTF-8; type 2 is
 * `u32 json length`, JSON, attachment (docs/design/peer-protocol.md).
 *
 * Belongs here: bytes ↔ frames, bounded and incremental. Does not: what the JSON says (wire/parse-peer-message.ts).
 */
import { UnderstudyError } from '../core/errors.ts';
import { MAX_ATTACHMENT_BYTES, MAX_PEER_MESSAGE_BYTES } from '../wire/peer-protocol.ts';
import type { Attachment } from '../wire/peer-protocol.ts';

export const FRAME_HEAD_BYTES = 5;
const JSON_FRAME = 1;
const ATTACHMENT_FRAME = 2;

/** `attachment` is a view of the receive buffer: nobody else writes to it. */
export type Frame = { readonly json: string; readonly attachment: Attachment };
/** What is taken at this moment of a connection. */
export type FrameLimits = { readonly jsonBytes: number; readonly attachmentBytes: number };

/** Of a `bulk` connection. */
export const BULK_LIMITS: FrameLimits = { jsonBytes: MAX_PEER_MESSAGE_BYTES, attachmentBytes: MAX_ATTACHMENT_BYTES };
/** Attachments would delay a sign of life. */
export const WATCH_LIMITS: FrameLimits = { jsonBytes: MAX_PEER_MESSAGE_BYTES, attachmentBytes: 0 };

/**
 * Pieces to be written one behind the other; the attachment is not copied and must not change until it is written.
 * @throws peer/too-large
 */
export function encodeFrame(message: object, attachment: Attachment, limits: FrameLimits): readonly Uint8Array[] {
  const json = Buffer.from(JSON.stringify(message), 'utf8');
  const size = attachment?.length ?? 0;
  if (json.length > limits.jsonBytes || size > limits.attachmentBytes)
    throw new UnderstudyError(
      'limit',
      'peer/too-large',
      `Expected a message of at most ${limits.jsonBytes} bytes with an attachment of at most ${limits.attachmentBytes}, not ${json.length} and ${size}: send it in pieces, attachments over the bulk connection.`,
    );
  if (attachment === undefined) return [head(json.length, JSON_FRAME, 0), json];
  const start = head(4 + json.length + size, ATTACHMENT_FRAME, 4);
  start.writeUInt32BE(json.length, FRAME_HEAD_BYTES);
  return [start, json, attachment];
}

function head(length: number, type: number, more: number): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + more);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = type;
  return bytes;
}

export type FrameReader = {
  /**
   * Takes over `chunk`. `onFrame` is called for each whole frame; it may change the limits for the next one, and false
   * from it ends the reading: whatever follows is dropped. @throws peer/framing
   */
  readonly push: (chunk: Uint8Array, onFrame: (frame: Frame) => boolean) => void;
  readonly limit: (limits: FrameLimits) => void;
  /** Length that the frame in progress was announced with, head included; undefined between frames. */
  readonly pending: () => number | undefined;
};

export function createFrameReader(first: FrameLimits): FrameReader {
  let limits = first;
  let ended = false;
  /** The part in progress when the last chunk ended: the head, or the body that the head announced. */
  let part: Part | undefined;
  let body: { readonly length: number; readonly type: number } | undefined;

  /** The whole frame that ends in `source`, if one does. */
  const next = (source: Source): Frame | undefined => {
    const bytes = take(source, body?.length ?? FRAME_HEAD_BYTES);
    if (bytes === undefined) return undefined;
    if (body === undefined) {
      body = checkedHead(bytes, limits);
      return next(source);
    }
    const { type } = body;
    body = undefined;
    return type === JSON_FRAME ? { json: utf8(bytes), attachment: undefined } : splitFrame(bytes, limits);
  };
  const take = (source: Source, length: number): Uint8Array | undefined => {
    const left = source.chunk.length - source.at;
    if (part === undefined && left >= length) {
      source.at += length;
      return source.chunk.subarray(source.at - length, source.at);
    }
    if (part === undefined && left === 0) return undefined;
    part ??= { bytes: new Uint8Array(length), filled: 0 };
    const now = Math.min(left, length - part.filled);
    part.bytes.set(source.chunk.subarray(source.at, source.at + now), part.filled);
    part.filled += now;
    source.at += now;
    if (part.filled < length) return undefined;
    const { bytes } = part;
    part = undefined;
    return bytes;
  };
  return {
    push: (chunk, onFrame) => {
      const source = { chunk, at: 0 };
      while (!ended) {
        const frame = next(source);
        if (frame === undefined) return;
        ended = !onFrame(frame);
      }
    },
    limit: (changed) => (limits = changed),
    pending: () => {
      if (body !== undefined) return FRAME_HEAD_BYTES + body.length;
      return part === undefined ? undefined : FRAME_HEAD_BYTES;
    },
  };
}
/** Allocated with the announced length, which is bounded: chunks of one byte cost no more than their bytes. */
type Part = { readonly bytes: Uint8Array; filled: number };
type Source = { readonly chunk: Uint8Array; at: number };

function checkedHead(start: Uint8Array, { jsonBytes, attachmentBytes }: FrameLimits): { length: number; type: number } {
  const length = viewOf(start).getUint32(0);
  const type = start[4] ?? 0;
  if (type !== JSON_FRAME && (type !== ATTACHMENT_FRAME || attachmentBytes === 0))
    throw framing(`a frame of a type that stands here, not ${type}`);
  const most = type === JSON_FRAME ? jsonBytes : 4 + jsonBytes + attachmentBytes;
  if (length > most) throw framing(`a frame of at most ${most} bytes, not ${length}`);
  return { length, type };
}

function splitFrame(bytes: Uint8Array, { jsonBytes, attachmentBytes }: FrameLimits): Frame {
  if (bytes.length < 4) throw framing('the length of the JSON in a frame with an attachment');
  const end = 4 + viewOf(bytes).getUint32(0);
  if (end > bytes.length || end - 4 > jsonBytes || bytes.length - end > attachmentBytes)
    throw framing(`JSON and attachment within their bounds in a frame of ${bytes.length} bytes`);
  return { json: utf8(bytes.subarray(4, end)), attachment: bytes.subarray(end) };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function utf8(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw new UnderstudyError('protocol', 'peer/framing', 'Expected UTF-8 in a frame.', { cause });
  }
}

const framing = (what: string): UnderstudyError => new UnderstudyError('protocol', 'peer/framing', `Expected ${what}.`);
