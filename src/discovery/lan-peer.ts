/**
 * What an Understudy server says of itself on the LAN, and how that is written: pairs of key and text, one TXT string a pair over mDNS
 * (RFC 6763 §6), one header with all of them over SSDP (UPnP Device Architecture 2.0 §1.1.3, vendor extension). Pure.
 *
 * Whoever is on the link can say anything here: a hint, never an authority. Each value is checked and bounded before it is kept.
 */
import type { EpochMs } from '../core/units.ts';
import { isServerId } from '../core/ids.ts';

export const SERVER_MODES = ['recording', 'failover', 'host'] as const;
export type ServerMode = (typeof SERVER_MODES)[number];
export const LAN_PROTOCOLS = ['ssdp', 'mdns'] as const;
export type LanProtocol = (typeof LAN_PROTOCOLS)[number];

/** What a server says of itself. */
export type PeerFacts = {
  /** RFC 9562 UUID, lower case. */
  readonly id: string;
  readonly name: string;
  readonly mode: ServerMode;
  readonly version: string;
  /** Make and model of the machine, if known. */
  readonly model?: string | undefined;
  /** Port of UI and API (HTTPS). */
  readonly httpPort: number;
  /** Port of the channel between servers. */
  readonly peerPort: number;
  /** SHA-256 of the HTTPS certificate (DER), 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  /** The CMS is on: it may be asked to join. */
  readonly enabled: boolean;
  /** Who manages it, if anybody. */
  readonly hostId?: string | undefined;
};

export type DiscoveredPeer = PeerFacts & {
  /** IPv4 addresses that its packets really came from, the latest first; what it claims of addresses is not looked at. */
  readonly addresses: readonly string[];
  readonly via: LanProtocol | 'both';
  readonly lastSeenAt: EpochMs;
};

export type PeerChange = { readonly kind: 'found' | 'changed' | 'gone'; readonly peer: DiscoveredPeer };

/** Of a TXT string with its key (RFC 6763 §6.1). */
export const MAX_PAIR_BYTES = 255;
/** All pairs together; the longest facts take 882 in a header. */
export const MAX_FACTS_BYTES = 900;
const MAX_NAME_CHARACTERS = 32;
const MAX_MODEL_CHARACTERS = 20;
const VERSION = /^[\w.+-]{1,32}$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;
/** Raised when a reader of today could not make sense of what is written. */
const FORMAT = '1';

/** In this order, the format first, so that a reader may stop there. No pair holds a `;`, a control character or a second `=`. */
export function encodeFacts(facts: PeerFacts): readonly string[] {
  return [
    `v=${FORMAT}`,
    `id=${facts.id}`,
    `name=${encodeText(facts.name, MAX_NAME_CHARACTERS)}`,
    `mode=${facts.mode}`,
    `version=${facts.version}`,
    ...(facts.model === undefined ? [] : [`model=${encodeText(facts.model, MAX_MODEL_CHARACTERS)}`]),
    `http=${facts.httpPort}`,
    `peer=${facts.peerPort}`,
    `fp=${facts.fingerprint}`,
    `cms=${facts.enabled ? 1 : 0}`,
    ...(facts.hostId === undefined ? [] : [`host=${facts.hostId}`]),
  ];
}

/** `undefined` for whatever is not the facts of a server as this version writes them; unknown keys are left out, the first of two counts. */
export function parseFacts(pairs: readonly string[]): PeerFacts | undefined {
  if (pairs.reduce((sum, pair) => sum + pair.length, 0) > MAX_FACTS_BYTES) return undefined;
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).toLowerCase();
    if (at > 0 && !values.has(key)) values.set(key, pair.slice(at + 1));
  }
  return values.get('v') === FORMAT ? factsOf(values) : undefined;
}

function factsOf(values: ReadonlyMap<string, string>): PeerFacts | undefined {
  const text = (key: string): string => values.get(key) ?? '';
  const mode = SERVER_MODES.find((known) => known === text('mode'));
  const name = decodeText(text('name'), MAX_NAME_CHARACTERS);
  const [httpPort, peerPort] = [portOf(text('http')), portOf(text('peer'))];
  const cms = text('cms');
  if (mode === undefined || name === undefined || httpPort === undefined || peerPort === undefined) return undefined;
  if (!isServerId(text('id')) || !VERSION.test(text('version')) || !FINGERPRINT.test(text('fp'))) return undefined;
  if (cms !== '0' && cms !== '1') return undefined;
  return {
    id: text('id'),
    name,
    mode,
    version: text('version'),
    model: decodeText(text('model'), MAX_MODEL_CHARACTERS),
    httpPort,
    peerPort,
    fingerprint: text('fp'),
    enabled: cms === '1',
    ...(isServerId(text('host')) ? { hostId: text('host') } : {}),
  };
}

function portOf(text: string): number | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return port > 0 && port < 65_536 ? port : undefined;
}

/** RFC 3986 §2.1 for what separates pairs; the rest stays as it is, so that people can read TXT records. */
function encodeText(text: string, maximum: number): string {
  const characters = Array.from(text.toWellFormed()).slice(0, maximum);
  return characters.join('').replaceAll(/[%;=\p{Cc}]/gu, encodeURIComponent);
}

/** For a header, which is ASCII: `parseFacts` reads it as well. */
export const asciiOf = (text: string): string => text.replaceAll(/[^\u0020-\u007e]/gu, encodeURIComponent);

/** `undefined` when empty, too long, or no text. Control and formatting characters, which can make a name look like another, are left out. */
function decodeText(encoded: string, maximum: number): string | undefined {
  try {
    const text = decodeURIComponent(encoded)
      .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
      .trim();
    const length = Array.from(text).length;
    return length > 0 && length <= maximum ? text : undefined;
  } catch {
    return undefined;
  }
}
