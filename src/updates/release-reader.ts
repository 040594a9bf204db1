/**
 * Reads a release from a file: whether it is whole and signed by somebody who is trusted, and what is in it into a folder.
 * Nothing of it is believed before its signature, and nothing is written that the signed line does not name.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import type { Issuer } from '../site/signed-text.ts';
import { damaged, lineIn, MAX_LINE_BYTES, readRelease, wrongFormat } from './release-file.ts';
import type { Release, ReleaseFile } from './release-file.ts';

export type OpenRelease = {
  readonly path: string;
  readonly release: Release;
  /** Where the body begins. */
  readonly bodyAt: number;
  /** Of the whole file, as it says. */
  readonly bytes: number;
};

/** Only the line is read. @throws what `readRelease` throws; system errors */
export async function openRelease(path: string, trusted: readonly Issuer[]): Promise<OpenRelease> {
  const line = await firstLine(path);
  if (line === undefined) throw wrongFormat('it does not begin with a signed line');
  const release = readRelease(line, trusted);
  const bodyAt = line.length + 1;
  return { path, release, bodyAt, bytes: bodyAt + release.body.bytes };
}

/** Grows its buffer: most lines have some hundred KiB. */
async function firstLine(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    for (let size = 64 * 1024; ; size *= 4) {
      const start = Buffer.alloc(Math.min(size, MAX_LINE_BYTES + 1));
      const { bytesRead } = await file.read(start, 0, start.length, 0);
      const line = lineIn(start.subarray(0, bytesRead));
      if (line !== undefined || bytesRead < start.length || start.length > MAX_LINE_BYTES) return line;
    }
  } finally {
    await file.close();
  }
}

/** All of it is there as it was signed. @throws updates/damaged */
export async function checkBody({ path, release: { body }, bodyAt }: OpenRelease): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of createReadStream(path, { start: bodyAt }) as AsyncIterable<Uint8Array>) {
    hash.update(part);
    bytes += part.length;
  }
  if (bytes !== body.bytes) throw damaged(`it has ${bytes} bytes behind its first line, ${body.bytes} were signed`);
  if (hash.digest('hex') !== body.sha256) throw damaged('its contents were altered');
}

/**
 * Into `folder`, which is made anew. Each file is synced before it returns, so that after a power cut none is short.
 * @throws updates/damaged, system errors; `folder` is gone then
 */
export async function unpackRelease({ path, release, bodyAt }: OpenRelease, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  try {
    await pipeline(createReadStream(path, { start: bodyAt }), createGunzip(), async (parts: AsyncIterable<Buffer>) => {
      await writeFiles(parts, release.files, folder);
    });
    await syncFolders(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw isOfZlib(error) ? damaged('its contents were altered') : error;
  }
}

const isOfZlib = (error: unknown): boolean => /^Z_|^ERR_(_)?ZLIB/.test(systemCodeOf(error) ?? '');

type Writing = {
  readonly file: ReleaseFile;
  readonly handle: FileHandle;
  readonly hash: ReturnType<typeof createHash>;
  left: number;
};
/** The open file is closed whatever happens. @throws updates/damaged */
async function writeFiles(parts: AsyncIterable<Buffer>, files: readonly ReleaseFile[], folder: string): Promise<void> {
  const coming = files.values();
  /** The next file that has bytes; those without are made on the way. Undefined: that was the last. */
  const next = async (): Promise<Writing | undefined> => {
    for (const file of coming) {
      const writing = await begin(file, folder);
      if (file.bytes > 0) return writing;
      await finish(writing);
    }
    return undefined;
  };
  let writing: Writing | undefined;
  try {
    writing = await next();
    for await (const part of parts) {
      for (let rest = part; rest.length > 0; writing = await rolledOn(writing, next)) rest = await write(writing, rest);
    }
  } finally {
    await writing?.handle.close();
  }
  if (writing !== undefined) throw damaged('it ends too early');
}

/** What is behind the end of the open file. @throws updates/damaged */
async function write(writing: Writing | undefined, part: Buffer): Promise<Buffer> {
  if (writing === undefined) throw damaged('there is more in it than was signed');
  const bytes = part.subarray(0, writing.left);
  writing.hash.update(bytes);
  await writing.handle.writeFile(bytes);
  writing.left -= bytes.length;
  return part.subarray(bytes.length);
}

/** The same while it is not full, else the next one. */
async function rolledOn(
  writing: Writing | undefined,
  next: () => Promise<Writing | undefined>,
): Promise<Writing | undefined> {
  if (writing === undefined || writing.left > 0) return writing;
  await finish(writing);
  return await next();
}

async function begin(file: ReleaseFile, folder: string): Promise<Writing> {
  const path = join(folder, file.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  return { file, handle: await open(path, 'wx', 0o644), hash: createHash('sha256'), left: file.bytes };
}

/** @throws updates/damaged */
async function finish({ file, handle, hash }: Writing): Promise<void> {
  try {
    if (hash.digest('hex') !== file.sha256) throw damaged(`${file.path} was altered`);
    await handle.sync();
  } finally {
    await handle.close(); // closing it again does nothing
  }
}

async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await syncDirectory(join(entry.parentPath, entry.name));
  await syncDirectory(folder);
  await syncDirectory(dirname(folder));
}
