/**
 * Cuts an MP4 out of segments without re-encoding, with a signed manifest beside it (docs/design/segment-format.md, "Exports").
 *
 * Belongs here: writing the files. Does not: finding segments (export-sources.ts), what is in the file (export-plan.ts, export-movie.ts).
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { syncDirectory } from '../core/durable-file.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { TimeRange } from '../core/units.ts';
import { hexOf, sha256 } from '../media/mp4/fragment-hash.ts';
import { encodeMovieStart } from '../media/mp4/movie-index.ts';
import { openByteSource } from './byte-source.ts';
import type { OpenByteSource } from './byte-source.ts';
import { movieOf, rangesOf } from './export-movie.ts';
import { missingOf, planExport } from './export-plan.ts';
import type { Part, PlannedFragment, WallRange } from './export-plan.ts';
import { readFragments } from './export-sources.ts';
import type { SegmentToRead } from './export-sources.ts';
import { encodeManifest, MANIFEST_FORMAT, manifestPathOf } from './manifest.ts';
import type { Manifest, ManifestFragment } from './manifest.ts';
import type { SigningKey } from './signing-key.ts';

export type ExportOrder = {
  readonly cameraId: string;
  readonly stream: 'main' | 'sub';
  readonly range: TimeRange;
  /** Segments that may hold part of the range: from `findSegments`, or from a catalogue. */
  readonly segments: readonly SegmentToRead[];
  /** A second file, if one is needed, gets `-2` in front of `.mp4`. */
  readonly out: string;
  readonly key: SigningKey;
  /** Id of this server, if it is one that exports. */
  readonly server: string | undefined;
};

export type ExportedFile = { readonly path: string; readonly manifestPath: string; readonly manifest: Manifest };

/** Files are whole or not there. @throws UnderstudyError `export/nothing`, `export/too-long`; system errors */
export async function exportMovie(order: ExportOrder, clock: Pick<Clock, 'now'>): Promise<readonly ExportedFile[]> {
  const range = { start: order.range.start * 1000, end: order.range.end * 1000 };
  const { fragments, damaged } = await readFragments(order.segments, range);
  const parts = planExport(fragments, range);
  if (parts.length === 0) {
    const message = `nothing that can be shown was recorded of ${order.cameraId} from ${isoOf(order.range.start)} to ${isoOf(order.range.end)}`;
    throw new UnderstudyError('not-found', 'export/nothing', message);
  }
  const unusable = damaged.filter(({ start, end }) => end > range.start && start < range.end);
  const missing = [
    ...missingOf(parts, unusable, range).map((gap) => ({ ...isoRange(gap), reason: 'not-recorded' })),
    ...unusable.map((gap) => ({ ...isoRange(gap), reason: 'footage-damaged' })),
  ];
  const files: ExportedFile[] = [];
  for (const [index, part] of parts.entries()) {
    const path = index === 0 ? order.out : numbered(order.out, index + 1);
    const written = await writeWhole(path, (file) => writePart(file, part, range));
    const manifest: Manifest = {
      format: MANIFEST_FORMAT,
      cameraId: order.cameraId,
      stream: order.stream,
      ...(order.server === undefined ? {} : { server: order.server }),
      created: isoOf(clock.now()),
      asked: isoRange(range),
      cut: isoRange(part),
      part: { number: index + 1, of: parts.length },
      ...written,
      file: { name: basename(path), ...written.file },
      missing,
      selfSigned: order.key.selfSigned,
    };
    const manifestPath = manifestPathOf(path);
    await writeWhole(manifestPath, (file) => file.writeFile(encodeManifest(manifest, order.key)));
    files.push({ path, manifestPath, manifest });
  }
  return files;
}

type Written = Pick<Manifest, 'accessUnits' | 'audioFrames' | 'leavesRoot' | 'segments' | 'fragments'> & {
  readonly file: Omit<Manifest['file'], 'name'>;
};

async function writePart(file: FileHandle, part: Part, asked: WallRange): Promise<Written> {
  const movie = movieOf(part, asked);
  const start = encodeMovieStart(movie);
  const whole = createHash('sha256').update(start);
  await file.writeFile(start);
  const segments = [...new Set(part.fragments.map(({ segment }) => segment))];
  const fragments: ManifestFragment[] = [];
  let offset = start.length;
  let source: OpenByteSource | undefined;
  let sourcePath = '';
  try {
    for (const fragment of part.fragments) {
      if (source === undefined || sourcePath !== fragment.segment.path) {
        await source?.close();
        source = await openByteSource(fragment.segment.path);
        sourcePath = fragment.segment.path;
      }
      const bytes = await bytesOf(source, fragment);
      whole.update(bytes);
      await file.writeFile(bytes);
      fragments.push(manifestFragmentOf(fragment, segments.indexOf(fragment.segment), bytes, offset));
      offset += bytes.length;
    }
  } finally {
    await source?.close();
  }
  return {
    accessUnits: fragments.reduce((sum, { accessUnits }) => sum + accessUnits, 0),
    audioFrames: fragments.reduce((sum, { audioFrames }) => sum + audioFrames, 0),
    leavesRoot: leavesRootOf(fragments),
    segments: segments.map(({ name, serverId, epoch, layoutHash }) => ({ path: name, serverId, epoch, layoutHash })),
    fragments,
    file: { bytes: offset, sha256: whole.digest('hex'), indexBytes: start.length, indexHash: hexOf(sha256(start)) },
  };
}

/** SHA-256 over the leavesHash of every fragment, in order. */
export const leavesRootOf = (fragments: readonly Pick<ManifestFragment, 'leavesHash'>[]): string =>
  hexOf(sha256(Buffer.from(fragments.map(({ leavesHash }) => leavesHash).join(''), 'hex')));

async function bytesOf(source: OpenByteSource, fragment: PlannedFragment): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const { position, length } of rangesOf(fragment)) {
    const bytes = await source.read(position, length);
    if (bytes.length < length) {
      const message = `${fragment.segment.path} became shorter while it was exported: try again`;
      throw new UnderstudyError('conflict', 'export/source-changed', message);
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function manifestFragmentOf(
  { info, accessUnits, audio: [from, to] }: PlannedFragment,
  segment: number,
  bytes: Uint8Array,
  offset: number,
): ManifestFragment {
  const middle = Math.max(0, (bytes.length >> 1) - 16);
  return {
    segment,
    sequence: info.sequence,
    start: info.start,
    end: info.end,
    accessUnits,
    audioFrames: to - from,
    fragmentHash: hexOf(info.fragmentHash),
    chain: hexOf(info.chain),
    leavesHash: hexOf(sha256(info.leaves.subarray(0, 32 * accessUnits))),
    offset,
    length: bytes.length,
    contentHash: hexOf(sha256(bytes)),
    probe: hexOf(bytes.subarray(middle, middle + 32)),
  };
}

/** Writes beside `path`, makes it durable, then gives it its name; leaves nothing behind when it fails. */
async function writeWhole<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const temporary = join(dirname(path), `.${basename(path)}.partial`);
  const file = await open(temporary, 'w');
  try {
    const result = await write(file);
    await file.sync();
    await file.close();
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    return result;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

function numbered(path: string, number: number): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-${number}${ext}`);
}

/** ISO 8601 of wall microseconds. */
const isoRange = ({ start, end }: WallRange): { readonly start: string; readonly end: string } => ({
  start: isoOf(epochMs(Math.floor(start / 1000))),
  end: isoOf(epochMs(Math.ceil(end / 1000))),
});
