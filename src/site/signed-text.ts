/**
 * JSON that somebody signed, on one line: a JWS in compact form (RFC 7515) with Ed25519 (RFC 8037, alg `EdDSA`). Pure.
 *
 * Belongs here: signing, and judging a signature. Does not: what is signed (licence.ts, updates/release-file.ts), whose keys count.
 */
import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';

/** Whose signature counts. */
export type Issuer = { readonly keyId: string; readonly publicKey: KeyObject };

/** The first 16 hexadecimal digits of SHA-256 over the SPKI bytes. */
export const keyIdOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);

/** @throws if `pem` is no Ed25519 key; a private one will do too */
export function issuerOf(pem: string): Issuer {
  const publicKey = createPublicKey(pem);
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError(`it is ${String(publicKey.asymmetricKeyType)}`);
  return { keyId: keyIdOf(publicKey), publicKey };
}

/** `type`: so that nothing else that this key has signed passes for it. */
export function signText(type: string, value: object, privateKey: KeyObject): string {
  const header = { alg: 'EdDSA', typ: type, kid: keyIdOf(createPublicKey(privateKey)) };
  const signed = [header, value].map(encoded).join('.');
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export type SignedText =
  /** `trusted`: the signature is right; else the key is not known here, and nothing is said about the signature. */
  | { readonly kind: 'read'; readonly value: unknown; readonly keyId: string; readonly isTrusted: boolean }
  /** A key that is known did not sign this. */
  | { readonly kind: 'wrong-signature'; readonly keyId: string }
  | { readonly kind: 'malformed'; readonly why: string };

/** Without blanks and line ends. */
export function readSigned(type: string, text: string, issuers: readonly Issuer[]): SignedText {
  const [header = '', payload = '', signature = '', ...rest] = text.split('.');
  if (rest.length > 0 || signature === '')
    return { kind: 'malformed', why: 'it has not the three parts of a signed file' };
  const head = headerOf(type).safeParse(jsonOf(header));
  if (!head.success) return { kind: 'malformed', why: wordsOf(head.error) };
  const { kid: keyId } = head.data;
  const issuer = issuers.find((one) => one.keyId === keyId);
  // Before anything of it is believed.
  if (issuer !== undefined && !isSigned(`${header}.${payload}`, signature, issuer))
    return { kind: 'wrong-signature', keyId };
  const value = jsonOf(payload);
  if (value === undefined) return { kind: 'malformed', why: 'what it holds is no JSON' };
  return { kind: 'read', value, keyId, isTrusted: issuer !== undefined };
}

const headerOf = (type: string): z.ZodObject<{ kid: z.ZodString }> =>
  z.object({
    alg: z.literal('EdDSA'),
    typ: z.literal(type),
    kid: z.string().regex(/^[0-9a-f]{16}$/),
    /** RFC 7515 §4.1.11: extensions that must be understood; there are none. */
    crit: z.never().optional(),
  });

export function wordsOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
}

function isSigned(signed: string, signature: string, { publicKey }: Issuer): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  // One text a signature: no other spelling of the same bytes.
  return bytes.toString('base64url') === signature && verify(null, Buffer.from(signed), publicKey, bytes);
}

/** Undefined: it is none. */
function jsonOf(part: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')));
  } catch {
    return undefined;
  }
}
