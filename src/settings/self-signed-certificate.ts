/**
 * Self-signed certificates (RFC 5280) for an ECDSA P-256 key: for the web interface, and for the channel between servers. The
 * library and the reflection polyfill it wants are loaded when one is made, which is once in ten years: a running server does
 * not carry them.
 * Belongs here: the certificates as PEM. Does not: where it is kept and when it is made (keys.ts).
 */
import { createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { dateOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { EpochMs } from '../core/units.ts';

const DAY_MS = 86_400_000;
/** Browsers trust this certificate by its fingerprint, by hand, so that a renewal costs every user a warning. */
const VALID_DAYS = 3650;
/** A box whose clock was not set yet at its first start must still be reachable after it is. */
const BACKDATED_DAYS = 365;
/** One certificate names at most this many hosts. */
export const MAX_SUBJECT_NAMES = 64;
/** RFC 5280 appendix A, ub-common-name. */
const MAX_COMMON_NAME = 64;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export type CertificateNames = {
  /** Shown by browsers as the subject. */
  readonly commonName: string;
  /** DNS names and IP addresses, mixed. */
  readonly hosts: readonly string[];
};

/** PEM of a certificate for `privateKey` (ECDSA P-256), valid from a year before `at` for ten years. */
export async function createSelfSignedCertificate(
  privateKey: KeyObject,
  { commonName, hosts }: CertificateNames,
  at: EpochMs,
): Promise<string> {
  const names = [...new Set(hosts.map(plainName).filter((host) => host !== ''))].slice(0, MAX_SUBJECT_NAMES);
  return await selfSigned(privateKey, {
    commonName,
    names,
    notBefore: epochMs(at - BACKDATED_DAYS * DAY_MS),
    notAfter: epochMs(at + VALID_DAYS * DAY_MS),
    usages: ['serverAuth'],
  });
}

/**
 * PEM of the certificate by which other servers know `serverId`. It has no expiry (RFC 5280 §4.1.2.5): a new one would be a
 * new identity, and every server that pinned it would have to be told by hand.
 */
export async function createPeerCertificate(privateKey: KeyObject, serverId: string): Promise<string> {
  return await selfSigned(privateKey, {
    commonName: serverId,
    names: [],
    notBefore: LONG_AGO,
    notAfter: NEVER,
    usages: ['serverAuth', 'clientAuth'],
  });
}
/** 2000-01-01, so that a box with an unset clock has a valid one too. */
const LONG_AGO = epochMs(946_684_800_000);
/** 9999-12-31T23:59:59Z. */
const NEVER = epochMs(253_402_300_799_000);

type Contents = {
  readonly commonName: string;
  readonly names: readonly string[];
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
};
async function selfSigned(privateKey: KeyObject, contents: Contents): Promise<string> {
  await import('reflect-metadata'); // first: the library below asks for it while it loads
  const x509 = await import('@peculiar/x509');
  const names = contents.names.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: [{ CN: [contents.commonName.slice(0, MAX_COMMON_NAME)] }],
      notBefore: dateOf(contents.notBefore),
      notAfter: dateOf(contents.notAfter),
      keys: await keyPairOf(privateKey),
      signingAlgorithm: ECDSA,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(contents.usages.map((usage) => x509.ExtendedKeyUsage[usage])),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    },
    webcrypto as Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[1],
  );
  return certificate.toString('pem');
}

/**
 * As a certificate spells it: no zone, an IPv4 address by itself (the library cuts `::ffff:10.0.0.1` short), names in ASCII
 * (IA5String, RFC 5280 §4.2.1.6). Empty if it cannot stand there.
 */
function plainName(host: string): string {
  const address = host.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  return isIP(address) === 0 ? domainToASCII(host) : address;
}

async function keyPairOf(privateKey: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto;
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, ECDSA, false, ['sign']),
    publicKey: await subtle.importKey('spki', spki, ECDSA, true, ['verify']),
  };
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets; no leading zero, which the encoding would drop. */
function serialNumber(): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString('hex');
}

/** Whether `certificate` is current and belongs to `privateKey`. */
export function certificateFits(certificate: X509Certificate, privateKey: KeyObject, at: EpochMs): boolean {
  return (
    certificate.checkPrivateKey(privateKey) &&
    at >= certificate.validFromDate.getTime() &&
    at < certificate.validToDate.getTime()
  );
}
