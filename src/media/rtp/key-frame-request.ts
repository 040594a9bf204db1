/**
 * Asking the other side for a key frame, over RTCP: PLI (RFC 4585 §6.3.1) and FIR (RFC 5104 §4.3.1), for servers mostly know one of
 * the two. Who knows neither leaves packets of this type out (RFC 3550 §6.1).
 *
 * Belongs here: the packets, and when one is due. Does not: sending (recorder/rtsp-connection.ts).
 */
import type { PictureStart } from './picture-start.ts';

/** Payload-specific feedback. */
export const PSFB = 206;
const PLI = 1;
const FIR = 4;
const PLI_BYTES = 12;
const FIR_BYTES = 20;

/** To be sent behind a receiver report. `sequence`: one more for each request of a session, modulo 256. */
export function encodeKeyFrameRequest(ssrc: number, source: number, sequence: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(PLI_BYTES + FIR_BYTES));
  writeHeader(view, { at: 0, format: PLI, words: PLI_BYTES / 4 });
  view.setUint32(4, ssrc);
  view.setUint32(8, source);
  writeHeader(view, { at: PLI_BYTES, format: FIR, words: FIR_BYTES / 4 });
  view.setUint32(PLI_BYTES + 4, ssrc);
  // The field for the media source stays 0: whom it is for stands in the entry (RFC 5104 §4.3.1.2).
  view.setUint32(PLI_BYTES + 12, source);
  view.setUint8(PLI_BYTES + 16, sequence & 0xff);
  return new Uint8Array(view.buffer);
}

type Header = { readonly at: number; readonly format: number; readonly words: number };
function writeHeader(view: DataView, { at, format, words }: Header): void {
  view.setUint8(at, 0x80 | format);
  view.setUint8(at + 1, PSFB);
  view.setUint16(at + 2, words - 1);
}

/** The sources that are asked for a key frame by one packet of type `PSFB`; none: it is about something else. */
export function keyFrameSources(view: DataView, at: number, end: number): readonly number[] {
  const format = view.getUint8(at) & 0x1f;
  if (format === PLI) return end - at < PLI_BYTES ? [] : [view.getUint32(at + 8)];
  if (format !== FIR) return [];
  const sources: number[] = [];
  for (let entry = at + 12; entry + 8 <= end; entry += 8) sources.push(view.getUint32(entry));
  return sources;
}

/** A session that plays begins with a key frame, as most cameras do, or this long after PLAY it is asked for. */
export const FIRST_REQUEST_AFTER_MS = 100;
/** Behind the one before: an encoder needs a picture or two. */
const NEXT_REQUEST_AFTER_MS = 1000;
export const MAX_REQUESTS = 3;

/** What a session knows of it; times are monotonic milliseconds. */
export type Asked = { readonly playingSince: number; readonly requests: number; readonly lastAt: number };

/** Whether a session should ask now, given what its pictures began with. */
export function isRequestDue({ playingSince, requests, lastAt }: Asked, start: PictureStart, at: number): boolean {
  if (start === 'key-frame' || requests >= MAX_REQUESTS) return false;
  if (requests > 0) return at - lastAt >= NEXT_REQUEST_AFTER_MS;
  return start === 'other' || at - playingSince >= FIRST_REQUEST_AFTER_MS;
}
