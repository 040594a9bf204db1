/** Finds the segments of a range in volume directories, and the fragments in them that are whole. */
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UnderstudyError } from '../core/errors.ts';
import { readInit, checkPayload, scanFragments } from '../media/mp4/scan.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import { openByteSource } from './byte-source.ts';
import type { SourceFragment, SourceSegment, WallRange } from './export-plan.ts';
import { mp4FilesIn } from './mp4-files.ts';
import { parseSegmentPath } from './segment-path.ts';
import type { SegmentName } from './segment-path.ts';

export type SegmentToRead = {
  readonly path: string;
  /** Relative to the volume. */
  readonly name: string;
};

export type Wanted = { readonly cameraId: string; readonly stream: 'main' | 'sub'; readonly range: WallRange };

/** Files in order of time whose names say that they may hold part of the range. @throws UnderstudyError `export/no-camera` */
export async function findSegments(directories: readonly string[], wanted: Wanted): Promise<readonly SegmentToRead[]> {
  const found: (SegmentToRead & { readonly parsed: SegmentName })[] = [];
  for (const directory of directories) {
    const folder = join(directory, wanted.cameraId, wanted.stream);
    if (!(await isThere(folder))) continue;
    for await (const path of mp4FilesIn(folder)) {
      const name = relative(directory, path);
      const parsed = parseSegmentPath(name);
      if (parsed !== undefined) found.push({ path, name, parsed });
    }
  }
  if (found.length === 0) {
    const message = `nothing of camera ${wanted.cameraId}, stream ${wanted.stream}, in ${directories.join(', ')}: a volume directory is expected`;
    throw new UnderstudyError('not-found', 'export/no-camera', message);
  }
  const ordered = found.sort((left, right) => left.parsed.start - right.parsed.start);
  const [start, end] = [wanted.range.start / 1000, wanted.range.end / 1000];
  return ordered.filter(({ parsed }, index) => {
    // The one before the range may reach into it, and the clock may have been off by some seconds when the next was named.
    const next = ordered.slice(index + 1).find((other) => other.parsed.server8 === parsed.server8);
    return parsed.start < end + NAME_SLACK_MS && (next === undefined || next.parsed.start > start - NAME_SLACK_MS);
  });
}

const NAME_SLACK_MS = 10_000;

export type ReadFragments = {
  readonly fragments: readonly SourceFragment[];
  /** Wall microseconds of what is there but is not what was recorded. */
  readonly damaged: readonly WallRange[];
};

/** Every whole fragment that touches the range or may lead up to it, its payload checked. */
export async function readFragments(segments: readonly SegmentToRead[], range: WallRange): Promise<ReadFragments> {
  const fragments: SourceFragment[] = [];
  const damaged: WallRange[] = [];
  for (const file of segments) {
    const source = await openByteSource(file.path);
    try {
      await readSegment(source, file, range, { fragments, damaged });
    } catch (error) {
      // A file whose start cannot be read has nothing to export; verification says so, the manifest lists the gap.
      if (!(error instanceof UnderstudyError)) throw error;
    } finally {
      await source.close();
    }
  }
  return { fragments: fragments.sort((left, right) => left.info.start - right.info.start), damaged };
}

type Into = { readonly fragments: SourceFragment[]; readonly damaged: WallRange[] };

async function readSegment(source: ByteSource, file: SegmentToRead, range: WallRange, into: Into): Promise<void> {
  const init = await readInit(source);
  const { serverId, epoch } = init.header;
  const segment: SourceSegment = { ...file, serverId, epoch, layout: init.layout, layoutHash: init.layoutHash };
  // What cannot be read has no time of its own: it lies between its neighbours.
  let readable = init.header.start * 1000;
  let isUnreadable = false;
  for await (const step of scanFragments(source, { from: init.length, resync: true })) {
    isUnreadable ||= step.kind === 'damaged';
    if (step.kind !== 'fragment') continue;
    if (isUnreadable && step.fragment.start > readable)
      into.damaged.push({ start: readable, end: step.fragment.start });
    isUnreadable = false;
    readable = step.fragment.end;
    if (step.fragment.start >= range.end) continue;
    const info = { ...step.fragment, header: NO_BYTES };
    const whole = info.intact && (await isWhole(source, info, { segment, range }));
    if (whole) into.fragments.push({ segment, info });
    else into.damaged.push({ start: info.start, end: info.end });
  }
}

const NO_BYTES = new Uint8Array(0);

/** Long before the range nothing is exported, so nothing is checked. */
const LEAD_US = 60_000_000;

async function isWhole(
  source: ByteSource,
  fragment: SourceFragment['info'],
  { segment, range }: { readonly segment: SourceSegment; readonly range: WallRange },
): Promise<boolean> {
  if (fragment.end < range.start - LEAD_US) return true;
  return (await checkPayload(source, fragment, segment.layout.video.codec)).kind === 'whole';
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
