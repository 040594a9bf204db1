/**
 * A release in one file (docs/design/updates.md): one line that is signed, and behind it the files of the release, one after another in
 * the order of that line, compressed by gzip (RFC 1952).
 *
 * Belongs here: the format of the line. Does not: reading and writing files (release-reader.ts, release-maker.ts), whose keys count.
 */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parseIso } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { MAX_RELEASE_BYTES } from '../site/release-limits.ts';
import { readSigned, signText, wordsOf } from '../site/signed-text.ts';
import type { Issuer } from '../site/signed-text.ts';

/** What `typ` of the header says, so that nothing else that this key has signed passes for a release. */
const TYPE = 'understudy-release';
const LINE_END = 0x0a;
/** 20 000 files with long names. */
export const MAX_LINE_BYTES: number = 8 * 1024 * 1024;
const MAX_UNPACKED_BYTES: number = 1024 * 1024 * 1024;
const MAX_FILES = 20_000;
const MAX_PATH = 240;
/** No name begins with a dot but `.bin`: nothing leaves the folder, nothing hides in it. */
const PATH = /^(?:@?[A-Za-z0-9_][A-Za-z0-9@._+-]*\/)*@?[A-Za-z0-9_][A-Za-z0-9@._+-]*$/;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'Expected SHA-256 in hexadecimal');
const fileSchema = z.strictObject({
  path: z.string().max(MAX_PATH).regex(PATH, 'Expected a path below the folder of the release'),
  bytes: z.number().int().min(0).max(MAX_UNPACKED_BYTES),
  sha256,
});
export type ReleaseFile = z.infer<typeof fileSchema>;
export const versionSchema: z.ZodString = z
  .string()
  .max(32)
  .regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]+)?$/, 'Expected a version such as 1.2.3')
  // Names of our own beside it in the folder of releases.
  .refine((text) => !/\.(new|release)$/.test(text), 'Expected a version that ends otherwise');
export const releaseSchema = z
  .strictObject({
    format: z.literal(1),
    version: versionSchema,
    builtAt: z.string().refine((text) => parseIso(text) !== undefined, 'Expected a time such as 2027-12-31T23:59:59Z'),
    /** The oldest Node that it runs on. */
    node: z
      .string()
      .max(32)
      .regex(/^\d+\.\d+\.\d+$/, 'Expected a version such as 24.21.0'),
    /** What follows the line. */
    body: z.strictObject({ bytes: z.number().int().min(1).max(MAX_RELEASE_BYTES), sha256 }),
    files: z.array(fileSchema).min(1).max(MAX_FILES),
  })
  .refine(({ files }) => hasRoom(files), `Expected ${MAX_UNPACKED_BYTES} bytes at most`)
  .refine(({ files }) => isTree(files.map(({ path }) => path)), 'Expected each path once, and none below a file');
export type Release = z.infer<typeof releaseSchema>;

const hasRoom = (files: readonly ReleaseFile[]): boolean =>
  files.reduce((sum, { bytes }) => sum + bytes, 0) <= MAX_UNPACKED_BYTES;

function isTree(paths: readonly string[]): boolean {
  const files = new Set(paths);
  if (files.size < paths.length) return false;
  return paths.every((path) => {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      if (files.has(path.slice(0, at))) return false;
    return true;
  });
}

/** With its line end. @throws ZodError when it is none */
export const releaseLine = (release: Release, privateKey: KeyObject): string =>
  `${signText(TYPE, releaseSchema.parse(release), privateKey)}\n`;

/** `start`: the first bytes of a file. Undefined: its line does not end in them. */
export function lineIn(start: Uint8Array): string | undefined {
  const end = start.indexOf(LINE_END);
  return end < 0 || end > MAX_LINE_BYTES
    ? undefined
    : Buffer.from(start.buffer, start.byteOffset, end).toString('latin1');
}

/** @throws updates/format (it is none), updates/key (nobody known signed it), updates/signature, updates/newer-format */
export function readRelease(line: string, trusted: readonly Issuer[]): Release {
  const signed = readSigned(TYPE, line, trusted);
  if (signed.kind === 'malformed') throw wrongFormat(signed.why);
  if (signed.kind === 'wrong-signature') throw wrongSignature(signed.keyId);
  if (!signed.isTrusted) throw unknownKey(signed.keyId);
  const { format } = z.looseObject({ format: z.number() }).safeParse(signed.value).data ?? {};
  if (format !== undefined && format > 1) throw newerFormat(format);
  const release = releaseSchema.safeParse(signed.value);
  if (!release.success) throw wrongFormat(wordsOf(release.error));
  return release.data;
}

const invalid = (code: string, message: string): UnderstudyError =>
  new UnderstudyError('invalid', `updates/${code}`, `${message} Nothing was changed.`);
export const wrongFormat = (why: string): UnderstudyError =>
  invalid('format', `This is no release of Understudy: ${why}.`);
export const damaged = (why: string): UnderstudyError =>
  invalid('damaged', `This release is damaged: ${why}. Fetch it again.`);
const wrongSignature = (keyId: string): UnderstudyError =>
  invalid(
    'signature',
    `The signature of this release is wrong: it was changed after key ${keyId} signed it. Fetch it again.`,
  );
const unknownKey = (keyId: string): UnderstudyError =>
  invalid(
    'key',
    `This release is signed by key ${keyId}, which this server does not trust. If you trust who made it, put that public key into keys/release-keys.pem of the data directory.`,
  );
const newerFormat = (format: number): UnderstudyError =>
  invalid('newer-format', `This release has format ${format}; this server reads format 1: install it by its package.`);
