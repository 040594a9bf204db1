/**
 * `<data>/keys/` (0700): the TLS key and certificate, the same for other servers (`peer`), the key that signs exports, the key
 * that encrypts secrets. Made at the first start; never sent anywhere, never logged.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { replaceFile } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { plainFingerprint } from '../core/fingerprint.ts';
import { certificateFits, createPeerCertificate, createSelfSignedCertificate } from './self-signed-certificate.ts';
import type { Recovery } from './recovery.ts';

export type Keys = {
  readonly tls: {
    /** PEM. */
    readonly key: string;
    readonly certificate: string;
    /** SHA-256 of the certificate, lower case hex without colons. */
    readonly fingerprint: string;
  };
  /** PEM file with an Ed25519 private key (PKCS #8). */
  readonly exportSigningKeyPath: string;
  /** 32 bytes for AES-256-GCM. */
  readonly secretsKey: Uint8Array;
  /** Keys that had to be made anew although there were some. */
  readonly recoveries: readonly Recovery[];
};

export type OpenKeysOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  /** DNS names and addresses for the certificate; `localhost` and the loopback addresses are added. */
  readonly hosts: readonly string[];
};

/** By which other servers know this one. */
export type PeerKeys = {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
  /** SHA-256 of the certificate, lower case hex: the identity that other servers pin. */
  readonly fingerprint: string;
  readonly recoveries: readonly Recovery[];
};

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

export async function openKeys({ dataDir, clock, hosts }: OpenKeysOptions): Promise<Keys> {
  const { folder, recoveries, open } = await openFolder(dataDir, KEY_FILES);
  const key = await open('tls.key', privateKeyKind('ec'));
  const certificate = await open('tls.crt', {
    parse: (bytes) => {
      const found = new X509Certificate(bytes);
      return certificateFits(found, key, clock.now()) ? found : undefined;
    },
    create: async () => await createSelfSignedCertificate(key, namesOf(hosts), clock.now()),
  });
  await open('export-signing.key', privateKeyKind('ed25519'));
  const secretsKey = await open('secrets.key', {
    parse: (bytes) => (bytes.length === 32 ? new Uint8Array(bytes) : undefined),
    create: () => randomBytes(32),
  });
  return {
    tls: pemOf(key, certificate),
    exportSigningKeyPath: join(folder, 'export-signing.key'),
    secretsKey,
    recoveries,
  };
}

/**
 * The key and certificate for the channel between servers. Apart from `openKeys` because the certificate names the server,
 * whose id stands in the settings, which need the keys to be opened. It is never renewed; with another id it is another server.
 */
export async function openPeerKeys(dataDir: string, serverId: string): Promise<PeerKeys> {
  const { recoveries, open } = await openFolder(dataDir, PEER_KEY_FILES);
  const key = await open('peer.key', privateKeyKind('ec'));
  const certificate = await open('peer.crt', {
    parse: (bytes) => {
      const found = new X509Certificate(bytes);
      return found.checkPrivateKey(key) && found.subject === `CN=${serverId}` ? found : undefined;
    },
    create: async () => await createPeerCertificate(key, serverId),
  });
  return { ...pemOf(key, certificate), recoveries };
}

const pemOf = (key: KeyObject, certificate: X509Certificate): Keys['tls'] => ({
  key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificate: certificate.toString(),
  fingerprint: plainFingerprint(certificate.fingerprint256),
});

type KeyFolder = {
  readonly folder: string;
  readonly recoveries: Recovery[];
  readonly open: <T>(file: string, kind: KeyKind<T>) => Promise<T>;
};
/** `together`: files that were made together, so that one missing beside another is told. */
async function openFolder(dataDir: string, together: readonly string[]): Promise<KeyFolder> {
  const folder = join(dataDir, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700); // an older umask or a copy may have left it open
  const recoveries: Recovery[] = [];
  const before = new Set(await readdir(folder));
  return {
    folder,
    recoveries,
    open: async (file, kind) => {
      const key = await openKey(join(folder, file), kind, recoveries);
      if (!before.has(file) && together.some((other) => before.has(other))) recoveries.push(missing(file));
      return key;
    },
  };
}

const KEY_FILES = ['tls.key', 'tls.crt', 'export-signing.key', 'secrets.key'] as const;
/** A version before failover has neither. */
const PEER_KEY_FILES = ['peer.key', 'peer.crt'] as const;
/** Some were there, so this is no first start. */
const missing = (file: string): Recovery => ({
  file: `keys/${file}`,
  outcome: 'lost',
  quarantined: undefined,
  message: `keys/${file} was missing and was made anew. ${TRUST_ANEW}`,
});
const TRUST_ANEW = 'Browsers, tools and servers that knew the old one must trust the new one.';

const namesOf = (hosts: readonly string[]): { readonly commonName: string; readonly hosts: readonly string[] } => ({
  commonName: hosts[0] ?? 'localhost',
  hosts: [...LOOPBACK, ...hosts],
});

type KeyKind<T> = {
  /** Undefined or an exception: not usable. */
  readonly parse: (bytes: Buffer) => T | undefined;
  readonly create: () => string | Uint8Array | Promise<string>;
};

function privateKeyKind(type: 'ec' | 'ed25519'): KeyKind<KeyObject> {
  return {
    parse: (bytes) => {
      const key = createPrivateKey(bytes);
      return key.asymmetricKeyType === type ? key : undefined;
    },
    create: () => {
      const { privateKey } =
        type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
      return privateKey.export({ type: 'pkcs8', format: 'pem' });
    },
  };
}

async function openKey<T>(path: string, kind: KeyKind<T>, recoveries: Recovery[]): Promise<T> {
  const found = await readIfThere(path);
  const usable = found === undefined ? undefined : parsed(kind, found);
  if (usable !== undefined) return usable;
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (found !== undefined) {
    const quarantined = `${path}.bad`;
    await rename(path, quarantined);
    const message = `keys/${file} could not be used and was made anew. ${TRUST_ANEW}`;
    recoveries.push({ file: `keys/${file}`, outcome: 'lost', quarantined, message });
  }
  const made = Buffer.from(await kind.create());
  await replaceFile(path, made, false);
  const result = kind.parse(made);
  if (result === undefined) throw new TypeError(`a fresh ${file} does not parse`);
  return result;
}

function parsed<T>(kind: KeyKind<T>, bytes: Buffer): T | undefined {
  try {
    return kind.parse(bytes);
  } catch {
    return undefined;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
