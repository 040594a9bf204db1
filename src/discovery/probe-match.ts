/**
 * WS-Discovery messages as ONVIF uses them (WS-Discovery 1.0 April 2005; ONVIF Core Specification §7.3): the probe we send and
 * what answers say. Pure.
 *
 * Answers come from anybody on the LAN: read by one linear scan over at most `MAX_ANSWER_BYTES`, without a document tree,
 * entities or expressions that backtrack.
 */
import { UnderstudyError } from '../core/errors.ts';

/** A UDP answer that is larger is not a probe match; the largest seen from real cameras is 3 KB. */
export const MAX_ANSWER_BYTES: number = 16 * 1024;
const MAX_TEXT = 2048;
const MAX_MATCHES = 8;

export type ProbeMatch = {
  /** Endpoint reference, stable over reboots: `urn:uuid:…`. */
  readonly endpoint: string;
  /** HTTP addresses of the ONVIF device service, at least one. */
  readonly xaddrs: readonly string[];
  readonly name: string | undefined;
  readonly hardware: string | undefined;
};

/** SOAP 1.2 Probe for network video transmitters. `messageId` is a UUID. */
export function encodeProbe(messageId: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"' +
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">' +
    `<e:Header><w:MessageID>uuid:${messageId}</w:MessageID>` +
    '<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>' +
    '<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>' +
    '<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>'
  );
}

/**
 * The matches in one answer; matches without a usable address are left out.
 * @throws `discovery/answer` when it is no probe match at all.
 */
export function parseProbeMatches(answer: string): readonly ProbeMatch[] {
  if (answer.length > MAX_ANSWER_BYTES) throw notAnAnswer('longer than any probe match');
  const matches: ProbeMatch[] = [];
  for (const element of elementsOf(answer, 'ProbeMatch')) {
    const match = matchOf(element);
    if (match && matches.push(match) === MAX_MATCHES) break;
  }
  if (matches.length === 0 && !answer.includes('ProbeMatch')) throw notAnAnswer('no ProbeMatch in it');
  return matches;
}

function matchOf(element: string): ProbeMatch | undefined {
  const xaddrs = textOf(element, 'XAddrs').split(/\s+/).filter(isHttpAddress);
  if (xaddrs.length === 0) return undefined;
  const scopes = textOf(element, 'Scopes').split(/\s+/);
  return {
    endpoint: textOf(element, 'Address') || (xaddrs[0] ?? ''),
    xaddrs,
    name: scopeOf(scopes, 'name'),
    hardware: scopeOf(scopes, 'hardware'),
  };
}

function isHttpAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** ONVIF Core §7.3.2.2: `onvif://www.onvif.org/name/Front%20door`. */
function scopeOf(scopes: readonly string[], key: string): string | undefined {
  const prefix = `onvif://www.onvif.org/${key}/`;
  const scope = scopes.find((text) => text.toLowerCase().startsWith(prefix));
  if (scope === undefined) return undefined;
  const value = scope.slice(prefix.length);
  try {
    return decodeURIComponent(value)
      .replaceAll(/\p{Cc}/gu, '')
      .slice(0, 128);
  } catch {
    return value.slice(0, 128);
  }
}

function textOf(xml: string, name: string): string {
  const element = elementsOf(xml, name).next();
  if (element.done) return '';
  return element.value.slice(0, MAX_TEXT).trim().replaceAll('&amp;', '&');
}

/** Contents of each element with this local name, whatever its prefix; does not look into attributes or nested namesakes. */
function* elementsOf(xml: string, name: string): Generator<string, void> {
  let at = 0;
  for (;;) {
    const open = tagOf(xml, name, at, '');
    if (!open) return;
    const close = tagOf(xml, name, open.end, '/');
    if (!close) return;
    yield xml.slice(open.end, close.start);
    at = close.end;
  }
}

type Tag = { readonly start: number; readonly end: number };

function tagOf(xml: string, name: string, from: number, slash: '' | '/'): Tag | undefined {
  for (let start = xml.indexOf(`<${slash}`, from); start >= 0; start = xml.indexOf(`<${slash}`, start + 1)) {
    const end = xml.indexOf('>', start);
    if (end < 0) return undefined;
    const label = xml.slice(start + 1 + slash.length, Math.min(end, start + 128)).split(/[\s/]/, 1)[0] ?? '';
    if (label.slice(label.indexOf(':') + 1) === name) return { start, end: end + 1 };
  }
  return undefined;
}

function notAnAnswer(why: string): UnderstudyError {
  return new UnderstudyError('protocol', 'discovery/answer', `Expected a WS-Discovery ProbeMatches message; ${why}.`);
}
