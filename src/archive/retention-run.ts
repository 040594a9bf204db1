/**
 * One round of retention: gathers candidates from the catalogue, asks the plan, deletes. Called each minute by control; bounded, so a round
 * that could not finish is followed by another.
 */
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { Catalogue } from './catalogue-types.ts';
import { parseKeptVolume } from './kept-volume.ts';
import { removeSegment } from './remove-segments.ts';
import type { VolumePlace } from './remove-segments.ts';
import { ageBudgetOf, CLOCK_STEP, planRetention } from './retention.ts';
import type { Deletion, RetentionCandidate, RetentionInput, RetentionReason, VolumeRoom } from './retention.ts';

export type RetentionVolume = VolumePlace & VolumeRoom;
export type RetentionRules = ReadonlyMap<
  string,
  { readonly maxDays?: number | undefined; readonly maxBytes?: number | undefined }
>;
export type RetentionOutcome = {
  readonly deleted: Readonly<Record<RetentionReason, number>>;
  readonly bytes: number;
  readonly failed: readonly { readonly path: string; readonly message: string }[];
  /** Volumes that need room and have footage that must stay, whatever the rules say. */
  readonly held: readonly { readonly volumeId: string; readonly bytes: number }[];
};
export type RetentionDeps = {
  /** A snapshot for a round: what must stay, such as footage that is owed to another server. */
  readonly mustStay?: () => (segment: RetentionCandidate) => boolean;
  readonly catalogue: Pick<Catalogue, 'transaction' | 'segments' | 'removed'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
  readonly log: Log;
};

/** A stream and volume, a round: two hours of one-minute segments. */
const MAX_CANDIDATES = 128;
/** A round; at 5 ms each some 10 s of background work. */
export const MAX_DELETIONS = 2000;
const ROUND_DEADLINE: DurationMs = durationMs(60_000);

/** `volumes`: only those that are mounted and ours now. */
export function createRetention({
  catalogue,
  clock,
  log,
  mustStay = () => () => false,
}: RetentionDeps): (volumes: readonly RetentionVolume[], rules: RetentionRules) => Promise<RetentionOutcome> {
  let steadySince = clock.monotonic();
  let last = { wall: clock.now(), monotonic: clock.monotonic() };

  /** Watches the wall clock against the monotonic one. */
  const budget = (): number => {
    const now = { wall: clock.now(), monotonic: clock.monotonic() };
    const elapsed = now.monotonic - last.monotonic;
    if (Math.abs(now.wall - last.wall - elapsed) > CLOCK_STEP) steadySince = now.monotonic;
    last = now;
    return ageBudgetOf(now.monotonic - steadySince, elapsed);
  };
  const plan = (volumes: readonly RetentionVolume[], rules: RetentionRules): Planned => {
    const totals = catalogue.segments.totals();
    const stays = mustStay();
    const all = totals.flatMap((total) => catalogue.segments.oldest(total, total.volumeId, MAX_CANDIDATES));
    const [staying, candidates] = [all.filter(stays), all.filter((segment) => !stays(segment))];
    const deletions = planRetention({
      now: clock.now(),
      candidates,
      cameras: camerasOf(totals, rules),
      volumes: new Map(volumes.map((volume) => [volume.id, volume])),
      ageBudgetMs: budget(),
    });
    return { deletions, held: volumes.flatMap((volume) => heldOn(volume, deletions, staying)) };
  };
  /** Something may have come to stay while the disk worked. */
  const mayGo = (segment: RetentionCandidate): boolean => !mustStay()(segment);

  /** Volumes whose deletions of an earlier round have not come back: their disk hangs. */
  const busy = new Set<string>();

  return async (volumes, rules) => {
    const deleted: Record<RetentionReason, number> = { age: 0, size: 0, space: 0 };
    const failed: { path: string; message: string }[] = [];
    let bytes = 0;
    const remove = async (volume: RetentionVolume, { segment, reason }: Deletion): Promise<void> => {
      try {
        if (!mayGo(segment)) return;
        await removeSegment({ catalogue, volume }, segment.path, 'retention');
        deleted[reason] += 1;
        bytes += segment.bytes;
      } catch (error) {
        failed.push({ path: segment.path, message: messageOf(error) });
      }
    };
    const removeAll = async (volume: RetentionVolume, deletions: readonly Deletion[]): Promise<void> => {
      busy.add(volume.id);
      for (const deletion of deletions) await remove(volume, deletion);
      busy.delete(volume.id);
    };
    const free = volumes.filter(({ id }) => !busy.has(id));
    const { deletions, held } = plan(free, rules);
    const byVolume = Map.groupBy(deletions.slice(0, MAX_DELETIONS), ({ segment }) => segment.volumeId);
    // Side by side: a disk that hangs must not keep the others from making room.
    await Promise.all(
      free.map(async (volume) => withDeadline(clock, ROUND_DEADLINE, removeAll(volume, byVolume.get(volume.id) ?? []))),
    );
    if (failed.length > 0) log.warn('retention could not delete', { count: failed.length, first: failed[0] });
    return { deleted, bytes, failed, held };
  };
}

function camerasOf(
  totals: ReturnType<Catalogue['segments']['totals']>,
  rules: RetentionRules,
): RetentionInput['cameras'] {
  const bytes = new Map<string, number>();
  // What other servers keep takes no room here.
  for (const total of totals.filter(({ volumeId }) => parseKeptVolume(volumeId) === undefined))
    bytes.set(total.cameraId, (bytes.get(total.cameraId) ?? 0) + total.bytes);
  const cameras = [...bytes].map(
    ([cameraId, used]) =>
      [cameraId, { maxDays: undefined, maxBytes: undefined, ...rules.get(cameraId), bytes: used }] as const,
  );
  return new Map(cameras);
}

type Planned = { readonly deletions: readonly Deletion[]; readonly held: RetentionOutcome['held'] };

/** A volume for which all that may go is not enough. */
function heldOn(
  { id, freeBytes, reserveBytes, headroomBytes }: RetentionVolume,
  deletions: readonly Deletion[],
  staying: readonly RetentionCandidate[],
): RetentionOutcome['held'] {
  const sum = (segments: readonly RetentionCandidate[]): number =>
    segments.reduce((bytes, segment) => bytes + (segment.volumeId === id ? segment.bytes : 0), 0);
  const bytes = sum(staying);
  const isShort = reserveBytes + headroomBytes - freeBytes > sum(deletions.map(({ segment }) => segment));
  return isShort && bytes > 0 ? [{ volumeId: id, bytes }] : [];
}
