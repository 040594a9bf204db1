/**
 * Addresses of camera streams: `rtsp:` and `rtsps:` (RFC 2326 §3.2, RFC 7826 §4.2), and how a track's `a=control` becomes
 * the address of its SETUP (RFC 2326 §C.1.1). Kept as text on purpose: many cameras compare byte for byte and put things
 * into paths and queries that the WHATWG URL parser would rewrite.
 */
import { UnderstudyError } from '../../core/errors.ts';

export const MAX_URL = 2048;
const DEFAULT_PORTS = { rtsp: 554, rtsps: 322 } as const;

export type RtspUrl = {
  readonly scheme: 'rtsp' | 'rtsps';
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query as sent, beginning with `/`. */
  readonly path: string;
  /** Percent-decoded; only from addresses that people type. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The whole address as requests carry it: without user and password, default port left out. */
  readonly uri: string;
};

/** @throws UnderstudyError `rtsp/url` that says what is wrong with it, without the credentials. */
export function parseRtspUrl(text: string): RtspUrl {
  if (text.length > MAX_URL) throw wrong(`at most ${MAX_URL} characters, got ${text.length}`);
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (/[\u0000-\u0020\u007f]/.test(text)) throw wrong('no spaces and no control characters: write %20 for a space');
  const scheme = /^(rtsps?):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'rtsp' && scheme !== 'rtsps') throw wrong('an address that begins with rtsp:// or rtsps://');
  const { authority, path } = splitPath(text.slice(scheme.length + 3));
  // The last @ divides: passwords with a bare @ are common in what people paste.
  const at = authority.lastIndexOf('@');
  const { host, port } = parseHostPort(authority.slice(at + 1), DEFAULT_PORTS[scheme]);
  const [username, password] = at < 0 ? [undefined, undefined] : parseUserinfo(authority.slice(0, at));
  const written = host.includes(':') ? `[${host}]` : host;
  const uri = `${scheme}://${written}${port === DEFAULT_PORTS[scheme] ? '' : `:${port}`}${path}`;
  return { scheme, host, port, path, username, password, uri };
}

/**
 * Address to SETUP (or PLAY, for the session's own control) from the value of `a=control`. `base` is Content-Base, else
 * Content-Location, else the address of the DESCRIBE request. Cameras join with a slash where RFC 3986 would cut the last
 * segment, and so do all clients (RFC 2326 §C.1.1 is read that way by Live555, FFmpeg and GStreamer).
 */
export function resolveControl(base: string, control: string | undefined): string {
  const value = control?.trim() ?? '';
  if (value === '' || value === '*') return base;
  if (/^rtsps?:\/\//i.test(value)) return value;
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (value.length > MAX_URL || /[\u0000-\u0020\u007f]/.test(value))
    throw wrong('a=control without spaces, shorter than an address');
  if (value.startsWith('/')) return `${/^rtsps?:\/\/[^/?#]*/i.exec(base)?.[0] ?? base}${value}`;
  return base.endsWith('/') ? `${base}${value}` : `${base}/${value}`;
}

/**
 * The base of a description: Content-Base, else Content-Location, else the address asked for. It is text that the camera gave
 * itself, so it is sent back as it came, even if it names an address that cannot be reached from here (cameras behind NAT);
 * the connection stays the one we have.
 */
export function baseOf(request: RtspUrl, contentBase: string | undefined, contentLocation: string | undefined): string {
  const told = [contentBase, contentLocation]
    .map((text) => text?.trim())
    .find((text) => text !== undefined && text !== '');
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (told === undefined || told.length > MAX_URL || /[\u0000-\u0020\u007f]/.test(told)) return request.uri;
  return resolveControl(request.uri, told);
}

function splitPath(rest: string): { readonly authority: string; readonly path: string } {
  const slash = rest.search(/[/?]/);
  // A bare slash in a password would end the authority too early; it must be written %2F, as RFC 3986 says.
  if (slash < 0) return { authority: rest, path: '/' };
  const path = rest.slice(slash).replace(/#.*$/s, '');
  return { authority: rest.slice(0, slash), path: path.startsWith('/') ? path : `/${path}` };
}

function parseHostPort(text: string, fallback: number): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:[\]/@]+))(?::(\d{0,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw wrong(`a host name or address, as rtsp://192.168.1.20/stream1; IPv6 in brackets`);
  const port = match?.[3] ? Number(match[3]) : fallback;
  if (port < 1 || port > 65_535) throw wrong(`a port from 1 to 65535, got ${port}`);
  return { host, port };
}

function parseUserinfo(text: string): readonly [string, string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [decode(text), undefined] : [decode(text.slice(0, colon)), decode(text.slice(colon + 1))];
}

/** A bare percent sign in a password is left as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const wrong = (expected: string): UnderstudyError =>
  new UnderstudyError('invalid', 'rtsp/url', `The address of the stream is wrong: expected ${expected}.`);
