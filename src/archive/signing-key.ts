/** The Ed25519 key (RFC 8032) that signs exports, kept as PEM (PKCS #8). A server's own is made by settings/keys.ts. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { UnderstudyError } from '../core/errors.ts';

export type SigningKey = {
  readonly privateKey: KeyObject;
  /** SPKI in PEM. */
  readonly publicKey: string;
  /** Made for one export: proves that the file was not altered since, not who made it. */
  readonly selfSigned: boolean;
};

/** @throws UnderstudyError `keys/unusable`; system errors */
export async function loadSigningKey(path: string): Promise<SigningKey> {
  const pem = await readFile(path, 'utf8');
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`it is ${String(privateKey.asymmetricKeyType)}`);
    return { privateKey, publicKey: pemOf(createPublicKey(privateKey)), selfSigned: false };
  } catch (cause) {
    const message = `${path} holds no Ed25519 key in PEM: restore it from a backup`;
    throw new UnderstudyError('corrupt', 'keys/unusable', message, { cause });
  }
}

/** A key that is thrown away after one export. */
export function createSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: pemOf(publicKey), selfSigned: true };
}

/** SHA-256 of the SPKI bytes in hex: what two people compare. @throws if `pem` is no key */
export const fingerprintOf = (pem: string): string =>
  createHash('sha256')
    .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
    .digest('hex');

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
