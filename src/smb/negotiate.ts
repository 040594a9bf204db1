/**
 * NEGOTIATE: which dialect, cipher and signing algorithm both sides speak, [MS-SMB2] §2.2.3, §2.2.4, §3.2.5.2.
 *
 * Belongs here: what we offer, and holding the answer against it. Does not: proving that nobody changed it on the way (session.ts).
 */
import { UnderstudyError } from '../core/errors.ts';
import { HEADER_BYTES } from './header.ts';
import { padded8, readerOf, record, u16, u32, zeros } from './little-endian.ts';
import type { Reader } from './little-endian.ts';
import { brokenProtocol } from './smb-error.ts';

export type SmbDialect = '2.1' | '3.0' | '3.0.2' | '3.1.1';
export type SigningAlgorithm = 'hmac-sha256' | 'aes-cmac' | 'aes-gmac';
export type CipherName = 'aes-128-ccm' | 'aes-128-gcm' | 'aes-256-ccm' | 'aes-256-gcm';

export type Negotiated = {
  readonly dialect: SmbDialect;
  readonly signing: SigningAlgorithm;
  /** `undefined` if this connection cannot encrypt. */
  readonly cipher: CipherName | undefined;
  /** Requests above 64 KB cost more than one credit; otherwise there are none. */
  readonly manyCredits: boolean;
  readonly maxRead: number;
  readonly maxWrite: number;
  /** What §3.2.5.5 lets us check once messages are signed. */
  readonly server: { readonly capabilities: number; readonly guid: Uint8Array; readonly securityMode: number };
};

/** What is offered, to be sent again for checking. */
export type Offer = { readonly guid: Uint8Array; readonly salt: Uint8Array };

const DIALECTS: ReadonlyMap<number, SmbDialect> = new Map([
  [0x0210, '2.1'],
  [0x0300, '3.0'],
  [0x0302, '3.0.2'],
  [0x0311, '3.1.1'],
]);
const CIPHERS: ReadonlyMap<number, CipherName> = new Map([
  [2, 'aes-128-gcm'],
  [4, 'aes-256-gcm'],
  [1, 'aes-128-ccm'],
  [3, 'aes-256-ccm'],
]);
const SIGNINGS: ReadonlyMap<number, SigningAlgorithm> = new Map([
  [2, 'aes-gmac'],
  [1, 'aes-cmac'],
  [0, 'hmac-sha256'],
]);
const CONTEXT = { preauth: 1, encryption: 2, signing: 8 } as const;
const SHA_512 = 1;

/** Signing is not for choice: a server that will not sign is not written to. */
export const SECURITY_MODE = 2;
const CAPABILITY_MANY_CREDITS = 0x04;
const CAPABILITY_ENCRYPTION = 0x40;
export const CAPABILITIES = CAPABILITY_MANY_CREDITS | CAPABILITY_ENCRYPTION;

export const CREDIT_BYTES = 65_536;
/** What one request reads or writes at most; servers mostly allow 8 MB, but more than this gains nothing. */
export const MAX_TRANSFER_BYTES = 1024 * 1024;
/** No server has been seen below 64 KB; below this, headers would outweigh what they carry. */
const MIN_TRANSFER_BYTES = 4096;
/** Windows sends five at most. */
export const MAX_NEGOTIATE_CONTEXTS = 16;
export const SALT_BYTES = 32;

export const OFFERED_DIALECTS: Uint8Array = record(...[...DIALECTS.keys()].map(u16));

/** The body behind the header. */
export function encodeNegotiate({ guid, salt }: Offer): Uint8Array {
  const fixedBytes = 36;
  const contexts = [
    context(CONTEXT.preauth, record(u16(1), u16(SALT_BYTES), u16(SHA_512), salt)),
    context(CONTEXT.encryption, listOf(CIPHERS)),
    context(CONTEXT.signing, listOf(SIGNINGS)),
  ];
  const dialects = padded8(record(zeros((HEADER_BYTES + fixedBytes) % 8), OFFERED_DIALECTS)).subarray(
    (HEADER_BYTES + fixedBytes) % 8,
  );
  return record(
    u16(fixedBytes),
    u16(DIALECTS.size),
    u16(SECURITY_MODE),
    u16(0),
    u32(CAPABILITIES),
    guid,
    u32(HEADER_BYTES + fixedBytes + dialects.length),
    u16(contexts.length),
    u16(0),
    dialects,
    ...contexts.slice(0, -1).map(padded8),
    ...contexts.slice(-1),
  );
}

const context = (kind: number, data: Uint8Array): Uint8Array => record(u16(kind), u16(data.length), u32(0), data);
const listOf = (names: ReadonlyMap<number, string>): Uint8Array =>
  record(u16(names.size), ...[...names.keys()].map(u16));

/** @throws `smb-protocol`, or `smb-unsupported` for a dialect below 2.1. `message` begins with its header. */
export function parseNegotiate(message: Uint8Array): Negotiated {
  const reader = readerOf(message, 'answer to NEGOTIATE');
  const dialect = dialectOf(reader.u16(HEADER_BYTES + 4));
  const capabilities = reader.u32(HEADER_BYTES + 24);
  const manyCredits = (capabilities & CAPABILITY_MANY_CREDITS) !== 0;
  const limit = (at: number): number => transferLimit(reader.u32(HEADER_BYTES + at), manyCredits);
  return {
    dialect,
    ...algorithmsOf(dialect, capabilities, reader),
    manyCredits,
    maxRead: limit(32),
    maxWrite: limit(36),
    server: {
      capabilities,
      guid: reader.bytes(HEADER_BYTES + 8, 16),
      securityMode: reader.u16(HEADER_BYTES + 2),
    },
  };
}

function dialectOf(value: number): SmbDialect {
  const dialect = DIALECTS.get(value);
  if (dialect !== undefined) return dialect;
  throw new UnderstudyError(
    'unsupported',
    'smb-unsupported',
    `Expected a server that speaks SMB 2.1 to 3.1.1, this one chose dialect 0x${value.toString(16)}: allow SMB 2.1 or later on it.`,
  );
}

function transferLimit(announced: number, manyCredits: boolean): number {
  if (announced < MIN_TRANSFER_BYTES)
    throw brokenProtocol(
      `The server takes only ${announced} bytes a request; at least ${MIN_TRANSFER_BYTES} expected.`,
    );
  return Math.min(announced, manyCredits ? MAX_TRANSFER_BYTES : CREDIT_BYTES);
}

type Algorithms = Pick<Negotiated, 'signing' | 'cipher'>;

function algorithmsOf(dialect: SmbDialect, capabilities: number, reader: Reader): Algorithms {
  if (dialect === '2.1') return { signing: 'hmac-sha256', cipher: undefined };
  const encrypts = (capabilities & CAPABILITY_ENCRYPTION) !== 0;
  if (dialect !== '3.1.1') return { signing: 'aes-cmac', cipher: encrypts ? 'aes-128-ccm' : undefined };
  const contexts = contextsOf(reader);
  const preauth = contexts.get(CONTEXT.preauth);
  if (preauth?.u16(0) !== 1 || preauth.u16(4) !== SHA_512)
    throw brokenProtocol('The server does not protect the negotiation with SHA-512, as SMB 3.1.1 demands.');
  const signing = chosen(contexts.get(CONTEXT.signing), SIGNINGS, 'signing algorithm');
  // §2.2.4.1.2: a server without a common cipher answers 0.
  const ciphers: ReadonlyMap<number, CipherName | undefined> = new Map([...CIPHERS, [0, undefined]]);
  return { signing: signing ?? 'aes-cmac', cipher: chosen(contexts.get(CONTEXT.encryption), ciphers, 'cipher') };
}

/** The one that the server picked from our list; `undefined` without such a context. */
function chosen<T>(data: Reader | undefined, offered: ReadonlyMap<number, T>, what: string): T | undefined {
  if (data === undefined) return undefined;
  const picked = data.u16(2);
  if (data.u16(0) !== 1 || !offered.has(picked))
    throw brokenProtocol(`The server picked a ${what} that was not offered: ${data.u16(0)} of them, first ${picked}.`);
  return offered.get(picked);
}

/** By kind; kinds that we do not know are left out by whoever asks. */
function contextsOf(reader: Reader): ReadonlyMap<number, Reader> {
  const count = reader.u16(HEADER_BYTES + 6);
  if (count > MAX_NEGOTIATE_CONTEXTS)
    throw brokenProtocol(`The server sent ${count} negotiate contexts; at most ${MAX_NEGOTIATE_CONTEXTS} expected.`);
  const contexts = new Map<number, Reader>();
  let at = reader.u32(HEADER_BYTES + 60);
  for (let index = 0; index < count; index += 1) {
    const [kind, length] = [reader.u16(at), reader.u16(at + 2)];
    if (contexts.has(kind)) throw brokenProtocol(`The server sent negotiate context ${kind} twice.`);
    contexts.set(kind, readerOf(reader.bytes(at + 8, length), 'negotiate context'));
    at = Math.ceil((at + 8 + length) / 8) * 8;
  }
  return contexts;
}
