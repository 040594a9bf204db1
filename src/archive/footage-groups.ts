/**
 * Groups of a stream with their leaf hashes, read from the headers of fragments: no payload is touched. What two servers compare to find
 * their seams (ledger/seams.ts).
 *
 * Groups that returned footage stands for are left out, as everywhere, and so are fragments that are known to be damaged. An open segment is
 * read up to its durable end; its last group may still grow and says so.
 */
import { createHash } from 'node:crypto';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { SHORT_LEAF_BYTES } from '../ledger/seams.ts';
import { hexOf } from '../media/mp4/fragment-hash.ts';
import type { FragmentInfo } from '../media/mp4/parse-fragment.ts';
import { scanFragments } from '../media/mp4/scan.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import type { FootageGroup, GroupFragment } from '../wire/footage-protocol.ts';
import { openByteSource, withoutBadSectors } from './byte-source.ts';
import type { OpenByteSource } from './byte-source.ts';
import type { KeyGroup, Segment, SegmentRow, SegmentTable, Span, StreamKey } from './catalogue-types.ts';

export type GroupReaderDeps = {
  readonly segments: Pick<SegmentTable, 'find' | 'findRows'>;
  /** Absolute; `undefined`: its volume is not there now. */
  readonly fileOf: (row: Pick<SegmentRow, 'volumeId' | 'path'>) => string | undefined;
  readonly now: () => number;
  /** As openByteSource, unless given. */
  readonly open?: (path: string) => Promise<OpenByteSource>;
};
export type GroupsFound = { readonly groups: readonly FootageGroup[]; readonly more: boolean };
export type GroupReader = {
  /** In order of start, at most `MAX_GROUPS_READ`; `more`: ask again from the end of the last one on. @throws system errors */
  readonly read: (key: StreamKey, range: Span) => Promise<GroupsFound>;
};

/** Of one answer; at 25 access units a second and a key frame every 2 s some 300 KB. */
export const MAX_GROUPS_READ = 512;
/** Characters of leaf hashes in one answer. */
export const MAX_LEAVES_READ = 2_000_000;
/** The writer of an open segment is gone if its last group is older. */
const GROWING_MS = 15_000;
/** Groups kept; one takes about a kilobyte. */
const MAX_CACHED = 4096;
/** How far from the end of a segment the next one of the same recording begins. */
const NEXT_MS = 2000;

/** What does not change once the group is complete. */
type Cached = Omit<FootageGroup, 'growing'>;
type Reader = GroupReaderDeps & { readonly cache: Map<string, Cached> };

export function createGroupReader(deps: GroupReaderDeps): GroupReader {
  const reader: Reader = { ...deps, cache: new Map() };
  return {
    read: async (key, range) => {
      const groups: FootageGroup[] = [];
      let leaves = 0;
      for (const segment of deps.segments.find(key, range)) {
        const wanted = segment.keys.filter(({ start, end }) => end > range.start && start < range.end);
        for await (const group of groupsIn(reader, segment, wanted)) {
          if (groups.length >= MAX_GROUPS_READ || leaves >= MAX_LEAVES_READ) return { groups, more: true };
          groups.push(group);
          leaves += group.fragments.reduce((sum, fragment) => sum + fragment.leaves.length, 0);
        }
      }
      return { groups, more: false };
    },
  };
}

async function* groupsIn(
  reader: Reader,
  segment: Segment,
  wanted: readonly KeyGroup[],
): AsyncGenerator<FootageGroup, void> {
  const file = wanted.length === 0 ? undefined : reader.fileOf(segment);
  if (file === undefined) return;
  const source = lazily(file, reader.open ?? openByteSource);
  try {
    for (const group of wanted) {
      const known = await groupAt(reader, source.open, segment, group);
      if (known === undefined) continue;
      const isLast = segment.open && known.lastSequence === segment.lastSequence;
      yield { ...known, growing: isLast && reader.now() - known.end < GROWING_MS };
    }
  } catch (error) {
    // Deleted meanwhile, or damaged: there is nothing here to compare with.
    if (!(error instanceof UnderstudyError) && systemCodeOf(error) !== 'ENOENT') throw error;
  } finally {
    await source.close();
  }
}

type Open = () => Promise<ByteSource>;
/** A header that the disk cannot give back counts as damaged: the rest is told. */
function lazily(
  file: string,
  openFile: (path: string) => Promise<OpenByteSource>,
): { readonly open: Open; readonly close: () => Promise<void> } {
  let opened: OpenByteSource | undefined;
  let source: ByteSource | undefined;
  return {
    open: async () => (source ??= withoutBadSectors((opened ??= await openFile(file)))),
    close: async () => opened?.close(),
  };
}

async function groupAt(reader: Reader, open: Open, segment: Segment, group: KeyGroup): Promise<Cached | undefined> {
  // What is found to be damaged changes the two behind the number.
  const name = `${segment.volumeId}/${segment.path}#${group.sequence}+${group.length}/${segment.spans.length}`;
  const cached = reader.cache.get(name);
  if (cached !== undefined) return cached;
  const source = await open();
  const found = await readGroup(reader, { ...source, size: Math.min(source.size, segment.bytes) }, segment, group);
  if (found !== undefined && !segment.open) remember(reader, name, found);
  return found;
}

function remember({ cache }: Reader, name: string, group: Cached): void {
  const oldest = cache.keys().next().value;
  if (cache.size >= MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  cache.set(name, group);
}

async function readGroup(
  reader: Reader,
  source: ByteSource,
  segment: Segment,
  group: KeyGroup,
): Promise<Cached | undefined> {
  const found: FragmentInfo[] = [];
  let behind: FragmentInfo | undefined;
  for await (const step of scanFragments(source, { from: group.offset, resync: true })) {
    if (step.kind !== 'fragment' || !step.fragment.intact) continue;
    if (step.fragment.offset >= group.offset + group.length) {
      behind = step.fragment;
      break;
    }
    if (isListed(segment, step.fragment)) found.push(step.fragment);
  }
  const last = found.at(-1);
  if (last === undefined) return undefined;
  const isLastInFile = last.sequence === segment.lastSequence;
  behind ??= isLastInFile ? await firstBehind(reader, segment, last) : undefined;
  const shift = segment.returned?.clockOffsetMs ?? 0;
  // Its first fragment may be damaged: the number of the group is that of the catalogue, by which it is replaced.
  return {
    ...describe(found, shift),
    firstSequence: group.sequence,
    recordedBy: segment.serverId,
    continuous: isWhole(found, behind),
  };
}

/** Wall milliseconds of a catalogue are whole. */
const ROUNDING_MS = 1;
/** Damaged fragments leave a hole in the spans: their headers are there still, what they tell is not. */
function isListed({ spans, returned }: Segment, { start, end }: FragmentInfo): boolean {
  const middle = (start + end) / 2000 + (returned?.clockOffsetMs ?? 0);
  return spans.some((span) => middle >= span.start - ROUNDING_MS && middle <= span.end + ROUNDING_MS);
}

/** Begins with a key frame, lacks nothing, and the next one follows without loss. */
function isWhole(found: readonly FragmentInfo[], behind: FragmentInfo | undefined): boolean {
  const joined = [...found, ...(behind === undefined ? [] : [behind])].every(
    ({ continuous, sequence }, index) =>
      index === 0 || (continuous && sequence === (found[index - 1]?.sequence ?? 0) + 1),
  );
  return joined && behind?.key === true && found[0]?.key === true;
}

/** The first fragment of the segment with which the recording went on. */
async function firstBehind(reader: Reader, segment: Segment, last: FragmentInfo): Promise<FragmentInfo | undefined> {
  const range = { start: segment.end - NEXT_MS, end: segment.end + NEXT_MS };
  const next = reader.segments
    .findRows(segment, range)
    .find(({ serverId, firstSequence }) => serverId === segment.serverId && firstSequence === last.sequence + 1);
  const file = next && reader.fileOf(next);
  if (next === undefined || file === undefined) return undefined;
  const source = await openByteSource(file);
  try {
    const steps = scanFragments(
      { ...source, size: Math.min(source.size, next.bytes) },
      { from: next.initLength, resync: false },
    );
    for await (const step of steps) return step.kind === 'fragment' && step.fragment.intact ? step.fragment : undefined;
    return undefined;
  } finally {
    await source.close();
  }
}

function describe(found: readonly FragmentInfo[], shift: number): Omit<Cached, 'recordedBy' | 'continuous'> {
  const digest = createHash('sha256');
  const fragments = found.map(({ start, end, leaves, video }): GroupFragment => {
    digest.update(leaves);
    const short = Buffer.alloc(video.count * SHORT_LEAF_BYTES);
    for (let index = 0; index < video.count; index += 1)
      short.set(leaves.subarray(32 * index, 32 * index + SHORT_LEAF_BYTES), index * SHORT_LEAF_BYTES);
    return { start: start / 1000 + shift, end: end / 1000 + shift, leaves: short.toString('base64') };
  });
  return {
    start: fragments[0]?.start ?? 0,
    end: fragments.reduce((latest, { end }) => Math.max(latest, end), 0),
    firstSequence: found[0]?.sequence ?? 0,
    lastSequence: found.at(-1)?.sequence ?? 0,
    key: hexOf((found[0]?.leaves ?? new Uint8Array(0)).subarray(0, 16)),
    accessUnits: found.reduce((sum, { video }) => sum + video.count, 0),
    digest: digest.digest('hex').slice(0, 32),
    fragments,
  };
}
