/**
 * RTSP messages as values (RFC 2326 §4, §6, §7; RFC 7826 §5 to §8 where cameras use it), both directions: we are client of
 * cameras, the simulator is a server.
 *
 * Belongs here: framing and headers as text. Does not: what a header means (one file each), `$` frames (interleaved.ts).
 *
 * Tolerated, each with a test of that name: lines that end in LF only; empty lines between messages; header names in any
 * case and with spaces before the colon; folded headers; no reason phrase; lines without a colon (dropped).
 */
import { UnderstudyError } from '../../core/errors.ts';

/** Start line and headers together. Axis with many `Public` methods needs 600 bytes. */
export const MAX_HEADER_BYTES: number = 16 * 1024;
export const MAX_HEADERS = 64;
/** An SDP of four tracks with parameter sets is 2 KB. */
export const MAX_BODY_BYTES: number = 64 * 1024;

/** In the order sent; names as sent. */
export type Header = readonly [name: string, value: string];

export type RtspRequest = {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
};
export type RtspResponse = {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
};
export type RtspMessage = RtspRequest | RtspResponse;

export type ParsedMessage =
  | { readonly kind: 'incomplete' }
  /** `end`: index of the first byte behind the message. The body is a copy. */
  | { readonly kind: 'message'; readonly message: RtspMessage; readonly end: number };

const INCOMPLETE: ParsedMessage = { kind: 'incomplete' };
const LF = 0x0a;
const CR = 0x0d;
export const NO_BODY: Uint8Array = new Uint8Array(0);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * The message at `start` of `bytes[start, end)`; a `$` frame must not stand there.
 * @throws UnderstudyError `rtsp/framing` when no RTSP message can come of these bytes, however many follow.
 */
export function parseMessage(bytes: Uint8Array, start: number, end: number): ParsedMessage {
  const first = skipEmptyLines(bytes, start, end);
  if (first === end) return INCOMPLETE;
  refuseOtherProtocols(bytes, first, end);
  const bodyStart = endOfHeaders(bytes, first, end);
  if (bodyStart === undefined) {
    if (end - first > MAX_HEADER_BYTES) throw framing(`headers of more than ${MAX_HEADER_BYTES} bytes`);
    return INCOMPLETE;
  }
  if (bodyStart - first > MAX_HEADER_BYTES) throw framing(`headers of more than ${MAX_HEADER_BYTES} bytes`);
  const [startLine = '', ...lines] = decoder.decode(bytes.subarray(first, bodyStart)).split(/\r?\n/);
  const headers = parseHeaders(lines);
  const length = contentLengthOf(headers);
  if (bodyStart + length > end) return INCOMPLETE;
  const body = length === 0 ? NO_BODY : bytes.slice(bodyStart, bodyStart + length);
  return { kind: 'message', message: withStartLine(startLine, headers, body), end: bodyStart + length };
}

/** First value of a header, its name in any case. */
export function headerOf(message: Pick<RtspMessage, 'headers'>, name: string): string | undefined {
  return headersOf(message, name)[0];
}

/** All values of a header that may come more than once, such as `WWW-Authenticate`. */
export function headersOf(message: Pick<RtspMessage, 'headers'>, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return message.headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
}

/** `Content-Length` is added here. @throws UnderstudyError `rtsp/injection` for a line break in a field. */
export function encodeRequest(request: Omit<RtspRequest, 'kind'>): Uint8Array {
  return encode(`${request.method} ${request.uri} RTSP/1.0`, request.headers, request.body);
}

export function encodeResponse(response: Omit<RtspResponse, 'kind'>): Uint8Array {
  return encode(`RTSP/1.0 ${response.status} ${response.reason}`, response.headers, response.body);
}

function encode(startLine: string, headers: readonly Header[], body: Uint8Array): Uint8Array {
  const all = body.length === 0 ? headers : [...headers, ['Content-Length', String(body.length)] as const];
  const lines = [startLine, ...all.map(([name, value]) => `${name}: ${value}`)];
  for (const line of lines) {
    if (/[\r\n\0]/.test(line)) {
      throw new UnderstudyError(
        'invalid',
        'rtsp/injection',
        'Expected RTSP fields without line breaks, one holds some.',
      );
    }
  }
  const head = encoder.encode(`${lines.join('\r\n')}\r\n\r\n`);
  const result = new Uint8Array(head.length + body.length);
  result.set(head);
  result.set(body, head.length);
  return result;
}

function skipEmptyLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) at += 1;
  return at;
}

/** A start line begins with a capital letter or digit of a method or `RTSP/`; whatever else comes will never become one. */
function refuseOtherProtocols(bytes: Uint8Array, first: number, end: number): void {
  const begin = decoder.decode(bytes.subarray(first, Math.min(end, first + 12)));
  if (begin.startsWith('HTTP/'))
    throw framing('an HTTP answer: this is the port of the web page, RTSP is usually on 554');
  if (begin.startsWith('SSH-')) throw framing('an SSH server: RTSP is usually on port 554');
  if (!/^[A-Z][A-Z_a-z0-9/. -]*/.test(begin) || /[^\x20-\x7e\r\n\t]/.test(begin))
    throw framing('bytes that are no RTSP');
}

/** Index behind the empty line that ends the headers. */
function endOfHeaders(bytes: Uint8Array, first: number, end: number): number | undefined {
  const limit = Math.min(end, first + MAX_HEADER_BYTES + 4);
  for (let at = bytes.indexOf(LF, first); at >= 0 && at + 1 < limit; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF && at + 2 < end) return at + 3;
  }
  return undefined;
}

function parseHeaders(lines: readonly string[]): readonly Header[] {
  const headers: [string, string][] = [];
  for (const line of lines) {
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last) {
      last[1] = `${last[1]} ${line.trim()}`.trim();
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
    if (headers.length > MAX_HEADERS) throw framing(`more than ${MAX_HEADERS} headers`);
  }
  return headers;
}

function contentLengthOf(headers: readonly Header[]): number {
  const text = headerOf({ headers }, 'Content-Length');
  if (text === undefined) return 0;
  const digits = /^\d{1,9}/.exec(text)?.[0];
  if (digits === undefined) throw framing(`Content-Length ${JSON.stringify(text.slice(0, 20))}`);
  const length = Number(digits);
  if (length > MAX_BODY_BYTES) throw framing(`a body of ${length} bytes; at most ${MAX_BODY_BYTES} are read`);
  return length;
}

function withStartLine(line: string, headers: readonly Header[], body: Uint8Array): RtspMessage {
  const response = /^RTSP\/\d\.\d +(\d{3})(?: +(.*))?\s*$/.exec(line);
  if (response) {
    return { kind: 'response', status: Number(response[1]), reason: (response[2] ?? '').trim(), headers, body };
  }
  const request = /^([A-Z][A-Z_]{1,31}) +(\S+) +RTSP\/\d\.\d\s*$/.exec(line);
  if (request) return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '', headers, body };
  throw framing(`the start line ${JSON.stringify(line.slice(0, 60))}`);
}

const framing = (came: string): UnderstudyError =>
  new UnderstudyError('protocol', 'rtsp/framing', `Expected an RTSP message (RFC 2326), got ${came}.`);
