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
  /** Resolves when everything so far is durable, or could not be written. */
  readonly saved: () => Promise<void>;
};

export function createCoverIndex(file: Pick<SettingsFile<CoversFile>, 'get' | 'update'>, log: Log): CoverIndex {
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
  return {
    covered: () => current.covered.map((cover) => ({ ...cover, to: cover.to })),
    standby: () => current.standby,
    setStandby: (serverId, cameras) => {
      const before = current.standby.find((one) => one.serverId === serverId)?.cameras ?? [];
      if (JSON.stringify(before) === JSON.stringify(cameras)) return;
      const others = current.standby.filter((one) => one.serverId !== serverId);
      set({ standby: cameras.length === 0 ? others : [...others, { serverId, cameras: [...cameras] }] });
    },
    begin: ({ serverId, cameraId, stream, epoch, from }) => {
      const isSame = (one: CoversFile['covered'][number]): boolean =>
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
      const ends = (one: CoversFile['covered'][number]): boolean =>
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
    saved: () => saving,
  };
}

function bounded(covered: CoversFile['covered'], log: Log): CoversFile['covered'] {
  if (covered.length <= MAX_COVERED) return covered;
  const oldest = covered.findIndex(({ to }) => to !== undefined);
  log.warn('covered footage is forgotten, there is too much of it', { forgotten: covered[oldest] });
  return covered.filter((_, index) => index !== oldest);
}
