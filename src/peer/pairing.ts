/**
 * Pairing by a code that one server shows and the other is told by a person (docs/design/peer-protocol.md, "Pairing").
 * Belongs here: codes, proofs, tries; no sockets. Does not: the exchange (pairing-exchange.ts).
 *
 * The code is 50 bits: whoever listens in the middle with a key of its own gets a proof that is bound to that key, and would
 * have to try the codes through scrypt, some 10^14 seconds of work, within the five minutes that the code is good for.
 */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { MonotonicMs } from '../core/units.ts';

const CODE_LENGTH = 10;
export const CODE_VALID_MS: number = 5 * 60_000;
export const MAX_TRIES = 5;
/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE = /^[0-9A-HJKMNP-TV-Z]{10}$/;
/** RFC 7914: 32 MiB and some 100 ms on a small NAS. */
const SCRYPT = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const KEY_BYTES = 32;

/** `XXXXX-XXXXX`; 5 random bits a character. */
export function createCode(random: (size: number) => Uint8Array = randomBytes): string {
  const letters = [...random(CODE_LENGTH)].map((byte) => ALPHABET.charAt(byte & 31)).join('');
  return `${letters.slice(0, 5)}-${letters.slice(5)}`;
}

/** As a person may type it: any case, with or without dashes and blanks, O for 0, I or L for 1. Undefined: no code. */
export function plainCode(typed: string): string | undefined {
  if (typed.length > 64) return undefined;
  const code = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return CODE.test(code) ? code : undefined;
}

/** What both ends of one TLS connection know alike. */
export type PairingBasis = {
  /** SHA-256 of the peer certificates in hex: of the server that dialled (there the code was typed), and of the other. */
  readonly dialler: string;
  readonly shower: string;
  /** RFC 9266 `tls-exporter`, 32 bytes. */
  readonly channelBinding: Uint8Array;
};
export type PairingProofs = { readonly dialler: string; readonly shower: string };

/** `code` as `plainCode` gives it. Each side proves with its own and expects the other. */
export async function pairingProofs(code: string, basis: PairingBasis): Promise<PairingProofs> {
  const keys = Buffer.from(basis.dialler + basis.shower, 'hex');
  const key = await scryptKey(code, Buffer.concat([Buffer.from('understudy pairing 1'), keys]));
  const proofOf = (role: string): string =>
    createHmac('sha256', key).update(`understudy ${role} 1`).update(keys).update(basis.channelBinding).digest('hex');
  return { dialler: proofOf('dialler'), shower: proofOf('shower') };
}

async function scryptKey(code: string, salt: Uint8Array): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(code, salt, KEY_BYTES, SCRYPT, (error, key) => (error === null ? resolve(key) : reject(error)));
  return await promise;
}

export const sameProof = (shown: string, expected: string): boolean =>
  shown.length === expected.length && timingSafeEqual(Buffer.from(shown), Buffer.from(expected));

/** The code that is shown now. */
export type Pairing =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly code: string; readonly until: MonotonicMs; readonly triesLeft: number };
export const noPairing: Pairing = { kind: 'closed' };

export const openPairing = (code: string, at: MonotonicMs): Pairing => ({
  kind: 'open',
  code,
  until: (at + CODE_VALID_MS) as MonotonicMs,
  triesLeft: MAX_TRIES,
});

/** Takes a try before its proof is looked at. `code` undefined: none is left, or the time is over. */
export function takeTry(
  pairing: Pairing,
  at: MonotonicMs,
): { readonly pairing: Pairing; readonly code: string | undefined } {
  if (pairing.kind === 'closed' || at >= pairing.until || pairing.triesLeft === 0)
    return { pairing: noPairing, code: undefined };
  return { pairing: { ...pairing, triesLeft: pairing.triesLeft - 1 }, code: pairing.code };
}

/** Whether strangers may try at all. */
export const isPairing = (pairing: Pairing, at: MonotonicMs): boolean =>
  pairing.kind === 'open' && at < pairing.until && pairing.triesLeft > 0;

/** A code is good for one pairing: false if another was faster, or a new code is shown. */
export const isStill = (pairing: Pairing, code: string, at: MonotonicMs): boolean =>
  pairing.kind === 'open' && pairing.code === code && at < pairing.until;
