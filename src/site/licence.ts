/**
 * A licence: a signed file that says how many servers and cameras a site may have. JWS in compact form (RFC 7515), signed with
 * Ed25519 (RFC 8037, alg `EdDSA`); its payload is JSON. Read offline: nobody is asked whether it is good.
 *
 * Belongs here: the format. Does not: its signature (signed-text.ts), what the seats lead to (licence-seats.ts), files and keys on
 * disk (settings), who may add one (control/licences.ts).
 */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseIso } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { readSigned, signText, wordsOf } from './signed-text.ts';
import type { Issuer } from './signed-text.ts';

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

/** `trusted`: the signature is right. `unknown-issuer`: signed by a key that is not known here; nothing is said about the signature. */
export type ReadLicence = {
  readonly terms: LicenceTerms;
  readonly keyId: string;
  readonly trust: 'trusted' | 'unknown-issuer';
};

/** @throws ZodError when the terms are none */
export const signLicence = (terms: LicenceTerms, privateKey: KeyObject): string =>
  signText(TYPE, licenceTermsSchema.parse(terms), privateKey);

/** As one line without what mail and editors put between and around: blanks, line ends, a byte order mark. */
export const plainLicence = (text: string): string => text.replaceAll(/[\s\uFEFF]+/g, '');

/**
 * `text` as it was given, or by `plainLicence`.
 * @throws licence/format (it is none), licence/version (of a newer release), licence/signature (a known issuer did not sign this)
 */
export function readLicence(text: string, issuers: readonly Issuer[]): ReadLicence {
  if (text.length > MAX_LICENCE_CHARACTERS)
    throw wrongFormat(`it has ${text.length} characters, at most ${MAX_LICENCE_CHARACTERS} are expected`);
  const signed = readSigned(TYPE, plainLicence(text), issuers);
  if (signed.kind === 'malformed') throw wrongFormat(signed.why);
  if (signed.kind === 'wrong-signature') throw wrongSignature(signed.keyId);
  const { value, keyId, isTrusted } = signed;
  refuseNewer(value);
  const terms = licenceTermsSchema.safeParse(value);
  if (!terms.success) throw wrongFormat(wordsOf(terms.error));
  return { terms: terms.data, keyId, trust: isTrusted ? 'trusted' : 'unknown-issuer' };
}

function refuseNewer(value: unknown): void {
  const version = z.looseObject({ version: z.number() }).safeParse(value).data?.version;
  if (version === undefined || version <= 1) return;
  const message = `This licence is of version ${version}; this release reads version 1: update this server.`;
  throw new UnderstudyError('invalid', 'licence/version', message);
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
