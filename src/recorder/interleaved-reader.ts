/**
 * Bytes of a RTSP connection in any cut, into `$` frames and messages (RFC 2326 §10.12). Frames are handed out as views of
 * the bytes that came; only one that is cut at the end of a read is copied.
 *
 * Belongs here: the loop over a socket's bytes. Does not: the socket, what a frame or message means.
 */
import {
  DOLLAR,
  INTERLEAVED_HEADER,
  interleavedChannel,
  interleavedLength,
  MAX_INTERLEAVED,
} from '../media/rtsp/interleaved.ts';
import { MAX_BODY_BYTES, MAX_HEADER_BYTES, parseMessage } from '../media/rtsp/message.ts';
import type { RtspMessage } from '../media/rtsp/message.ts';

/** What one connection may keep of an unfinished frame or message. */
export const MAX_CARRY: number = Math.max(MAX_INTERLEAVED, MAX_HEADER_BYTES + MAX_BODY_BYTES);
/** Holds a packet of Ethernet size; most connections never need more. */
const FIRST_CARRY = 2048;

export type InterleavedHandler = {
  /** Borrowed bytes of one RTP or RTCP packet. */
  readonly frame: (channel: number, bytes: Uint8Array, start: number, end: number) => void;
  readonly message: (message: RtspMessage) => void;
};
export type InterleavedReader = {
  /** @throws UnderstudyError `rtsp/framing` when what comes is not RTSP. */
  readonly push: (bytes: Buffer, length: number) => void;
};

// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
export function createInterleavedReader({ frame, message }: InterleavedHandler): InterleavedReader {
  let carry = Buffer.allocUnsafeSlow(FIRST_CARRY);
  let carried = 0;

  const keep = (bytes: Buffer, start: number, end: number): void => {
    const total = carried + end - start;
    if (total > carry.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(MAX_CARRY, Math.max(total, 2 * carry.length)));
      carry.copy(larger, 0, 0, carried);
      carry = larger;
    }
    bytes.copy(carry, carried, start, end);
    carried = total;
  };
  /** Where the next frame or message begins, or -1 if it is not whole. */
  const messageAt = (bytes: Buffer, start: number, end: number): number => {
    const parsed = parseMessage(bytes, start, end);
    if (parsed.kind === 'incomplete') return -1;
    message(parsed.message);
    return parsed.end;
  };
  /** Finishes the carried frame with the bytes it lacks; returns how many were taken. */
  const finishFrame = (bytes: Buffer, length: number): number => {
    let taken = 0;
    if (carried < INTERLEAVED_HEADER) {
      taken = Math.min(INTERLEAVED_HEADER - carried, length);
      keep(bytes, 0, taken);
      if (carried < INTERLEAVED_HEADER) return taken;
    }
    const whole = interleavedLength(carry, 0);
    const lacking = Math.min(whole - carried, length - taken);
    keep(bytes, taken, taken + lacking);
    if (carried === whole) {
      carried = 0;
      frame(interleavedChannel(carry, 0), carry, INTERLEAVED_HEADER, whole);
    }
    return taken + lacking;
  };
  /** Messages are rare: the carried part and what came are joined. */
  const finishMessage = (bytes: Buffer, length: number): void => {
    const joined = Buffer.concat([carry.subarray(0, carried), bytes.subarray(0, length)]);
    carried = 0;
    run(joined, 0, joined.length);
  };
  const run = (bytes: Buffer, start: number, end: number): void => {
    let at = start;
    while (at < end) {
      if (bytes[at] === DOLLAR) {
        if (end - at < INTERLEAVED_HEADER) break;
        const next = at + interleavedLength(bytes, at);
        if (next > end) break;
        frame(interleavedChannel(bytes, at), bytes, at + INTERLEAVED_HEADER, next);
        at = next;
      } else {
        const next = messageAt(bytes, at, end);
        if (next < 0) break;
        at = next;
      }
    }
    if (at < end) keep(bytes, at, end);
  };

  return {
    push: (bytes, length) => {
      if (carried === 0) run(bytes, 0, length);
      else if (carry[0] === DOLLAR) {
        const taken = finishFrame(bytes, length);
        if (taken < length) run(bytes, taken, length);
      } else finishMessage(bytes, length);
    },
  };
}
