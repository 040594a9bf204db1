/**
 * Settings as one encrypted, authenticated run of bytes (docs/design/settings-backups.md): first line, salt, nonce, ciphertext, tag. The same
 * format for what this box keeps under its own key, and for what its owner takes away under a passphrase.
 *
 * Belongs here: bytes in and out. Does not: what they hold (site/settings-backup.ts, site/own-backup.ts), files (backup-store.ts).
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { CipherGCM, DecipherGCM } from 'node:crypto';
import { promisify } from 'node:util';
import { MAX_BACKUP_BYTES } from '../site/settings-backup.ts';

const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const LINE_BYTES = 10;
const HEAD_BYTES: number = LINE_BYTES + SALT_BYTES + NONCE_BYTES;
export const MAX_SEALED_BYTES: number = MAX_BACKUP_BYTES + HEAD_BYTES + TAG_BYTES;

type Scrypt = { readonly N: number; readonly r: number; readonly p: number };
export type SealKind = {
  /** First line, with its version. */
  readonly line: string;
  /** RFC 7914. */
  readonly scrypt: Scrypt;
  /** Its nonce comes of the passphrase and the salt too, so that a wrong passphrase is told from damage. */
  readonly provesKey: boolean;
};
/** Under the key of this box. 16 MB: the key has 256 random bits already, the cost only slows down a stolen one. */
export const KEPT: SealKind = { line: 'USBACKUP1\n', scrypt: { N: 16_384, r: 8, p: 1 }, provesKey: false };
/** Under a passphrase, which may be guessed: 64 MB and a quarter of a second for each guess. */
export const TAKEN: SealKind = { line: 'USTAKEN01\n', scrypt: { N: 65_536, r: 8, p: 1 }, provesKey: true };

/** @throws RangeError when there is more than a backup may hold; asked before, that is a defect */
export async function seal(plain: Uint8Array, secret: Uint8Array, kind: SealKind): Promise<Buffer> {
  if (plain.length > MAX_BACKUP_BYTES) throw new RangeError(`${plain.length} bytes are more than a backup holds`);
  const salt = randomBytes(SALT_BYTES);
  const { key, proof } = await keysOf(secret, salt, kind);
  const nonce = kind.provesKey ? proof : randomBytes(NONCE_BYTES);
  const head = Buffer.concat([Buffer.from(kind.line), salt, nonce]);
  const cipher: CipherGCM = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(head);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([head, body, cipher.getAuthTag()]);
}

export type Opened =
  | { readonly kind: 'open'; readonly plain: Buffer }
  /** `foreign`: no backup, or one of the other kind. `newer`: of a later version. `altered`: damaged, or under another key. */
  | { readonly kind: 'foreign' | 'newer' | 'length' | 'altered' | 'wrong-key' };

export async function unseal(bytes: Buffer, secret: Uint8Array, kind: SealKind): Promise<Opened> {
  const line = bytes.subarray(0, LINE_BYTES).toString('latin1');
  if (line !== kind.line) return { kind: isNewer(line, kind) ? 'newer' : 'foreign' };
  if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes.length > MAX_SEALED_BYTES) return { kind: 'length' };
  const nonce = bytes.subarray(LINE_BYTES + SALT_BYTES, HEAD_BYTES);
  const { key, proof } = await keysOf(secret, bytes.subarray(LINE_BYTES, LINE_BYTES + SALT_BYTES), kind);
  if (kind.provesKey && !proof.equals(nonce)) return { kind: 'wrong-key' };
  const decipher: DecipherGCM = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bytes.subarray(0, HEAD_BYTES));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
    return { kind: 'open', plain };
  } catch {
    return { kind: 'altered' };
  }
}

/** The same word before the number. */
function isNewer(line: string, { line: own }: SealKind): boolean {
  const [, word, number] = /^(US[A-Z]+)(\d+)\n$/.exec(line) ?? [];
  const [, ownWord, ownNumber] = /^(US[A-Z]+)(\d+)\n$/.exec(own) ?? [];
  return word !== undefined && word === ownWord && Number(number) > Number(ownNumber);
}

const derive = promisify<Buffer, Buffer, number, Scrypt & { maxmem: number }, Buffer>(scrypt);
async function keysOf(
  secret: Uint8Array,
  salt: Uint8Array,
  { scrypt: cost, provesKey }: SealKind,
): Promise<{ readonly key: Buffer; readonly proof: Buffer }> {
  const length = KEY_BYTES + (provesKey ? NONCE_BYTES : 0);
  const maxmem = 256 * cost.N * cost.r;
  const bytes = await derive(Buffer.from(secret), Buffer.from(salt), length, { ...cost, maxmem });
  return { key: bytes.subarray(0, KEY_BYTES), proof: bytes.subarray(KEY_BYTES) };
}
