/**
 * Makes a release of a folder. The same files, version and time make the same bytes.
 * Belongs here: which files, compressing, putting it together. Does not: what is in the folder (build.sh), the format (release-file.ts).
 */
import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { releaseLine } from './release-file.ts';
import type { Release, ReleaseFile } from './release-file.ts';

/** What a running server reads nothing of. */
const LEFT_OUT = /(^|\/)(\.[^/]*|[^/]*\.(d\.[cm]?ts|map|md|markdown|flow|tsbuildinfo))$/i;
const BEST = 9;

export type ReleaseOrder = Pick<Release, 'version' | 'builtAt' | 'node'> & {
  readonly folder: string;
  readonly key: KeyObject;
  /** Written anew. */
  readonly out: string;
};

/** @throws ZodError, system errors */
export async function makeRelease({ folder, key, out, ...head }: ReleaseOrder): Promise<Release> {
  const files: ReleaseFile[] = [];
  const body = createHash('sha256');
  const packed = `${out}.body`;
  let bytes = 0;
  try {
    await pipeline(
      Readable.from(contentsOf(folder, files)),
      createGzip({ level: BEST }),
      async function* counted(parts: AsyncIterable<Uint8Array>) {
        for await (const part of parts) {
          body.update(part);
          bytes += part.length;
          yield part;
        }
      },
      createWriteStream(packed),
    );
    const release: Release = { format: 1, ...head, body: { bytes, sha256: body.digest('hex') }, files };
    const line = releaseLine(release, key);
    await pipeline(
      async function* whole() {
        yield Buffer.from(line);
        yield* createReadStream(packed);
      },
      createWriteStream(`${out}.new`),
    );
    await rename(`${out}.new`, out);
    return release;
  } finally {
    await rm(packed, { force: true });
    await rm(`${out}.new`, { force: true });
  }
}

/** Each file, and what it is in `files`, in the order of their names. */
async function* contentsOf(folder: string, files: ReleaseFile[]): AsyncGenerator<Uint8Array> {
  for (const path of await pathsIn(folder)) {
    const bytes = await readFile(join(folder, path));
    files.push({ path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    if (bytes.length > 0) yield bytes;
  }
}

/** Links are followed: npm makes one of each package that is a folder beside. */
async function pathsIn(folder: string, below = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(folder, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    if (LEFT_OUT.test(path)) continue;
    const entry = await stat(join(folder, path));
    if (entry.isDirectory()) found.push(...(await pathsIn(folder, path)));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort((one, other) => (one < other ? -1 : 1));
}
