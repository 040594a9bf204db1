/**
 * Names of segment files inside a volume (docs/design/segment-format.md, "Path"), there and back. Pure.
 * Belongs here: the path scheme. Does not: creating folders (volume-root.ts), what is in the file (media/mp4).
 */
import { isoOf, parseIso } from '../core/clock.ts';
import { isCameraId } from '../core/ids.ts';
import type { EpochMs } from '../core/units.ts';
import type { StreamName } from '../wire/media-protocol.ts';

export type SegmentName = {
  readonly cameraId: string;
  readonly stream: StreamName;
  /** Wall time in the name: that of the first access unit, plus a millisecond for every name already taken. */
  readonly start: EpochMs;
  /** The first eight hex digits of the recording server's id. */
  readonly server8: string;
  readonly epoch: number;
};

const PATH =
  /^([a-z0-9-]{1,63})\/(main|sub)\/(\d{4}-\d\d-\d\d)\/(\d\d)(\d\d)(\d\d\.\d{3})Z-([0-9a-f]{8})-(\d{1,16})\.mp4$/;
/** The groups of `PATH`. */
type Parts = [string, StreamName, string, string, string, string, string, string];
const DAY_FOLDER = /^\d{4}-\d\d-\d\d$/;
/** Longest path we make: 63 + 4 + 10 + 10 + 8 + 16 and separators, rounded up. */
export const MAX_SEGMENT_PATH = 160;

/** `2026-11-21` */
export const dayFolderOf = (start: EpochMs): string => isoOf(start).slice(0, 10);
export const isDayFolder = (name: string): boolean => DAY_FOLDER.test(name);

/** `cam-1/main/2026-11-21`: what a writer's `open` job calls `directory`. */
export const segmentDirectoryOf = (cameraId: string, stream: StreamName, start: EpochMs): string =>
  `${cameraId}/${stream}/${dayFolderOf(start)}`;

/** `Z-5f2e5f0c-1`: what a writer's `open` job calls `suffix`. */
export const segmentSuffixOf = (serverId: string, epoch: number): string => `Z-${serverId.slice(0, 8)}-${epoch}`;

/** `100211.250Z-5f2e5f0c-1.mp4` */
export const segmentFileOf = (start: EpochMs, suffix: string): string =>
  `${isoOf(start).slice(11, 23).replaceAll(':', '')}${suffix}.mp4`;

/** Relative to the volume's root, with `/`. */
export function segmentPathOf({ cameraId, stream, start, server8, epoch }: SegmentName): string {
  return `${segmentDirectoryOf(cameraId, stream, start)}/${segmentFileOf(start, `Z-${server8}-${epoch}`)}`;
}

/** `undefined` unless `path` is exactly what `segmentPathOf` makes of some name. */
export function parseSegmentPath(path: string): SegmentName | undefined {
  if (path.length > MAX_SEGMENT_PATH) return undefined;
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const [cameraId, stream, day, hours, minutes, rest, server8, epochText] = match.slice(1) as Parts;
  const start = parseIso(`${day}T${hours}:${minutes}:${rest}Z`);
  const epoch = Number(epochText);
  if (start === undefined || !isCameraId(cameraId) || !Number.isSafeInteger(epoch)) return undefined;
  const name: SegmentName = { cameraId, stream, start, server8, epoch };
  // Dates such as 2026-02-30 roll over in the parser; only what is spelt our way is ours.
  return segmentPathOf(name) === path ? name : undefined;
}
