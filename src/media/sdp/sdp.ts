/**
 * Session descriptions as cameras send them in DESCRIBE (RFC 8866): lines to values, bounded, nothing interpreted.
 * What the media mean is in tracks-of.ts.
 *
 * Tolerated: LF only, spaces around, unknown lines, lines in the wrong order, missing `v=`, `o=`, `s=`, `t=` (cheap firmware
 * leaves out what nobody reads), text that is not UTF-8.
 */
import { UnderstudyError } from '../../core/errors.ts';

export const MAX_SDP_LINES = 512;
export const MAX_SDP_LINE = 8192;
/** A multi-sensor camera offers 8. */
export const MAX_SDP_MEDIA = 32;

export type SdpAttribute = { readonly name: string; readonly value: string };
export type SdpMedia = {
  /** `video`, `audio`, `application`. */
  readonly media: string;
  readonly port: number;
  readonly protocol: string;
  /** Payload types as text, best first. */
  readonly formats: readonly string[];
  readonly attributes: readonly SdpAttribute[];
};
export type Sdp = {
  readonly name: string;
  readonly attributes: readonly SdpAttribute[];
  readonly media: readonly SdpMedia[];
};

/** @throws UnderstudyError `sdp/format`, `sdp/limit`. */
export function parseSdp(body: Uint8Array | string): Sdp {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const lines = text.split(/\r\n|\n|\r/, MAX_SDP_LINES + 1);
  if (lines.length > MAX_SDP_LINES) throw limit(`at most ${MAX_SDP_LINES} lines`);
  let name = '';
  const session: SdpAttribute[] = [];
  const media: (Omit<SdpMedia, 'attributes'> & { readonly attributes: SdpAttribute[] })[] = [];
  for (const { type, value } of lines.map(parseLine)) {
    if (type === 's') name = value;
    else if (type === 'a') (media.at(-1)?.attributes ?? session).push(parseAttribute(value));
    else if (type === 'm') media.push({ ...parseMedia(value), attributes: [] });
  }
  if (media.length > MAX_SDP_MEDIA) throw limit(`at most ${MAX_SDP_MEDIA} media`);
  if (media.length === 0) {
    throw new UnderstudyError('protocol', 'sdp/format', 'Expected a session description (SDP) with media, got none.');
  }
  return { name, attributes: session, media };
}

/** Value of the first attribute of that name. */
export const attributeOf = (of: Pick<Sdp, 'attributes'>, name: string): string | undefined =>
  of.attributes.find((attribute) => attribute.name === name)?.value;

/** Values of `rtpmap` or `fmtp`: those of one payload type, without it. */
export const formatAttributesOf = (of: Pick<Sdp, 'attributes'>, name: string, payloadType: string): readonly string[] =>
  of.attributes
    .filter((attribute) => attribute.name === name)
    .map(({ value }) => /^(\d+)\s+(.*)$/.exec(value))
    .filter((match) => match?.[1] === payloadType)
    .map((match) => match?.[2] ?? '');

function parseLine(text: string): { readonly type: string; readonly value: string } {
  if (text.length > MAX_SDP_LINE) throw limit(`lines of at most ${MAX_SDP_LINE} characters`);
  const match = /^\s*([a-z])\s*=(.*)$/.exec(text);
  return { type: match?.[1] ?? '', value: (match?.[2] ?? '').trim() };
}

function parseAttribute(value: string): SdpAttribute {
  const colon = value.indexOf(':');
  return colon < 0
    ? { name: value.toLowerCase(), value: '' }
    : { name: value.slice(0, colon).trim().toLowerCase(), value: value.slice(colon + 1).trim() };
}

function parseMedia(value: string): Omit<SdpMedia, 'attributes'> {
  const [media = '', port = '', protocol = '', ...formats] = value.split(/\s+/);
  return {
    media: media.toLowerCase(),
    port: Number(/^\d{1,5}/.exec(port)?.[0] ?? 0),
    protocol: protocol.toUpperCase(),
    formats: formats.slice(0, 64),
  };
}

const limit = (bound: string): UnderstudyError =>
  new UnderstudyError('limit', 'sdp/limit', `The session description (SDP) is too big: expected ${bound}.`);
