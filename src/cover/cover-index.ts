/**
 * The index of covered footage and the standby levels in `settings/covers.json`: what a restart resumes and what restoration gives back.
 *
 * Belongs here: what it holds and when it is written. Does not: orders (cover-orders.ts). Covering never waits for it: a value
 * in memory counts at once and becomes durable behind it.
 */
import { createId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import { streamKeyOf } from './cover-orders.ts';
import { MAX_COVERED } from './cover-types.ts';
import type { CoveredFootage, CoversFile, StandbyCamera, StreamRef } from './cover-types.ts';

export type CoverIndex = {
  readonly covered: () => readonly CoveredFootage[];
  readonly standby: () => CoversFile['standby'];
  readonly setStandby: (serverId: string, cameras: readonly StandbyCamera[]) => void;
  /** A cover that goes on gets the epoch and the earlier start. */
  readonly begin: (
    cover: StreamRef & { readonly serverId: string; readonly epoch: number; readonly from: number },
  ) => void;
  readonly end: (serverId: string, streams: readonly StreamRef[] | undefined, at: number) => void;
  readonly settle: (ids: readonly string[]) => Promise<void>;
  /** Their footage stays here under ordinary retention. */
  readonly keep: (ids: readonly string[]) => Promise<void>;
  /** What was recorded before may be covered footage that the index does not know. */
  readonly keptBefore: () => number | undefined;
  /** Resolves when everything so far is durable, or could not be written. */
  readonly saved: () => Promise<void>;
};

type Covered = CoversFile['covered'][number];

/** `lostAt`: the file was lost before this start, at this wall time. */
// oxlint-disable-next-line max-lines-per-function -- one closure over what is kept
export function createCoverIndex(
  file: Pick<SettingsFile<CoversFile>, 'get' | 'update'>,
  log: Log,
  lostAt?: number,
): CoverIndex {
  let current: CoversFile = file.get();
  let saving: Promise<void> = Promise.resolve();
  let queued = false;
  const write = async (before: Promise<void>): Promise<void> => {
    await before;
    queued = false;
    try {
      await file.update(() => current);
    } catch (error) {
      // A full system disk must not keep a camera from being covered; the next change tries again.
      log.error('covers cannot be kept on disk', { error });
    }
  };
  const save = (): void => {
    if (queued) return;
    queued = true;
    saving = write(saving);
  };
  const set = (next: Partial<CoversFile>): void => {
    current = { ...current, ...next };
    save();
  };
  // Over the next restarts too: what the index does not know is not known by then either.
  if (lostAt !== undefined) set({ keptBefore: lostAt });
  return {
    covered: () => current.covered.map((cover) => ({ ...cover, to: cover.to, kept: cover.kept ?? false })),
    standby: () => current.standby,
    setStandby: (serverId, cameras) => {
      const before = current.standby.find((one) => one.serverId === serverId)?.cameras ?? [];
      if (JSON.stringify(before) === JSON.stringify(cameras)) return;
      const others = current.standby.filter((one) => one.serverId !== serverId);
      set({ standby: cameras.length === 0 ? others : [...others, { serverId, cameras: [...cameras] }] });
    },
    begin: ({ serverId, cameraId, stream, epoch, from }) => {
      const isSame = (one: Covered): boolean =>
        one.to === undefined && one.serverId === serverId && one.cameraId === cameraId && one.stream === stream;
      const known = current.covered.find(isSame);
      if (known?.epoch === epoch && known.from <= from) return;
      const next = { id: known?.id ?? createId('cover'), serverId, cameraId, stream, epoch, from };
      if (known === undefined) return set({ covered: bounded([...current.covered, next], log) });
      const earliest = { ...next, from: Math.min(known.from, from) };
      set({ covered: current.covered.map((one) => (one === known ? earliest : one)) });
    },
    end: (serverId, streams, at) => {
      const keys = streams === undefined ? undefined : new Set(streams.map(streamKeyOf));
      const ends = (one: Covered): boolean =>
        one.to === undefined && one.serverId === serverId && (keys === undefined || keys.has(streamKeyOf(one)));
      if (!current.covered.some(ends)) return;
      // The clock may have been set back.
      set({ covered: current.covered.map((one) => (ends(one) ? { ...one, to: Math.max(at, one.from) } : one)) });
    },
    settle: async (ids) => {
      const gone = new Set(ids);
      const left = current.covered.filter(({ id, to }) => to === undefined || !gone.has(id));
      if (left.length !== current.covered.length) set({ covered: left });
      await saving;
    },
    keep: async (ids) => {
      const stays = (one: Covered): boolean => one.to !== undefined && one.kept !== true && ids.includes(one.id);
      if (current.covered.some(stays))
        set({ covered: current.covered.map((one) => (stays(one) ? { ...one, kept: true } : one)) });
      await saving;
    },
    keptBefore: () => current.keptBefore,
    saved: () => saving,
  };
}

/** Never at the cost of footage, as long as two covers of one stream can be told as one. */
function bounded(covered: readonly Covered[], log: Log): Covered[] {
  if (covered.length <= MAX_COVERED) return [...covered];
  const joined = withTwoJoined(covered);
  if (joined !== undefined) return joined;
  const oldest = covered.findIndex(({ to }) => to !== undefined);
  log.error('covered footage is forgotten, there is too much of it', { forgotten: covered[oldest] });
  return covered.filter((_, index) => index !== oldest);
}

/** The two oldest closed ones of a stream. The new id is in no restoration: the end of one of the two must not settle both. */
function withTwoJoined(covered: readonly Covered[]): Covered[] | undefined {
  const firsts = new Map<string, Covered>();
  for (const second of covered) {
    if (second.to === undefined) continue;
    const { serverId, cameraId, stream, kept = false } = second;
    const key = `${serverId}/${cameraId}/${stream}/${kept}`;
    const first = firsts.get(key);
    firsts.set(key, first ?? second);
    if (first === undefined) continue;
    const from = Math.min(first.from, second.from);
    const to = Math.max(first.to ?? first.from, second.to);
    const both: Covered = { ...second, id: createId('cover'), from, to };
    return covered.filter((one) => one !== first).map((one) => (one === second ? both : one));
  }
  return undefined;
}
