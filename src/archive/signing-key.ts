/** The Ed25519 key (RFC 8032) that signs exports: made once, kept as PEM (PKCS #8) readable by its owner only. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';

export type SigningKey = {
  readonly privateKey: KeyObject;
  /** SPKI in PEM. */
  readonly publicKey: string;
  /** Made for one export: proves that the file was not altered since, not who made it. */
  readonly selfSigned: boolean;
};

const MODE_SECRET = 0o600;
const MODE_FOLDER = 0o700;

/** @throws UnderstudyError `keys/unusable`; system errors */
export async function loadOrCreateSigningKey(path: string): Promise<SigningKey> {
  try {
    return signingKeyOf(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: MODE_FOLDER });
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  try {
    await writeFile(path, pem, { mode: MODE_SECRET, flag: 'wx', flush: true });
  } catch (error) {
    // Another process was faster: its key counts.
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
  return signingKeyOf(await readFile(path, 'utf8'), path);
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

function signingKeyOf(pem: string, path: string): SigningKey {
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`it is ${String(privateKey.asymmetricKeyType)}`);
    return { privateKey, publicKey: pemOf(createPublicKey(privateKey)), selfSigned: false };
  } catch (cause) {
    throw new UnderstudyError(
      'corrupt',
      'keys/unusable',
      `${path} holds no Ed25519 key in PEM: restore it from a backup`,
      {
        cause,
      },
    );
  }
}

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
