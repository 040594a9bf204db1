/**
 * Passwords of cameras, apart from the settings and encrypted with AES-256-GCM under `keys/secrets.key`, so that a copy of the
 * settings alone tells nothing. The name of a secret is authenticated too: secrets cannot be swapped.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SettingsFile } from './settings-file.ts';

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const sealedSchema = z.strictObject({ nonce: base64, tag: base64, ciphertext: base64 });
type Sealed = z.infer<typeof sealedSchema>;

export const secretsFileSchema = z.strictObject({ secrets: z.record(z.string(), sealedSchema) });
export type SecretsFile = z.infer<typeof secretsFileSchema>;

/** Names are `camera:<id>`. */
export type Secrets = {
  readonly get: (name: string) => string | undefined;
  /** All at once: `undefined` forgets one. */
  readonly set: (changes: ReadonlyMap<string, string | undefined>) => Promise<void>;
};

export type OpenedSecrets = {
  readonly secrets: Secrets;
  /** Names of secrets that `key` does not open: made under another key, or altered. */
  readonly unreadable: readonly string[];
};

export function openSecrets(file: SettingsFile<SecretsFile>, key: Uint8Array): OpenedSecrets {
  const open = new Map<string, string>();
  const unreadable: string[] = [];
  for (const [name, sealed] of Object.entries(file.get().secrets)) {
    const plain = unseal(sealed, name, key);
    if (plain === undefined) unreadable.push(name);
    else open.set(name, plain);
  }
  const set: Secrets['set'] = async (changes) => {
    await file.update(({ secrets }) => {
      const next = new Map(Object.entries(secrets));
      for (const [name, value] of changes) {
        if (value === undefined) next.delete(name);
        else next.set(name, seal(value, name, key));
      }
      return { secrets: Object.fromEntries(next) };
    });
    for (const [name, value] of changes) {
      if (value === undefined) open.delete(name);
      else open.set(name, value);
    }
  };
  return { secrets: { get: (name) => open.get(name), set }, unreadable };
}

function seal(plain: string, name: string, key: Uint8Array): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
  const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return {
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
}

function unseal(sealed: Sealed, name: string, key: Uint8Array): string | undefined {
  try {
    const nonce = Buffer.from(sealed.nonce, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAAD(Buffer.from(name)).setAuthTag(Buffer.from(sealed.tag, 'base64'));
    return decipher.update(sealed.ciphertext, 'base64', 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
