/**
 * Which samples of which fragments make up an export, and when each is shown. Pure.
 *
 * The cut begins at the key frame at or before the asked start and ends with the last access unit shown before the asked end. Gaps are
 * kept as time: a second in the file is a second on the wall, the last picture stands still. A change of layout, or a gap
 * above `MAX_GAP_MS`, begins another file.
 */
import type { FragmentInfo } from '../media/mp4/parse-fragment.ts';
import type { TrackLayout } from '../media/tracks.ts';

/** Wall time that a player would rather not sit through; 32 bits of 90 kHz end at 13 hours. */
export const MAX_GAP_MS: number = 6 * 3600 * 1000;
/** Wall times of fragments come from rounded clocks; less is no gap. */
const GAP_MS = 250;

/** Microseconds of wall time, half open. */
export type WallRange = { readonly start: number; readonly end: number };

export type SourceFragment = { readonly segment: SourceSegment; readonly info: FragmentInfo };

export type SourceSegment = {
  readonly path: string;
  /** As it stands in the manifest: relative to the volume. */
  readonly name: string;
  readonly serverId: string;
  readonly epoch: number;
  readonly layout: TrackLayout;
  readonly layoutHash: string;
};

export type PlannedFragment = SourceFragment & {
  /** The first so many access units are in the file. */
  readonly accessUnits: number;
  /** Audio samples `[from, to)` are. */
  readonly audio: readonly [from: number, to: number];
  /** Ticks of the file at which its first access unit is decoded. */
  readonly decodeTime: number;
  /** Ticks of the file's sound track. */
  readonly audioTime: number;
};

export type Part = {
  readonly layout: TrackLayout;
  readonly fragments: readonly PlannedFragment[];
  /** Wall microseconds at tick 0, and at the end of the last access unit. */
  readonly start: number;
  readonly end: number;
};

/** `fragments` in order of wall time, whole and undamaged. Empty if nothing that can be shown lies in the range. */
export function planExport(fragments: readonly SourceFragment[], range: WallRange): readonly Part[] {
  const chosen = choose(withoutOverlaps(fragments), range);
  const parts: SourceFragment[][] = [];
  for (const fragment of chosen) {
    const before = parts.at(-1)?.at(-1);
    const apart = before !== undefined && fragment.info.start - before.info.end > MAX_GAP_MS * 1000;
    const sameLayout = before?.segment.layoutHash === fragment.segment.layoutHash;
    if (before !== undefined && sameLayout && !apart) parts.at(-1)?.push(fragment);
    else if (fragment.info.key) parts.push([fragment]);
  }
  return parts.map((part) => placed(part, range)).filter(({ fragments: some }) => some.length > 0);
}

/** Where nothing of the range was recorded: neither in the parts nor in `damaged`, ranges that were left out. */
export function missingOf(
  parts: readonly Part[],
  damaged: readonly WallRange[],
  range: WallRange,
): readonly WallRange[] {
  const missing: WallRange[] = [];
  const present = parts.flatMap(({ fragments }) => fragments).map(({ info }) => info);
  let at = range.start;
  for (const { start, end } of [...present, ...damaged].sort((left, right) => left.start - right.start)) {
    if (start - at > GAP_MS * 1000) missing.push({ start: at, end: Math.min(start, range.end) });
    at = Math.max(at, end);
  }
  if (range.end - at > GAP_MS * 1000) missing.push({ start: at, end: range.end });
  return missing;
}

/** Two servers may have recorded the same time: the first to have it is taken, the other from its next key frame on. */
function withoutOverlaps(fragments: readonly SourceFragment[]): readonly SourceFragment[] {
  const taken: SourceFragment[] = [];
  let skipped = false;
  for (const fragment of fragments) {
    const before = taken.at(-1);
    const sameSegment = before?.segment === fragment.segment;
    const overlaps = before !== undefined && !sameSegment && fragment.info.start < before.info.end - GAP_MS * 1000;
    if (overlaps || (skipped && !fragment.info.key && !sameSegment)) {
      skipped = true;
      continue;
    }
    skipped = false;
    taken.push(fragment);
  }
  return taken;
}

function choose(fragments: readonly SourceFragment[], { start, end }: WallRange): readonly SourceFragment[] {
  const touching = fragments.findIndex(({ info }) => info.end > start);
  if (touching < 0) return [];
  let first = touching;
  while (first > 0 && !isKey(fragments[first]) && isJoined(fragments[first - 1], fragments[first])) first -= 1;
  // Recording began in the middle of a group of pictures: what is before its first key frame cannot be shown.
  while (first < fragments.length && !isKey(fragments[first])) first += 1;
  return fragments.slice(first).filter(({ info }) => info.start < end);
}

const isKey = (fragment: SourceFragment | undefined): boolean => fragment?.info.key === true;
const isJoined = (before: SourceFragment | undefined, fragment: SourceFragment | undefined): boolean =>
  before !== undefined && fragment !== undefined && fragment.info.start - before.info.end <= GAP_MS * 1000;

function placed(part: readonly SourceFragment[], { end }: WallRange): Part {
  const layout = part[0]?.segment.layout ?? NO_LAYOUT;
  const start = part[0]?.info.start ?? 0;
  const fragments: PlannedFragment[] = [];
  let base = 0;
  let endTicks = 0;
  let segment: SourceSegment | undefined;
  for (const fragment of part) {
    const { info } = fragment;
    if (fragment.segment !== segment) {
      const wall = Math.round(((info.start - start) * 9) / 100);
      const joined = segment !== undefined && Math.abs(wall - endTicks) <= GAP_MS * 90;
      base = (joined ? endTicks : Math.max(wall, endTicks)) - info.video.decodeTime;
      segment = fragment.segment;
    }
    const decodeTime = Math.max(base + info.video.decodeTime, endTicks);
    base = decodeTime - info.video.decodeTime;
    const accessUnits = unitsBefore(info, end);
    if (accessUnits === 0) break;
    endTicks = decodeTime + sum(info.video.durations, 0, accessUnits);
    const rate = layout.audio?.sampleRate ?? 0;
    const audioBase = Math.round((base * rate) / 90_000) + info.audio.decodeTime;
    const audio = audioWithin(info, audioBase, Math.round((endTicks * rate) / 90_000));
    const audioTime = audioBase + sum(info.audio.durations, 0, audio[0]);
    fragments.push({ ...fragment, accessUnits, audio, decodeTime, audioTime });
  }
  return { layout, fragments, start, end: start + Math.round((endTicks * 100) / 9) };
}

/** How many access units in decoding order it takes to have all that are shown before wall time `end`. */
function unitsBefore({ start, video }: FragmentInfo, end: number): number {
  let ticks = 0;
  let units = 0;
  for (let index = 0; index < video.count; index += 1) {
    const shown = start + ((ticks + (video.compositionOffsets?.[index] ?? 0)) * 100) / 9;
    if (shown < end) units = index + 1;
    ticks += video.durations[index] ?? 0;
  }
  return units;
}

/** Audio samples of the fragment that begin at or behind tick 0 of the file and before tick `end`. */
function audioWithin({ audio }: FragmentInfo, begin: number, end: number): readonly [number, number] {
  let time = begin;
  let [from, to] = [0, 0];
  for (let index = 0; index < audio.count; index += 1) {
    if (time < 0) from = index + 1;
    if (time < end) to = index + 1;
    time += audio.durations[index] ?? 0;
  }
  return [Math.min(from, to), to];
}

export const sum = (values: Uint32Array, from: number, to: number): number =>
  values.subarray(from, to).reduce((total, value) => total + value, 0);

const NO_LAYOUT: TrackLayout = {
  video: { codec: 'h264', parameterSets: [], width: 0, height: 0, codecString: '' },
  audio: undefined,
};
