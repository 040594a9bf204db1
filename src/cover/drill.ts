/**
 * Drills: rehearses covering a server without touching it. Every camera of it is recorded for real into the ring, by its standby
 * level, until the first key frame is durable; the seconds are kept with their history (product B16). What was recorded is no
 * footage and no gap: it goes with the ring.
 *
 * Belongs here: running and remembering them. Does not: the orders (cover.ts, `rehearse`).
 */
import { z } from 'zod';
import { seconds } from '../core/clock.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import { standbyLevelSchema } from '../site/camera.ts';
import type { FragmentReport } from '../wire/media-protocol.ts';
import type { CoverService, RehearsedStream } from './cover-service.ts';
import { streamKeyOf } from './cover-orders.ts';

/** A camera that has shown nothing for so long would not have helped. */
export const DRILL_LIMIT = seconds(30);
export const MAX_DRILLS = 100;
const LOOK_EVERY = seconds(1);
const SCHEDULE_EVERY = seconds(3600);

const drillSchema = z.strictObject({
  id: z.string().max(64),
  serverId: z.string().max(64),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  /** A user, or `schedule`. */
  by: z.string().max(256),
  cameras: z
    .array(
      z.strictObject({
        cameraId: z.string().max(64),
        level: standbyLevelSchema,
        /** From the start to the first durable key frame; 0 for a hot camera that is in the ring. */
        firstFrameMs: z.number().optional(),
        problem: z.string().max(1000).optional(),
      }),
    )
    .max(128),
});
export const drillsFileSchema = z.strictObject({ drills: z.array(drillSchema).max(MAX_DRILLS) });
export type Drill = z.infer<typeof drillSchema>;
export type DrillsFile = z.infer<typeof drillsFileSchema>;
export const NO_DRILLS: DrillsFile = { drills: [] };

export type DrillDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly cover: Pick<CoverService, 'rehearse' | 'onFragment' | 'progress' | 'problemOfStream'>;
  /** `settings/drills.json` with `drillsFileSchema`. */
  readonly file: Pick<SettingsFile<DrillsFile>, 'get' | 'update'>;
  readonly servers: () => readonly string[];
  /** `failover.drillDays`; 0: never by itself. */
  readonly everyDays: () => number;
  readonly ended: (drill: Drill) => void;
};
export type Drills = Running & {
  /** @throws UnderstudyError `drill/running`, `drill/not-now` */
  readonly start: (serverId: string, by: string) => Drill;
  /** The newest first, one that runs among them. */
  readonly list: () => readonly Drill[];
};

type Run = {
  drill: Drill;
  readonly began: number;
  readonly waiting: Map<string, RehearsedStream>;
  readonly cancel: Cancel;
};

// oxlint-disable-next-line max-lines-per-function -- one closure over the drill that runs
export function startDrills(deps: DrillDeps): Drills {
  const { clock, cover } = deps;
  let run: Run | undefined;
  let saving: Promise<void> = Promise.resolve();

  const setCamera = (cameraId: string, result: Partial<Drill['cameras'][number]>): void => {
    if (run === undefined) return;
    const cameras = run.drill.cameras.map((one) => (one.cameraId === cameraId ? { ...one, ...result } : one));
    run.drill = { ...run.drill, cameras };
  };
  const end = (problemOf: (stream: RehearsedStream) => string): void => {
    if (run === undefined) return;
    for (const stream of run.waiting.values()) setCamera(stream.cameraId, { problem: problemOf(stream) });
    const drill = { ...run.drill, endedAt: clock.now() };
    run.cancel();
    run = undefined;
    cover.rehearse(drill.serverId, false);
    saving = save(drill, saving);
    deps.ended(drill);
  };
  const save = async (drill: Drill, before: Promise<void>): Promise<void> => {
    await before;
    try {
      await deps.file.update(({ drills }) => ({ drills: [drill, ...drills].slice(0, MAX_DRILLS) }));
    } catch (error) {
      deps.log.error('a drill cannot be kept on disk', { error });
    }
  };
  const sawFragment = (fragment: FragmentReport): void => {
    if (run === undefined || !fragment.key || !run.waiting.delete(streamKeyOf(fragment))) return;
    setCamera(fragment.cameraId, { firstFrameMs: Math.round(clock.monotonic() - run.began) });
    // After the reports of this batch: others may have come with it.
    if (run.waiting.size === 0) end(() => '');
  };
  const look = (): void => {
    if (run === undefined) return;
    const { serverId } = run.drill;
    if (cover.progress(() => 'covering').some((one) => one.serverId === serverId)) return end(() => INTERRUPTED);
    if (clock.monotonic() - run.began < DRILL_LIMIT) return;
    end((stream) => cover.problemOfStream(stream) ?? TOO_LATE);
  };
  const begin = (serverId: string, by: string): Drill => {
    const streams = cover.rehearse(serverId, true).filter(isMeasured);
    if (streams.length === 0) {
      const message =
        'Nothing of this server can be rehearsed now: it is covered, suspected, or has no camera to record.';
      throw new UnderstudyError('conflict', 'drill/not-now', message);
    }
    const cameras = streams.map(({ cameraId, level, alive, problem }) => ({
      cameraId,
      level,
      ...(alive ? { firstFrameMs: 0 } : {}),
      ...(problem === undefined ? {} : { problem }),
    }));
    const drill: Drill = { id: createId('drill'), serverId, startedAt: clock.now(), by, cameras };
    const open = streams.filter(({ alive, problem }) => !alive && problem === undefined);
    const waiting = new Map(open.map((stream) => [streamKeyOf(stream), stream]));
    const stopListening = cover.onFragment(sawFragment);
    const stopLooking = clock.every(LOOK_EVERY, look);
    const cancel = (): void => {
      stopListening();
      stopLooking();
    };
    run = { drill, began: clock.monotonic(), waiting, cancel };
    if (waiting.size === 0) end(() => '');
    return run?.drill ?? { ...drill, endedAt: clock.now() };
  };
  const start = (serverId: string, by: string): Drill => {
    if (run === undefined) return begin(serverId, by);
    throw new UnderstudyError('conflict', 'drill/running', 'A drill runs already; it takes half a minute at most.');
  };
  const schedule = (): void => {
    const period = deps.everyDays() * 86_400_000;
    if (period === 0 || run !== undefined) return;
    const isDue = (serverId: string): boolean => {
      const last = deps.file.get().drills.find((drill) => drill.serverId === serverId);
      return last === undefined || Math.abs(clock.now() - last.startedAt) >= period;
    };
    const serverId = deps.servers().find(isDue);
    if (serverId === undefined) return;
    try {
      start(serverId, 'schedule');
    } catch (error) {
      // Covered or suspected just now: in an hour again.
      if (!(error instanceof UnderstudyError)) throw error;
    }
  };
  const cancelSchedule = clock.every(SCHEDULE_EVERY, schedule);
  return {
    start,
    list: () => (run === undefined ? deps.file.get().drills : [run.drill, ...deps.file.get().drills]),
    stop: async () => {
      cancelSchedule();
      end(() => INTERRUPTED);
      await saving;
    },
  };
}

/** One result a camera: of its main stream, or of the sub stream if only that is recorded. */
const isMeasured = ({ cameraId, stream }: RehearsedStream, _: number, all: readonly RehearsedStream[]): boolean =>
  stream === 'main' || !all.some((other) => other.cameraId === cameraId && other.stream === 'main');

const INTERRUPTED = 'The drill was interrupted: the server had to be covered, or this one was stopped.';
const TOO_LATE = `No key frame was durable within ${DRILL_LIMIT / 1000} s.`;
