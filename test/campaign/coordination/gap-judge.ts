/**
 * Judges how long a camera of the simulation is recorded by nobody while a failover server is well, and sorts that by what happened meanwhile.
 *
 * Belongs here: those times and their bounds. Does not: what else must hold (simulation.ts).
 */
import { USUAL_DELAY_MS } from './engine.ts';
import type { Box, Engine } from './engine.ts';
import type { FailoverBox, Site } from './failover-box.ts';
import type { Recorder } from './other-boxes.ts';

/**
 * Since the last failure of a server that recorded the camera or was to: whoever can record it has to miss that one first. As much longer
 * as the network held the last sign of life back, and by a second for each keep-alive that it lost: the next one says the same.
 */
const FAILURE_BOUND_MS = 3000;
const KEEP_ALIVE_MS = 1000;
/** From the first of several failures on, whatever happens. */
const GAP_BOUND_MS = 6000;
/** With a disk that hangs, of a server that does not say so, the failure shows only after the progress suspicion. */
const HUNG_BOUND_MS = 9000;
/** A narrow camera that was just left to its server: until its next attempt, and until that server is suspected should it fail then. */
const NARROW_BOUND_MS = 9000;
/** What was sent while the network was slow has come after so long. */
const SLOW_FOR_MS = 1500;

/**
 * Cameras that let in everybody: one failure; a second one while nobody recorded, from that on and from the first on; messages were held
 * back. And the other cameras.
 */
const GAP_KINDS = ['single', 'second', 'both', 'slow', 'oneSession'] as const;
export type GapKind = (typeof GAP_KINDS)[number];

/** `hung`: somewhere in it the disk of its server hung, and nobody said so. */
type Gap = {
  readonly since: number;
  readonly hung: boolean;
  readonly recorderId: string;
  /** Keep-alives of its server that the network lost meanwhile, by who was to hear them. */
  readonly lost: Map<string, number>;
};
export type GapJudge = {
  /** Of the gaps of each kind the longest, in milliseconds. */
  readonly longest: Readonly<Record<GapKind, number>>;
  /** Before cameras are looked at. */
  readonly sample: (failovers: readonly FailoverBox[]) => void;
  /** Nobody records it now. */
  readonly note: (cameraId: string, recorder: Recorder) => void;
  /** Somebody does. */
  readonly end: (cameraId: string) => void;
  /** It was left to its own server. */
  readonly left: (cameraId: string) => void;
  readonly failed: (box: Box, recorders: readonly Recorder[], failovers: readonly FailoverBox[]) => void;
};

export function createGapJudge(engine: Engine, site: Site, violate: (what: string) => void): GapJudge {
  const gaps = new Map<string, Gap>();
  const failedAt = new Map<string, number>();
  const leftAt = new Map<string, number>();
  const wellSince = new Map<string, number>();
  const longest: Record<GapKind, number> = { single: 0, second: 0, both: 0, slow: 0, oneSession: 0 };
  /** When the network last held messages back for long, and for how long at most. */
  let slow = { at: -Infinity, ms: 0 };
  let failovers: readonly FailoverBox[] = [];

  const boundOf = (cameraId: string, hung: boolean): number => {
    if (hung) return HUNG_BOUND_MS;
    const wasLeft = engine.now() - (leftAt.get(cameraId) ?? -Infinity) <= NARROW_BOUND_MS;
    return wasLeft ? NARROW_BOUND_MS : GAP_BOUND_MS;
  };
  const couldRecord = (bound: number): boolean =>
    failovers.some(
      ({ id, held }) => engine.now() - (wellSince.get(id) ?? engine.now()) > bound && held() < site.channels,
    );
  const lengthen = (kind: GapKind, ms: number): void => void (longest[kind] = Math.max(longest[kind], ms));
  engine.onLoss((from, to, { kind }) => {
    if (kind !== 'keep-alive') return;
    for (const { recorderId, lost } of gaps.values()) if (recorderId === from) lost.set(to, (lost.get(to) ?? 0) + 1);
  });
  const judgeFailure = (cameraId: string, { since, lost }: Gap): void => {
    const whole = engine.now() - since;
    if (site.cameras.isNarrow(cameraId)) return lengthen('oneSession', whole);
    const last = engine.now() - Math.max(since, failedAt.get(cameraId) ?? since);
    const delayed = since - slow.at <= SLOW_FOR_MS ? slow.ms : 0;
    const heldBack = delayed + KEEP_ALIVE_MS * Math.max(0, ...lost.values());
    if (last > FAILURE_BOUND_MS + heldBack)
      violate(`${cameraId} was recorded by nobody for ${(last / 1000).toFixed(1)} s after the last failure`);
    if (heldBack > 0) return lengthen('slow', whole);
    if (whole === last) return lengthen('single', whole);
    lengthen('second', last);
    lengthen('both', whole);
  };
  return {
    longest,
    sample: (all) => {
      failovers = all;
      const { maxDelay } = engine.network;
      if (maxDelay > USUAL_DELAY_MS) slow = { at: engine.now(), ms: maxDelay };
      for (const failover of all) {
        const isWell = failover.up && !engine.isPaused(failover);
        if (!isWell) wellSince.delete(failover.id);
        else if (!wellSince.has(failover.id)) wellSince.set(failover.id, engine.now());
      }
    },
    note: (cameraId, recorder) => {
      const now = engine.now();
      const gap = gaps.get(cameraId);
      const hung = (recorder.hung && !recorder.tellsOfHanging) || gap?.hung === true;
      const { since, lost } = gap ?? { since: now, lost: new Map<string, number>() };
      const next = { since, hung, recorderId: recorder.id, lost };
      gaps.set(cameraId, next);
      // Whoever has the only session does not record, being paused or hung: nobody else can.
      if (site.cameras.holder(cameraId) !== undefined) {
        gaps.delete(cameraId);
        return;
      }
      const bound = boundOf(cameraId, hung);
      if (!couldRecord(bound)) return;
      if (!hung) judgeFailure(cameraId, next);
      if (now - since <= bound) return;
      violate(`${cameraId} was recorded by nobody for ${((now - since) / 1000).toFixed(1)} s`);
      gaps.set(cameraId, { ...next, since: now });
    },
    end: (cameraId) => void gaps.delete(cameraId),
    left: (cameraId) => void leftAt.set(cameraId, engine.now()),
    // A second failure: of who has the camera while nobody records it, or could be the one who takes it; also of its own server, when that
    // takes away the sign by which the first would have shown (its disk hangs, and before it tells it loses power).
    failed: (box, recorders, all) => {
      const failover = all.find(({ id }) => id === box.id);
      for (const recorder of recorders)
        for (const cameraId of recorder.cameraIds) {
          const recording = [
            ...(recorder.isRecording(cameraId) ? [recorder.id] : []),
            ...all.filter((other) => other.records(cameraId)).map(({ id }) => id),
          ];
          // Also for less than a look: a gap ends with it, and another one begins with its failure.
          if (recording.length > 0) gaps.delete(cameraId);
          if (recording.length > 0) continue;
          const concerns =
            failover === undefined
              ? box.id === recorder.id && !engine.isPaused(box)
              : failover.holds(cameraId) || !all.some((other) => other.holds(cameraId));
          if (concerns) failedAt.set(cameraId, engine.now());
        }
    },
  };
}
