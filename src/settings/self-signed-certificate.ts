/**
 * A self-signed server certificate (RFC 5280) for an ECDSA P-256 key, written in DER by hand: forty lines of encoder against a
 * library that would keep 20 MB of decorators in memory for one certificate in ten years.
 * Belongs here: the certificate as bytes. Does not: where it is kept and when it is made (keys.ts).
 */
import { createPublicKey, randomBytes, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { EpochMs } from '../core/units.ts';

const DAY_MS = 86_400_000;
/** Browsers trust this certificate by its fingerprint, by hand, so that a renewal costs every user a warning. */
const VALID_DAYS = 3650;
/** A box whose clock was not set yet at its first start must still be reachable after it is. */
const BACKDATED_DAYS = 365;
/** One certificate names at most this many hosts. */
export const MAX_SUBJECT_NAMES = 64;

export type CertificateNames = {
  /** Shown by browsers as the subject. */
  readonly commonName: string;
  /** DNS names and IP addresses, mixed. */
  readonly hosts: readonly string[];
};

/** PEM of a certificate for `privateKey` (ECDSA P-256), valid from a year before `at` for ten years. */
export function createSelfSignedCertificate(privateKey: KeyObject, names: CertificateNames, at: EpochMs): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256, RFC 5758 §3.2
  const subject = sequence(setOf(sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(names.commonName.slice(0, 64))))));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.of(2))),
    integer(serial),
    algorithm,
    subject,
    sequence(time(at - BACKDATED_DAYS * DAY_MS), time(at + VALID_DAYS * DAY_MS)),
    subject,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions(names.hosts))),
  );
  const signature = sign('sha256', toBeSigned, { key: privateKey, dsaEncoding: 'der' });
  const der = sequence(toBeSigned, algorithm, tlv(0x03, Buffer.concat([Buffer.of(0), signature])));
  return new X509Certificate(der).toString();
}

function extensions(hosts: readonly string[]): readonly Buffer[] {
  const names = [...new Set(hosts)].slice(0, MAX_SUBJECT_NAMES).map(generalName);
  const critical = Buffer.of(0x01, 0x01, 0xff);
  return [
    sequence(oid('2.5.29.19'), critical, tlv(0x04, sequence())), // basicConstraints: not a CA
    sequence(oid('2.5.29.15'), critical, tlv(0x04, Buffer.of(0x03, 0x02, 0x07, 0x80))), // keyUsage: digitalSignature
    sequence(oid('2.5.29.37'), tlv(0x04, sequence(oid('1.3.6.1.5.5.7.3.1')))), // extKeyUsage: serverAuth
    sequence(oid('2.5.29.17'), tlv(0x04, sequence(...names))), // subjectAltName
  ];
}

/** RFC 5280 §4.2.1.6: dNSName [2] and iPAddress [7]. */
function generalName(host: string): Buffer {
  return isIP(host) === 0 ? tlv(0x82, Buffer.from(host, 'latin1')) : tlv(0x87, addressBytes(host));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = expandMapped(address).split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0');
  const words = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Buffer.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/** `::ffff:1.2.3.4` to `::ffff:102:304`. */
function expandMapped(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, Buffer.concat(parts));
const setOf = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, Buffer.concat(parts));
const integer = (content: Uint8Array): Buffer => tlv(0x02, content);

/** X.690 §8.19. */
function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const base128 = (value: number): readonly number[] =>
    value < 0x80 ? [value] : [...base128(Math.floor(value / 128)).map((byte) => byte | 0x80), value & 0x7f];
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from then on. */
function time(at: number): Buffer {
  const digits = `${isoOf(epochMs(at)).slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  const utc = digits >= '1950' && digits < '2050';
  return utc ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

/** Whether `certificate` is current and belongs to `privateKey`. */
export function certificateFits(certificate: X509Certificate, privateKey: KeyObject, at: EpochMs): boolean {
  return (
    certificate.checkPrivateKey(privateKey) &&
    at >= certificate.validFromDate.getTime() &&
    at < certificate.validToDate.getTime()
  );
}
