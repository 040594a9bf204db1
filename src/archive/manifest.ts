/**
 * The manifest beside an exported MP4 (docs/design/segment-format.md, "Exports"): what was asked, what is in the file, where
 * it came from, signed. Pure.
 *
 * Belongs here: shape, signing, checking the signature, bounds. Does not: holding a file against it (verify-export.ts).
 */
import { createPublicKey, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { UnderstudyError } from '../core/errors.ts';
import type { SigningKey } from './signing-key.ts';

export const MANIFEST_FORMAT = 'understudy-export-1';
/** A day of half-second fragments takes about 90 MB. */
export const MAX_MANIFEST_BYTES: number = 256 * 1024 * 1024;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const range = z.strictObject({ start: z.string(), end: z.string() });

const fragmentSchema = z.strictObject({
  /** Index into `segments`. */
  segment: count,
  sequence: count,
  /** Wall microseconds of the whole fragment, half open. */
  start: count,
  end: count,
  /** How many of it are in the file. */
  accessUnits: count,
  audioFrames: count,
  fragmentHash: hash,
  chain: hash,
  /** SHA-256 over the leaf hashes of the access units that are in the file. */
  leavesHash: hash,
  /** Where its bytes lie in the file: video, then sound. */
  offset: count,
  length: count,
  /** SHA-256 of those bytes. */
  contentHash: hash,
  /** Up to 32 bytes in hex from the middle, to find it again in a file that was changed. */
  probe: z.string().regex(/^([0-9a-f]{2}){0,32}$/),
});

const manifestSchema = z.strictObject({
  format: z.literal(MANIFEST_FORMAT),
  cameraId: z.string(),
  stream: z.string(),
  /** The server that made the export; undefined if it was made from a directory without one. */
  server: z.string().optional(),
  created: z.string(),
  asked: range,
  /** From the key frame at or before the start to the end of the last access unit. */
  cut: range,
  /** This file of so many: a change of layout, or a gap of hours, begins another one. */
  part: z.strictObject({ number: count, of: count }),
  file: z.strictObject({ name: z.string(), bytes: count, sha256: hash, indexBytes: count, indexHash: hash }),
  accessUnits: count,
  audioFrames: count,
  /** SHA-256 over the leavesHash of every fragment. */
  leavesRoot: hash,
  segments: z.array(z.strictObject({ path: z.string(), serverId: z.string(), epoch: count, layoutHash: hash })),
  fragments: z.array(fragmentSchema),
  missing: z.array(z.strictObject({ start: z.string(), end: z.string(), reason: z.string() })),
  selfSigned: z.boolean(),
});

const envelopeSchema = z.strictObject({
  manifest: manifestSchema,
  algorithm: z.literal('Ed25519'),
  publicKey: z.string().max(1000),
  /** Base64, over the UTF-8 bytes of `JSON.stringify(manifest)`. */
  signature: z.string().max(200),
});

export type ManifestFragment = z.infer<typeof fragmentSchema>;
export type Manifest = z.infer<typeof manifestSchema>;
export type SignedManifest = z.infer<typeof envelopeSchema>;

export function encodeManifest(given: Manifest, key: SigningKey): string {
  // The schema's order of keys, which is the one that parsing gives back: what is signed is the text in the file.
  const manifest = manifestSchema.parse(given);
  const signature = sign(null, Buffer.from(JSON.stringify(manifest)), key.privateKey).toString('base64');
  const envelope: SignedManifest = { manifest, algorithm: 'Ed25519', publicKey: key.publicKey, signature };
  return `${JSON.stringify(envelope)}\n`;
}

/** @throws UnderstudyError `export/manifest` */
export function parseManifest(text: string): SignedManifest {
  try {
    return envelopeSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `the manifest is not of the format ${MANIFEST_FORMAT}: it was altered or cut`;
    throw new UnderstudyError('corrupt', 'export/manifest', message, { cause });
  }
}

/** Whether `publicKey` (PEM) signed this manifest. */
export function isSigned({ manifest, signature }: SignedManifest, publicKey: string): boolean {
  try {
    const key = createPublicKey(publicKey);
    if (key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, Buffer.from(JSON.stringify(manifest)), key, Buffer.from(signature, 'base64'));
  } catch {
    return false; // what is no key or no signature has signed nothing
  }
}

export const manifestPathOf = (file: string): string => `${file}.manifest.json`;
