/** Keys that sign licences and releases, as files: made once, never written over. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { issuerOf, keyIdOf } from '../site/signed-text.ts';
import type { Issuer } from '../site/signed-text.ts';
import { readableOrThrow } from './paths.ts';
import { wrongUse } from './server-options.ts';
import { print, printJson } from './text-output.ts';

/** `file`, which must be kept secret, and `file`.pub, which servers must trust. `what`: what it signs, for the person. */
export async function makeKey(file: string, what: string, { json }: { readonly json?: true }): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeNew(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  await writeNew(`${file}.pub`, publicKey.export({ type: 'spki', format: 'pem' }).toString(), 0o644);
  const keyId = keyIdOf(publicKey);
  if (json === true) printJson({ keyId, privateKey: file, publicKey: `${file}.pub` });
  else print(`Key ${keyId}: ${file} signs ${what}, ${file}.pub makes a server trust them.`);
}

/** `command`: what makes one. @throws cli/usage */
export async function privateKeyIn(path: string, command: string): Promise<KeyObject> {
  await readableOrThrow(path);
  try {
    const key = createPrivateKey(await readFile(path, 'utf8'));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Not to be read as a key of any kind.
  }
  throw wrongUse(`--key: ${path} holds no Ed25519 private key in PEM; make one with understudy ${command}`);
}

/** @throws cli/usage */
export async function publicKeyIn(path: string): Promise<Issuer> {
  await readableOrThrow(path);
  try {
    return issuerOf(await readFile(path, 'utf8'));
  } catch {
    throw wrongUse(`--key: ${path} holds no Ed25519 public key in PEM`);
  }
}

/** A key or a licence is never written over. */
export async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode });
  } catch (cause) {
    const why = systemCodeOf(cause) === 'EEXIST' ? 'is there already' : 'cannot be written';
    throw new UnderstudyError('invalid', 'cli/usage', `${path} ${why}`, { cause });
  }
}
