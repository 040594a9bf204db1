/**
 * Whose signatures count on this box, on licences and on releases: the keys that the package ships, and those in a file below
 * `<data>/keys`, where whoever sets the box up may add public keys. Nothing in the API and nothing in the environment adds one.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { issuerOf } from '../site/signed-text.ts';
import type { Issuer } from '../site/signed-text.ts';

export type KeyRing = {
  /** Below `<data>/keys`. */
  readonly file: string;
  /** Ed25519 public keys in PEM. */
  readonly shipped: readonly string[];
};
/**
 * None is shipped: the project sells no licences. Who does so with a package of his own puts his public key here (`understudy licence
 * key` makes one).
 */
export const LICENCE_ISSUERS: KeyRing = { file: 'licence-issuers.pem', shipped: [] };
/** None is shipped: who builds packages for others puts his public key here (`understudy release key` makes one). */
export const RELEASE_KEYS: KeyRing = { file: 'release-keys.pem', shipped: [] };

/** A file with more than this is not one of public keys. */
const MAX_FILE_CHARACTERS = 64 * 1024;
export const MAX_KEYS = 32;
const PEM = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g;

/** Never fails: what cannot be read is told in the log, and nobody's signature counts by it. */
export async function readTrustedKeys(dataDir: string, ring: KeyRing, log: Log): Promise<readonly Issuer[]> {
  const path = join(dataDir, 'keys', ring.file);
  const own = pemsIn(await textOf(path, log));
  if (own.length > MAX_KEYS) log.warn('too many trusted keys; the rest does not count', { path, max: MAX_KEYS });
  return [...ring.shipped, ...own.slice(0, MAX_KEYS)].flatMap((pem) => {
    try {
      return [issuerOf(pem)];
    } catch (error) {
      log.warn('a trusted key is no Ed25519 public key', { path, error });
      return [];
    }
  });
}

const pemsIn = (text: string): readonly string[] => text.match(PEM) ?? [];

async function textOf(path: string, log: Log): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= MAX_FILE_CHARACTERS) return text;
    log.warn('the file of trusted keys is too large', { path, characters: text.length });
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') log.warn('the file of trusted keys cannot be read', { path, error });
  }
  return '';
}
