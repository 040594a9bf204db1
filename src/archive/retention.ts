/**
 * Which segments to delete: by age, by a camera's size, by a volume's space, in this order. Pure; docs/design/archive.md, "Retention".
 *
 * Invariants: an open segment is never given in and so never comes out. Within a stream footage goes in the order it was recorded (sequence),
 * whatever the clock said. Footage dated in the future is not deleted for its age. A clock that jumped forward deletes at most
 * `PACED_FACTOR` times real time for a day, so that a wrong clock is noticed before it has cost the archive.
 */
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { SegmentRow } from './catalogue-types.ts';

export type RetentionCandidate = Pick<
  SegmentRow,
  'cameraId' | 'stream' | 'volumeId' | 'path' | 'start' | 'end' | 'bytes' | 'firstSequence'
> & {
  /** Every server that recorded a stream counts its sequences by itself. */
  readonly serverId?: string;
};
export type RetentionInput = {
  /** Wall milliseconds. */
  readonly now: number;
  /** Closed ones, at least the oldest of every stream and volume; more only make a round go further. */
  readonly candidates: readonly RetentionCandidate[];
  /** Cameras without an entry are kept until space is needed. */
  readonly cameras: ReadonlyMap<string, CameraRetention>;
  /** Volumes without an entry (not mounted) are left alone. */
  readonly volumes: ReadonlyMap<string, VolumeRoom>;
  /** Milliseconds of footage that may go for its age, a stream; from `ageBudgetOf`. */
  readonly ageBudgetMs: number;
};
export type CameraRetention = {
  readonly maxDays: number | undefined;
  readonly maxBytes: number | undefined;
  /** All it has, streams and volumes together, open segments too. */
  readonly bytes: number;
};
export type VolumeRoom = {
  readonly freeBytes: number;
  readonly reserveBytes: number;
  /** Kept free above the reserve, so that recording never waits for a deletion. */
  readonly headroomBytes: number;
};
export type RetentionReason = 'age' | 'size' | 'space';
export type Deletion = { readonly segment: RetentionCandidate; readonly reason: RetentionReason };

const DAY_MS: DurationMs = durationMs(86_400_000);
/** While the clock is on probation, a stream loses at most this many times real time to age. */
const PACED_FACTOR = 8;
export const CLOCK_PROBATION: DurationMs = DAY_MS;
/** Wall and monotonic clock apart by more than this between two rounds: the clock was set. Slewing stays far below. */
export const CLOCK_STEP: DurationMs = durationMs(60_000);

/**
 * How much may go for its age in this round: without bound once the clock has been steady for a day, until then eight times the time since the
 * round before. A box that was off for two months so catches up in days, and a clock set a year ahead costs eight days of footage in the first day.
 */
export function ageBudgetOf(steadyMs: number, sinceLastRoundMs: number): number {
  return steadyMs >= CLOCK_PROBATION ? Infinity : Math.max(0, sinceLastRoundMs) * PACED_FACTOR;
}

/** Free above the reserve: two minutes at the present rate, at least 256 MiB, at most a tenth of the volume (a small one would keep nothing). */
export const headroomOf = (bytesPerSecond: number, totalBytes: number): number =>
  Math.min(totalBytes / 10, Math.max(256 * 1024 * 1024, bytesPerSecond * 120));

/** Days of footage that fit at this rate: what is used now plus what is free above reserve and headroom; `undefined` at no rate. */
export function forecastDays(usedBytes: number, room: VolumeRoom, bytesPerDay: number): number | undefined {
  if (bytesPerDay <= 0) return undefined;
  return Math.max(0, usedBytes + room.freeBytes - room.reserveBytes - room.headroomBytes) / bytesPerDay;
}

type Dated = {
  readonly segment: RetentionCandidate;
  /** When it was recorded, as far as the order allows. */ readonly at: number;
};
type Round = { readonly input: RetentionInput; readonly gone: Map<RetentionCandidate, RetentionReason> };

/** Deletions in the order to carry them out: each reason oldest first. */
export function planRetention(input: RetentionInput): readonly Deletion[] {
  const round: Round = { input, gone: new Map() };
  const reachable = input.candidates.filter(({ volumeId }) => input.volumes.has(volumeId));
  const streams = [
    ...Map.groupBy(reachable, ({ cameraId, stream, serverId = '' }) => `${cameraId}/${stream}/${serverId}`).values(),
  ].map((segments) => dateInOrder(segments, input.now));
  for (const stream of streams) planAge(round, stream);
  // Stable: within a stream dates never decrease, so its order is kept.
  const all = streams.flat().sort((a, b) => a.at - b.at);
  planSize(round, all);
  planSpace(round, all);
  return [...round.gone].map(([segment, reason]) => ({ segment, reason }));
}

/**
 * In order of recording, each with a date that never decreases: footage dated before what was recorded earlier takes the date of that (the clock was set
 * back); footage dated in the future takes the date of what was recorded next, or now.
 */
function dateInOrder(segments: readonly RetentionCandidate[], now: number): readonly Dated[] {
  const ordered = [...segments].sort((a, b) => a.firstSequence - b.firstSequence);
  const dated: Dated[] = [];
  let next = now;
  const bound = ordered.map(() => now);
  for (let index = ordered.length - 1; index >= 0; index -= 1) {
    bound[index] = next;
    const start = ordered[index]?.start ?? now;
    if (start <= now) next = start;
  }
  let floor = -Infinity;
  for (const [index, segment] of ordered.entries()) {
    const own = segment.start <= now ? segment.start : (bound[index] ?? now);
    floor = Math.max(floor, own);
    dated.push({ segment, at: floor });
  }
  return dated;
}

function planAge({ input, gone }: Round, stream: readonly Dated[]): void {
  let budget = input.ageBudgetMs;
  for (const { segment, at } of stream) {
    if (segment.start > input.now) continue;
    const maxDays = input.cameras.get(segment.cameraId)?.maxDays;
    const length = Math.max(0, segment.end - segment.start);
    if (maxDays === undefined || at + length >= input.now - maxDays * DAY_MS || budget < length) return;
    budget -= length;
    gone.set(segment, 'age');
  }
}

function planSize({ input, gone }: Round, all: readonly Dated[]): void {
  const left = new Map([...input.cameras].map(([cameraId, { bytes }]) => [cameraId, bytes]));
  const take = ({ cameraId, bytes }: RetentionCandidate): void => {
    left.set(cameraId, (left.get(cameraId) ?? 0) - bytes);
  };
  for (const segment of gone.keys()) take(segment);
  for (const { segment } of all) {
    const maxBytes = input.cameras.get(segment.cameraId)?.maxBytes;
    if (maxBytes === undefined || gone.has(segment) || (left.get(segment.cameraId) ?? 0) <= maxBytes) continue;
    take(segment);
    gone.set(segment, 'size');
  }
}

function planSpace({ input, gone }: Round, all: readonly Dated[]): void {
  const needed = new Map(
    [...input.volumes].map(([volumeId, { freeBytes, reserveBytes, headroomBytes }]) => [
      volumeId,
      reserveBytes + headroomBytes - freeBytes,
    ]),
  );
  const take = ({ volumeId, bytes }: RetentionCandidate): void => {
    needed.set(volumeId, (needed.get(volumeId) ?? 0) - bytes);
  };
  for (const segment of gone.keys()) take(segment);
  for (const { segment } of all) {
    if (gone.has(segment) || (needed.get(segment.volumeId) ?? 0) <= 0) continue;
    take(segment);
    gone.set(segment, 'space');
  }
}
