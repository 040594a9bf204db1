/** Finds the segments of a range in volume directories, and the fragments in them that are whole. */
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UnderstudyError } from '../core/errors.ts';
import { readInit, checkPayload, scanFragments } from '../media/mp4/scan.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import { openByteSource } from './byte-source.ts';
import type { SourceFragment, SourceSegment, WallRange } from './export-plan.ts';
import { mp4FilesIn } from './mp4-files.ts';
import type { SequenceRange } from './catalogue-types.ts';
import { isSuperseded } from './returned-groups.ts';
import { returnNoteOf } from './return-note.ts';
import { parseSegmentPath } from './segment-path.ts';
import type { SegmentName } from './segment-path.ts';

export type SegmentToRead = {
  readonly path: string;
  /** Relative to the volume. */
  readonly name: string;
  /** Sequences in it that returned footage stands for, as the catalogue knows them; those that the given files tell are found anyway. */
  readonly superseded?: readonly SequenceRange[] | undefined;
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
  const told = await supersededBy(segments);
  for (const file of segments) {
    const source = await openByteSource(file.path);
    try {
      await readSegment(source, file, range, { fragments, damaged, told });
    } catch (error) {
      // A file whose start cannot be read has nothing to export; verification says so, the manifest lists the gap.
      if (!(error instanceof UnderstudyError)) throw error;
    } finally {
      await source.close();
    }
  }
  return { fragments: fragments.sort((left, right) => left.info.start - right.info.start), damaged };
}

/** What returned files among them replace, by the server that recorded it. */
type Superseded = ReadonlyMap<string, readonly SequenceRange[]>;

async function supersededBy(segments: readonly SegmentToRead[]): Promise<Superseded> {
  const all: (readonly [string, SequenceRange])[] = [];
  for (const { path } of segments) {
    const source = await openByteSource(path);
    try {
      const note = await returnNoteOf(path, (await readInit(source)).header);
      all.push(...pairsOf(note));
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    } finally {
      await source.close();
    }
  }
  return new Map(
    [...Map.groupBy(all, ([server]) => server)].map(([server, pairs]) => [server, pairs.map(([, group]) => group)]),
  );
}

const pairsOf = (note: ReturnNote | undefined): readonly (readonly [string, SequenceRange])[] =>
  (note?.supersedes ?? []).flatMap(({ server, groups }) => groups.map((group) => [server, group] as const));

type Into = {
  readonly fragments: SourceFragment[];
  readonly damaged: WallRange[];
  readonly told: Superseded;
};

async function readSegment(source: ByteSource, file: SegmentToRead, range: WallRange, into: Into): Promise<void> {
  const init = await readInit(source);
  const { serverId, epoch } = init.header;
  const segment: SourceSegment = { ...file, serverId, epoch, layout: init.layout, layoutHash: init.layoutHash };
  // What cannot be read has no time of its own: it lies between its neighbours.
  const shift = ((await returnNoteOf(file.path, init.header))?.clockOffsetMs ?? 0) * 1000;
  const hidden = [...(file.superseded ?? []), ...(into.told.get(serverId) ?? [])];
  let readable = init.header.start * 1000 + shift;
  let isUnreadable = false;
  for await (const step of scanFragments(source, { from: init.length, resync: true })) {
    isUnreadable ||= step.kind === 'damaged';
    if (step.kind !== 'fragment') continue;
    const [start, end] = [step.fragment.start + shift, step.fragment.end + shift];
    if (isUnreadable && start > readable) into.damaged.push({ start: readable, end: start });
    isUnreadable = false;
    readable = end;
    if (start >= range.end || isSuperseded(hidden, step.fragment.sequence)) continue;
    await take(source, { ...step.fragment, start, end, header: NO_BYTES }, { segment, range, into });
  }
}

type Taking = { readonly segment: SourceSegment; readonly range: WallRange; readonly into: Into };
async function take(source: ByteSource, info: SourceFragment['info'], { segment, range, into }: Taking): Promise<void> {
  const whole = info.intact && (await isWhole(source, info, { segment, range }));
  if (whole) into.fragments.push({ segment, info });
  else into.damaged.push({ start: info.start, end: info.end });
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
