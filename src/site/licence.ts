/**
 * A licence: a signed file that says how many servers and cameras a site may have. JWS in compact form (RFC 7515), signed with
 * Ed25519 (RFC 8037, alg `EdDSA`); its payload is JSON. Read offline: nobody is asked whether it is good.
 *
 * Belongs here: the format, signing and judging a signature. Does not: what the seats lead to (licence-seats.ts), files and
 * keys on disk (settings), who may add one (control/licences.ts).
 */
import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseIso } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';

/** Of one file; the largest that the schema allows has less. */
export const MAX_LICENCE_CHARACTERS = 4096;
/** Of one site. */
export const MAX_LICENCES = 32;
/** What `typ` of the header says, so that nothing else that this key has signed passes for a licence. */
const TYPE = 'understudy-licence';
const MAX_SEATS = 1_000_000;

const instant = z
  .string()
  .refine((text) => parseIso(text) !== undefined, 'Expected a time such as 2027-12-31T23:59:59Z');
const seats = z.number().int().min(0).max(MAX_SEATS);
/** What is absent is not limited by this licence. */
export const seatsSchema = z.strictObject({
  /** Failover servers that may cover. */
  failoverServers: seats.optional(),
  /** Cameras that failover servers may cover at a time, all together. */
  coveredCameras: seats.optional(),
  /** Cameras that servers may record as their own, all together. */
  recordedCameras: seats.optional(),
});
export type Seats = z.infer<typeof seatsSchema>;
export type SeatKind = keyof Seats;

export const licenceTermsSchema = z
  .strictObject({
    version: z.literal(1),
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'Expected letters, digits and dashes'),
    /** To whom it was given, for people. */
    holder: z
      .string()
      .min(1)
      .max(200)
      .refine((text) => !/\p{Cc}/u.test(text), 'Expected no control characters'),
    issuedAt: instant,
    /** It counts from then on; absent: at once. */
    validFrom: instant.optional(),
    /** It counts until then; absent: for ever. */
    expiresAt: instant.optional(),
    seats: seatsSchema.refine((given) => Object.keys(given).length > 0, 'Expected seats of one kind at least'),
  })
  .refine(
    ({ validFrom, expiresAt }) =>
      validFrom === undefined || expiresAt === undefined || instantOf(validFrom) < instantOf(expiresAt),
    'Expected it to begin before it expires',
  );
export type LicenceTerms = z.infer<typeof licenceTermsSchema>;

/** Wall milliseconds; `text` is one of a licence. */
export const instantOf = (text: string): number => parseIso(text) ?? Number.NaN;

/** Whose licences count. */
export type Issuer = { readonly keyId: string; readonly publicKey: KeyObject };
/** `trusted`: the signature is right. `unknown-issuer`: signed by a key that is not known here; nothing is said about the signature. */
export type ReadLicence = {
  readonly terms: LicenceTerms;
  readonly keyId: string;
  readonly trust: 'trusted' | 'unknown-issuer';
};

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

/** @throws ZodError when the terms are none */
export function signLicence(terms: LicenceTerms, privateKey: KeyObject): string {
  const header = { alg: 'EdDSA', typ: TYPE, kid: keyIdOf(createPublicKey(privateKey)) };
  const signed = [header, licenceTermsSchema.parse(terms)].map(encoded).join('.');
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** As one line without what mail and editors put between and around: blanks, line ends, a byte order mark. */
export const plainLicence = (text: string): string => text.replaceAll(/[\s\uFEFF]+/g, '');

const headerSchema = z.object({
  alg: z.literal('EdDSA'),
  typ: z.literal(TYPE),
  kid: z.string().regex(/^[0-9a-f]{16}$/),
  /** RFC 7515 §4.1.11: extensions that must be understood; there are none. */
  crit: z.never().optional(),
});

/**
 * `text` as it was given, or by `plainLicence`.
 * @throws licence/format (it is none), licence/version (of a newer release), licence/signature (a known issuer did not sign this)
 */
export function readLicence(text: string, issuers: readonly Issuer[]): ReadLicence {
  if (text.length > MAX_LICENCE_CHARACTERS)
    throw wrongFormat(`it has ${text.length} characters, at most ${MAX_LICENCE_CHARACTERS} are expected`);
  const [header = '', payload = '', signature = '', ...rest] = plainLicence(text).split('.');
  if (rest.length > 0 || signature === '') throw wrongFormat('it has not the three parts of a signed file');
  const { kid } = parsed(headerSchema, header);
  const issuer = issuers.find(({ keyId }) => keyId === kid);
  // Before anything of it is believed, even its version.
  if (issuer !== undefined && !isSigned(`${header}.${payload}`, signature, issuer)) throw wrongSignature(kid);
  refuseNewer(payload);
  const terms = parsed(licenceTermsSchema, payload);
  return { terms, keyId: kid, trust: issuer === undefined ? 'unknown-issuer' : 'trusted' };
}

function isSigned(signed: string, signature: string, { publicKey }: Issuer): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  // One text a signature: no other spelling of the same bytes.
  return bytes.toString('base64url') === signature && verify(null, Buffer.from(signed), publicKey, bytes);
}

function refuseNewer(payload: string): void {
  const version = z.looseObject({ version: z.number() }).safeParse(jsonOf(payload)).data?.version;
  if (version === undefined || version <= 1) return;
  const message = `This licence is of version ${version}; this release reads version 1: update this server.`;
  throw new UnderstudyError('invalid', 'licence/version', message);
}

function parsed<T>(schema: z.ZodType<T>, part: string): T {
  const result = schema.safeParse(jsonOf(part));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw wrongFormat(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')));
  } catch {
    throw wrongFormat('what it holds is no JSON');
  }
}

const wrongFormat = (why: string): UnderstudyError =>
  new UnderstudyError(
    'invalid',
    'licence/format',
    `This is no licence file of Understudy: ${why}. Nothing was changed.`,
  );
const wrongSignature = (keyId: string): UnderstudyError =>
  new UnderstudyError(
    'invalid',
    'licence/signature',
    `The signature of this licence is wrong: it was changed after the issuer (key ${keyId}) signed it, or is damaged. Use the file as it was issued. Nothing was changed.`,
  );
