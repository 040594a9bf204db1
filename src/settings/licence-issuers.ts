/**
 * Whose licences count on this box: the issuers that the package ships, and those in `<data>/keys/licence-issuers.pem`, where whoever
 * sets the box up may add public keys. Nothing in the API and nothing in the environment adds one.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { issuerOf } from '../site/licence.ts';
import type { Issuer } from '../site/licence.ts';

/**
 * Ed25519 public keys in PEM. Empty: the project sells no licences. Who does so with a package of his own puts his public key here
 * (`understudy licence key` makes one).
 */
const SHIPPED: readonly string[] = [];
export const ISSUERS_FILE = 'licence-issuers.pem';
/** A file with more than this is not one of public keys. */
const MAX_FILE_CHARACTERS = 64 * 1024;
export const MAX_ISSUERS = 32;
const PEM = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g;

/** Never fails: what cannot be read is told in the log, and nobody's licences count by it. */
export async function readIssuers(dataDir: string, log: Log): Promise<readonly Issuer[]> {
  const path = join(dataDir, 'keys', ISSUERS_FILE);
  const own = pemsIn(await textOf(path, log));
  if (own.length > MAX_ISSUERS)
    log.warn('too many licence issuers; the rest does not count', { path, max: MAX_ISSUERS });
  return [...SHIPPED, ...own.slice(0, MAX_ISSUERS)].flatMap((pem) => {
    try {
      return [issuerOf(pem)];
    } catch (error) {
      log.warn('a licence issuer is no Ed25519 public key', { path, error });
      return [];
    }
  });
}

const pemsIn = (text: string): readonly string[] => text.match(PEM) ?? [];

async function textOf(path: string, log: Log): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= MAX_FILE_CHARACTERS) return text;
    log.warn('the file of licence issuers is too large', { path, characters: text.length });
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') log.warn('the file of licence issuers cannot be read', { path, error });
  }
  return '';
}
