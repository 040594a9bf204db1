/** Encrypted messages: the transform header, [MS-SMB2] §2.2.41, §3.1.4.3, with AES-CCM (3.0 and later) or AES-GCM (3.1.1). */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { CipherCCM, CipherGCM, DecipherCCM, DecipherGCM } from 'node:crypto';
import { readerOf, record, u16, u32, u64, zeros } from './little-endian.ts';
import type { CipherName } from './negotiate.ts';
import { brokenProtocol } from './smb-error.ts';

export type Encryption = {
  /** Header and ciphertext, to be sent one after the other. */
  readonly encrypt: (parts: readonly Uint8Array[]) => readonly Uint8Array[];
  /** @throws `smb-protocol` if it was not made by the server, for this session, or was changed. */
  readonly decrypt: (message: Uint8Array) => Uint8Array;
};
export type CipherKeys = { readonly toServer: Uint8Array; readonly toClient: Uint8Array };

const PROTOCOL_ID = 0x424d_53fd;
const ENCRYPTED = 1;
export const TRANSFORM_BYTES = 52;
const TAG_AT = 4;
const TAG_BYTES = 16;
/** From here the header is authenticated with the message. */
const NONCE_AT = 20;

export const isEncrypted = (message: Uint8Array): boolean =>
  message.length >= 4 && readerOf(message, 'message').u32(0) === PROTOCOL_ID;

/** A key is only ever used by one session, so counting from one never repeats a nonce. */
export function createEncryption(cipher: CipherName, keys: CipherKeys, sessionId: bigint): Encryption {
  let sent = 0n;
  return {
    encrypt: (parts) => {
      sent += 1n;
      return encryptMessage(cipher, keys.toServer, { nonce: record(u64(sent), zeros(8)), sessionId, parts });
    },
    decrypt: (message) => decryptMessage(cipher, keys.toClient, sessionId, message),
  };
}

const nonceBytes = (cipher: CipherName): number => (isCcm(cipher) ? 11 : 12);
const isCcm = (cipher: CipherName): cipher is 'aes-128-ccm' | 'aes-256-ccm' => cipher.endsWith('-ccm');

type Plain = {
  /** 16 bytes, of which the cipher takes the first 11 or 12. */
  readonly nonce: Uint8Array;
  readonly sessionId: bigint;
  readonly parts: readonly Uint8Array[];
};

export function encryptMessage(cipher: CipherName, key: Uint8Array, plain: Plain): readonly Uint8Array[] {
  // CCM takes a message in one piece only.
  const parts = isCcm(cipher) ? [record(...plain.parts)] : plain.parts;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = record(
    u32(PROTOCOL_ID),
    zeros(TAG_BYTES),
    plain.nonce,
    u32(length),
    u16(0),
    u16(ENCRYPTED),
    u64(plain.sessionId),
  );
  const nonce = plain.nonce.subarray(0, nonceBytes(cipher));
  const engine: CipherCCM | CipherGCM = isCcm(cipher)
    ? createCipheriv(cipher, key, nonce, { authTagLength: TAG_BYTES })
    : createCipheriv(cipher, key, nonce);
  engine.setAAD(header.subarray(NONCE_AT), { plaintextLength: length });
  const encrypted = parts.map((part) => engine.update(part));
  engine.final();
  header.set(engine.getAuthTag(), TAG_AT);
  return [header, ...encrypted];
}

export function decryptMessage(
  cipher: CipherName,
  key: Uint8Array,
  sessionId: bigint,
  message: Uint8Array,
): Uint8Array {
  const reader = readerOf(message, 'encrypted message');
  const length = message.length - TRANSFORM_BYTES;
  const belongs = reader.u64(44) === sessionId && reader.u16(42) === ENCRYPTED && reader.u32(36) === length;
  if (!belongs || length <= 0)
    throw brokenProtocol('The server sent an encrypted message of another session or of the wrong length.');
  const nonce = reader.bytes(NONCE_AT, nonceBytes(cipher));
  const engine: DecipherCCM | DecipherGCM = isCcm(cipher)
    ? createDecipheriv(cipher, key, nonce, { authTagLength: TAG_BYTES })
    : createDecipheriv(cipher, key, nonce, { authTagLength: TAG_BYTES });
  engine.setAuthTag(reader.bytes(TAG_AT, TAG_BYTES));
  engine.setAAD(reader.bytes(NONCE_AT, TRANSFORM_BYTES - NONCE_AT), { plaintextLength: length });
  try {
    const plain = engine.update(message.subarray(TRANSFORM_BYTES));
    engine.final();
    return plain;
  } catch (cause) {
    throw wrongTag(cause);
  }
}

const wrongTag = (cause: unknown): Error =>
  Object.assign(
    brokenProtocol('A message from the server does not decrypt: something on the way changed it, or the keys differ.'),
    { cause },
  );
