/**
 * Keeps the ring short: asks every few seconds which footage of cameras that are only kept ready may go, and removes it.
 * Belongs here: when and how. Does not: which (ring.ts).
 */
import type { Catalogue } from '../archive/catalogue-types.ts';
import { seconds } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { streamKeyOf } from './cover-orders.ts';
import { secondsToMs } from './cover-types.ts';
import type { CoveredFootage, StandbyLevel } from './cover-types.ts';
import { isNeeded, trimRing } from './ring.ts';
import type { RingSegment, RingStream } from './ring.ts';

const LOOK_EVERY = seconds(5);
/** Of a stream on one volume: far more than a ring has; with more in front of it, what is new is not seen and nothing goes. */
const MAX_LOOKED_AT = 512;

export type RingServer = {
  readonly serverId: string;
  readonly cameraIds: ReadonlySet<string>;
  readonly levels: ReadonlyMap<string, StandbyLevel>;
  readonly isFrozen: (streamKey: string) => boolean;
};
export type RingKeeperDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly box: () => {
    readonly serverId: string;
    readonly hotSeconds: number;
    readonly ownCameraIds: ReadonlySet<string>;
  };
  readonly catalogue: { readonly segments: Pick<Catalogue['segments'], 'totals' | 'oldest'> };
  readonly removeSegment: (volumeId: string, path: string) => Promise<void>;
  /** Wall milliseconds; older footage is left alone. */
  readonly keptBefore: number | undefined;
  readonly covered: () => readonly CoveredFootage[];
  readonly servers: () => readonly RingServer[];
};
export type RingKeeper = Running & {
  /** The camera was protected: what is left of its ring goes. */
  readonly former: (cameraId: string) => void;
};

export function startRingKeeper(deps: RingKeeperDeps): RingKeeper {
  const { clock, log, catalogue } = deps;
  const formerIds = new Set<string>();
  let working: Promise<void> | undefined;
  let stopping = false;
  let failed = 0;

  const streams = (): readonly RingStream[] => {
    const { hotSeconds, ownCameraIds } = deps.box();
    const servers = deps.servers();
    const covered = Map.groupBy(deps.covered(), streamKeyOf);
    const totals = catalogue.segments.totals().filter(({ cameraId }) => !ownCameraIds.has(cameraId));
    return [...Map.groupBy(totals, streamKeyOf)].flatMap(([key, [total, ...others]]) => {
      if (total === undefined) return [];
      const { cameraId, stream } = total;
      const server = servers.find(({ cameraIds }) => cameraIds.has(cameraId));
      if (server === undefined && !formerIds.has(cameraId)) return [];
      const isHot = server?.levels.get(cameraId) === 'hot';
      const segments = [total, ...others].flatMap(({ volumeId }) =>
        catalogue.segments.oldest({ cameraId, stream }, volumeId, MAX_LOOKED_AT),
      );
      const ranges = rangesOf(covered.get(key) ?? []);
      const frozen = server?.isFrozen(key) ?? false;
      return [{ cameraId, stream, keepMs: isHot ? secondsToMs(hotSeconds) : 0, frozen, segments, covered: ranges }];
    });
  };
  const plan = (): readonly RingSegment[] =>
    trimRing(streams(), { ownId: deps.box().serverId, keptBefore: deps.keptBefore });
  const remove = async (segment: RingSegment): Promise<void> => {
    try {
      await deps.removeSegment(segment.volumeId, segment.path);
      failed = 0;
    } catch (error) {
      failed += 1;
      if (failed === 1) log.warn('ring could not be trimmed', { path: segment.path, reason: messageOf(error) });
    }
  };
  /** A suspicion may have come, and a cover even gone again, while the disk worked. */
  const isFootage = (segment: RingSegment): boolean => {
    const key = streamKeyOf(segment);
    const isFrozen = deps.servers().some((server) => server.cameraIds.has(segment.cameraId) && server.isFrozen(key));
    return isFrozen || isNeeded(segment, rangesOf(deps.covered().filter((one) => streamKeyOf(one) === key)));
  };
  const trim = async (): Promise<void> => {
    for (const segment of plan()) {
      if (!stopping && !isFootage(segment)) await remove(segment);
    }
  };
  const cancel = clock.every(LOOK_EVERY, () => {
    working ??= trim().finally(() => {
      working = undefined;
    });
  });
  return {
    former: (cameraId) => void formerIds.add(cameraId),
    stop: async () => {
      stopping = true;
      cancel();
      await working;
    },
  };
}

const rangesOf = (covered: readonly CoveredFootage[]): RingStream['covered'] =>
  covered.map(({ from, to }) => ({ from, to: to ?? Infinity }));
