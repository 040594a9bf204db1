/**
 * Basic and Digest for RTSP, both sides (RFC 7617, RFC 7616, RFC 2617, RFC 2326 §D.1.2): which challenge to answer, the
 * answer, and for the simulator making challenges and checking answers. Random values are passed in.
 *
 * Belongs here: header text <-> proof. Does not: when to try again (client-session.ts). No message holds a credential.
 */
import { createHash } from 'node:crypto';
import { MAX_HEADER_BYTES } from './message.ts';

export type DigestAlgorithm = 'MD5' | 'SHA-256';
export type Challenge =
  | { readonly kind: 'basic'; readonly realm: string }
  | {
      readonly kind: 'digest';
      readonly algorithm: DigestAlgorithm;
      /** `-sess`: the key also depends on the nonces (RFC 7616 §3.4.2). */
      readonly sess: boolean;
      readonly realm: string;
      readonly nonce: string;
      readonly opaque: string | undefined;
      /** `auth` was offered; without it the old RFC 2069 form is used. */
      readonly qopAuth: boolean;
      /** Only the nonce was too old: the password may be right. */
      readonly stale: boolean;
    };
export type DigestChallenge = Extract<Challenge, { kind: 'digest' }>;
export type Credentials = { readonly username: string; readonly password: string };
/** `count` counts requests with one nonce from 1; `cnonce` is random text of the caller. */
export type DigestUse = {
  readonly method: string;
  readonly uri: string;
  readonly cnonce: string;
  readonly count: number;
};

type Parameters = ReadonlyMap<string, string>;
type Scheme = { readonly scheme: string; readonly parameters: Parameters };
/** A camera offers two or three. */
export const MAX_CHALLENGES = 8;

/** Every challenge that we can answer, in the order sent; headers may hold several each (RFC 9110 §11.6.1). */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers
    .flatMap((text) => parseSchemes(text.slice(0, MAX_HEADER_BYTES)))
    .slice(0, MAX_CHALLENGES)
    .map(toChallenge)
    .filter((challenge) => challenge !== undefined);
}

const strengthOf = (challenge: Challenge): number => {
  if (challenge.kind === 'basic') return 1;
  return challenge.algorithm === 'MD5' ? 2 : 3;
};

/** The strongest; `digestOnly` once the camera has asked for Digest: an answer with Basic then would hand out the password. */
export function chooseChallenge(challenges: readonly Challenge[], digestOnly: boolean): Challenge | undefined {
  return challenges
    .filter(({ kind }) => kind === 'digest' || !digestOnly)
    .toSorted((one, other) => strengthOf(other) - strengthOf(one))
    .at(0);
}

/** Value of `Authorization`. */
export function encodeAuthorization(challenge: Challenge, credentials: Credentials, use: DigestUse): string {
  if (challenge.kind === 'basic') return `Basic ${base64(`${credentials.username}:${credentials.password}`)}`;
  const { realm, nonce, opaque, qopAuth, algorithm, sess } = challenge;
  const parts = [
    `username="${escape(credentials.username)}"`,
    `realm="${escape(realm)}"`,
    `nonce="${escape(nonce)}"`,
    `uri="${use.uri}"`,
    `response="${digestResponse(challenge, credentials, use)}"`,
  ];
  // Left out for MD5, which is what a missing one means (RFC 7616 §3.3): servers of RFC 2069 do not know the parameter.
  if (algorithm !== 'MD5' || sess) parts.push(`algorithm=${algorithm}${sess ? '-sess' : ''}`);
  if (qopAuth) parts.push(`qop=auth`, `nc=${countOf(use)}`);
  if (qopAuth || sess) parts.push(`cnonce="${use.cnonce}"`);
  if (opaque !== undefined) parts.push(`opaque="${escape(opaque)}"`);
  return `Digest ${parts.join(', ')}`;
}

/** `response` in hex, RFC 7616 §3.4.1; without `qop` RFC 2069. */
export function digestResponse(challenge: DigestChallenge, credentials: Credentials, use: DigestUse): string {
  const hash = hashOf(challenge.algorithm);
  const key = hash(`${credentials.username}:${challenge.realm}:${credentials.password}`);
  const a1 = challenge.sess ? hash(`${key}:${challenge.nonce}:${use.cnonce}`) : key;
  const a2 = hash(`${use.method}:${use.uri}`);
  const middle = challenge.qopAuth ? `${countOf(use)}:${use.cnonce}:auth:` : '';
  return hash(`${a1}:${challenge.nonce}:${middle}${a2}`);
}

/** Value of `WWW-Authenticate`, for servers. */
export function encodeChallenge(challenge: Challenge): string {
  if (challenge.kind === 'basic') return `Basic realm="${escape(challenge.realm)}"`;
  const parts = [
    `realm="${escape(challenge.realm)}"`,
    `nonce="${escape(challenge.nonce)}"`,
    `algorithm=${challenge.algorithm}${challenge.sess ? '-sess' : ''}`,
  ];
  if (challenge.qopAuth) parts.push('qop="auth"');
  if (challenge.opaque !== undefined) parts.push(`opaque="${escape(challenge.opaque)}"`);
  if (challenge.stale) parts.push('stale=true');
  return `Digest ${parts.join(', ')}`;
}

export type Verdict = 'accepted' | 'wrong' | 'missing' | 'stale';

/** Whether the value of `Authorization` proves the credentials under one of the challenges that the server gave. */
export function verifyAuthorization(
  authorization: string | undefined,
  method: string,
  challenges: readonly Challenge[],
  credentials: Credentials,
): Verdict {
  if (authorization === undefined) return 'missing';
  const [given] = parseSchemes(authorization.slice(0, MAX_HEADER_BYTES));
  if (given === undefined) return 'missing';
  if (given.scheme === 'digest') return verifyDigest(given.parameters, method, challenges, credentials);
  const expected = base64(`${credentials.username}:${credentials.password}`);
  const offered = challenges.some(({ kind }) => kind === 'basic');
  return offered && authorization.replace(/^basic\s+/i, '') === expected ? 'accepted' : 'wrong';
}

function verifyDigest(
  parameters: Parameters,
  method: string,
  challenges: readonly Challenge[],
  credentials: Credentials,
): Verdict {
  const text = (name: string): string => parameters.get(name) ?? '';
  const wanted = algorithmOf(text('algorithm'));
  const offered = challenges
    .filter((challenge) => challenge.kind === 'digest')
    .filter((challenge) => challenge.algorithm === wanted?.algorithm && challenge.sess === wanted.sess);
  const challenge = offered.find(({ nonce }) => nonce === text('nonce'));
  if (challenge === undefined) return offered.length > 0 ? 'stale' : 'wrong';
  const use = { method, uri: text('uri'), cnonce: text('cnonce'), count: Number.parseInt(text('nc') || '0', 16) };
  const response = digestResponse({ ...challenge, qopAuth: text('qop') === 'auth' }, credentials, use);
  return text('username') === credentials.username && text('response') === response ? 'accepted' : 'wrong';
}

/**
 * `Scheme a=b, c="d", Scheme2 e=f` taken apart. A token followed by `=` is a parameter, any other begins a scheme; the credentials
 * behind `Basic` are skipped.
 */
function parseSchemes(text: string): readonly Scheme[] {
  const schemes: { scheme: string; parameters: Map<string, string> }[] = [];
  const token = /\s*,?\s*([A-Za-z][\w.-]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,"]*)))?|[^,]+|,/gy;
  for (const [, name, quoted, plain] of text.matchAll(token)) {
    if (name === undefined) continue;
    if (quoted === undefined && plain === undefined) {
      if (/^(basic|digest)$/i.test(name)) schemes.push({ scheme: name.toLowerCase(), parameters: new Map() });
      continue;
    }
    schemes.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return schemes;
}

function toChallenge({ scheme, parameters }: Scheme): Challenge | undefined {
  const realm = parameters.get('realm') ?? '';
  if (scheme === 'basic') return { kind: 'basic', realm };
  const nonce = parameters.get('nonce');
  const algorithm = algorithmOf(parameters.get('algorithm'));
  if (nonce === undefined || algorithm === undefined) return undefined;
  const qop = parameters.get('qop');
  const qopAuth = qop?.split(',').some((word) => word.trim().toLowerCase() === 'auth') ?? false;
  if (qop !== undefined && qop.trim() !== '' && !qopAuth) return undefined;
  const stale = parameters.get('stale')?.toLowerCase() === 'true';
  return { kind: 'digest', ...algorithm, realm, nonce, opaque: parameters.get('opaque'), qopAuth, stale };
}

function algorithmOf(text: string | undefined): Pick<DigestChallenge, 'algorithm' | 'sess'> | undefined {
  const match = /^(MD5|SHA-?256)(-sess)?$/i.exec(text === undefined || text === '' ? 'MD5' : text);
  if (!match) return undefined;
  return { algorithm: match[1]?.toUpperCase() === 'MD5' ? 'MD5' : 'SHA-256', sess: match[2] !== undefined };
}

const hashOf =
  (algorithm: DigestAlgorithm) =>
  (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text, 'utf8')
      .digest('hex');
const countOf = ({ count }: DigestUse): string => count.toString(16).padStart(8, '0');
const escape = (text: string): string => text.replaceAll(/["\\]/g, '\\$&');
const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
