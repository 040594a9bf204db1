/** Signatures of messages, [MS-SMB2] §3.1.4.1: HMAC-SHA256 (2.1), AES-128-CMAC (3.0, 3.0.2, 3.1.1), AES-128-GMAC (3.1.1). */
import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { createAesCmac } from './aes-cmac.ts';
import { SIGNATURE_AT, SIGNATURE_BYTES } from './header.ts';
import { record, u32, u64, zeros } from './little-endian.ts';
import type { SigningAlgorithm } from './negotiate.ts';

export type Signer = {
  /** Writes the signature into the header, which is at the start of the first part and already says that there is one. */
  readonly sign: (parts: readonly Uint8Array[], messageId: bigint) => void;
  /** Whether the server, and nobody on the way, made this message. */
  readonly isSigned: (message: Uint8Array, messageId: bigint) => boolean;
};

/** `key` has 16 bytes. */
export function createSigner(algorithm: SigningAlgorithm, key: Uint8Array): Signer {
  const codeOf = CODES[algorithm](key);
  return {
    sign: (parts, messageId) => {
      parts[0]?.set(codeOf(parts, nonceOf(messageId, 'client')), SIGNATURE_AT);
    },
    isSigned: (message, messageId) => {
      const after = SIGNATURE_AT + SIGNATURE_BYTES;
      const parts = [message.subarray(0, SIGNATURE_AT), zeros(SIGNATURE_BYTES), message.subarray(after)];
      return timingSafeEqual(message.subarray(SIGNATURE_AT, after), codeOf(parts, nonceOf(messageId, 'server')));
    },
  };
}

type Code = (parts: readonly Uint8Array[], nonce: Uint8Array) => Uint8Array;

const CODES: Readonly<Record<SigningAlgorithm, (key: Uint8Array) => Code>> = {
  'hmac-sha256': (key) => (parts) => {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest().subarray(0, SIGNATURE_BYTES);
  },
  'aes-cmac': createAesCmac,
  'aes-gmac': (key) => (parts, nonce) => {
    const cipher = createCipheriv('aes-128-gcm', key, nonce);
    for (const part of parts) cipher.setAAD(part);
    cipher.final();
    return cipher.getAuthTag();
  },
};

/** §3.1.4.1: of GMAC only; the other algorithms have none. We never cancel, which has a bit of its own. */
const nonceOf = (messageId: bigint, role: 'client' | 'server'): Uint8Array =>
  record(u64(messageId), u32(role === 'server' ? 1 : 0));
