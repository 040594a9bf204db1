/**
 * One seeded run: a small site, faults at random for a while, then quiet; and what must hold all along and in the end. The same seed plays
 * the same run, event for event.
 */
import { policyOf } from '../../../src/failover/machine.ts';
import { failoverSettingsSchema } from '../../../src/site/failover-settings.ts';
import { createCameras } from './cameras.ts';
import { createEngine } from './engine.ts';
import type { Box, Engine } from './engine.ts';
import { createFailoverBox } from './failover-box.ts';
import type { FailoverBox, Site, Witness } from './failover-box.ts';
import { createHost, createRecorder } from './other-boxes.ts';
import type { Recorder } from './other-boxes.ts';

/** A camera without anybody who records it, while a failover server is well and sees the failure. */
export const GAP_BOUND_MS = 6000;
/** With a disk that hangs, of a server that does not say so, the failure shows only after the progress suspicion. */
const HUNG_BOUND_MS = 9000;
/** A narrow camera that was just left to its server: until its next attempt, and until that server is suspected should it fail then. */
const NARROW_BOUND_MS = 9000;
/** Somebody else recorded the camera so shortly before a stop: age of the answer, of its newest footage, of the flush. */
const SUCCESSOR_MS = 4500;
const SAMPLE_MS = 250;
const FAULTS_MS = 40_000;
const QUIET_MS = 45_000;

export type Outcome = {
  readonly violations: readonly string[];
  readonly maxGapMs: number;
  /** Of the samples of cameras: recorded by more than one. */
  readonly doubled: number;
  readonly takeovers: number;
  readonly gaveWay: number;
  readonly covers: number;
  readonly deleted: number;
  readonly virtualMs: number;
};

export function simulate(seed: number): Outcome {
  const engine = createEngine(seed);
  const { random } = engine;
  const servers = new Map(
    Array.from({ length: random.int(1, 3) }, (_, index) => [
      `r${index}`,
      Array.from({ length: random.int(1, 3) }, (__, camera) => `cam-${index}-${camera}`),
    ]),
  );
  const failoverIds = Array.from({ length: random.int(1, 3) }, (_, index) => `f${index}`);
  const cameras = createCameras(engine, seed, [...servers.values()].flat());
  const site: Site = {
    servers,
    cameras,
    failoverIds,
    hostId: random.chance(0.7) ? 'host' : undefined,
    channels: random.chance(0.8) ? 128 : random.int(2, 6),
    policy: policyOf(failoverSettingsSchema.parse({ holdDownSeconds: random.int(0, 5) })),
  };
  const judge = createJudge(engine, site);
  const recorders = [...servers].map(([id, cameraIds]) =>
    createRecorder(engine, id, cameraIds, { watchers: failoverIds, cameras }),
  );
  const failovers = failoverIds.map((id) => createFailoverBox(engine, id, site, judge.witness));
  const host = site.hostId === undefined ? [] : [createHost(engine, site.hostId)];
  for (const box of host) box.onIssued(judge.issued);
  for (const box of [...host, ...recorders, ...failovers]) engine.add(box);
  judge.watch(recorders, failovers);
  scheduleFaults(engine, [...host, ...recorders, ...failovers], recorders);
  engine.runUntil(FAULTS_MS);
  heal(engine, recorders);
  engine.runUntil(FAULTS_MS + QUIET_MS);
  return judge.verdict();
}

function scheduleFaults(engine: Engine, boxes: readonly Box[], recorders: readonly Recorder[]): void {
  const { random } = engine;
  for (let time = 6000; time < FAULTS_MS; time += random.int(500, 6000))
    engine.at(time, () => fault(engine, boxes, recorders));
}

function fault(engine: Engine, boxes: readonly Box[], recorders: readonly Recorder[]): void {
  const { random, network } = engine;
  const box = random.pick(boxes);
  const later = (from: number, to: number, run: () => void): void =>
    engine.at(engine.now() + random.int(from, to), run);
  const down = (target: Box, from: number, to: number): void => {
    engine.crash(target, random.pick(['kill', 'power']));
    const { run } = target;
    later(from, to, () => (target.run === run ? engine.restart(target) : undefined));
  };
  const cutAll = (isOneWay: boolean): void => {
    const side = new Set(boxes.filter(() => random.chance(0.5)).map(({ id }) => id));
    const lines = boxes.flatMap((a) =>
      boxes
        .filter((b) => side.has(a.id) !== side.has(b.id) && (!isOneWay || random.chance(0.5)))
        .map((b) => `${a.id}>${b.id}`),
    );
    for (const line of lines) engine.cuts.add(line);
    later(500, 15_000, () => lines.forEach((line) => engine.cuts.delete(line)));
  };
  const faults: readonly (() => void)[] = [
    () => down(box, 500, 20_000),
    () => down(random.pick(recorders), 8000, 25_000),
    () => down(random.pick(recorders), 300, 3000),
    () => cutAll(false),
    () => cutAll(true),
    () => {
      network.loss = random.next() * 0.3;
      later(3000, 6000, () => (network.loss = 0));
    },
    () => {
      network.maxDelay = random.int(50, 1500);
      later(3000, 6000, () => (network.maxDelay = 15));
    },
    () => engine.pause(box, random.int(200, 9000)),
    () => {
      const target = random.pick(recorders);
      target.hung = true;
      later(3000, 15_000, () => (target.hung = false));
    },
  ];
  random.pick(faults)();
}

function heal(engine: Engine, recorders: readonly Recorder[]): void {
  engine.cuts.clear();
  engine.network.loss = 0;
  engine.network.maxDelay = 15;
  for (const recorder of recorders) recorder.hung = false;
  for (const box of engine.boxes.values()) engine.restart(box);
}

type Judge = {
  readonly witness: Witness;
  readonly issued: (key: string, epoch: number, to: string) => void;
  readonly watch: (recorders: readonly Recorder[], failovers: readonly FailoverBox[]) => void;
  readonly verdict: () => Outcome;
};

function createJudge(engine: Engine, site: Site): Judge {
  const violations: string[] = [];
  const owners = new Map<string, string>();
  const epochs = new Map<string, number>();
  const lastSeen = new Map<string, number>();
  /** `hung`: somewhere in it the disk of its server hung, and nobody said so. */
  const gaps = new Map<string, { readonly since: number; readonly hung: boolean }>();
  const wellSince = new Map<string, number>();
  const deleted: string[] = [];
  const leftAt = new Map<string, number>();
  const counts = { gaveWay: 0, takeovers: 0, covers: 0, doubled: 0, samples: 0 };
  let maxGapMs = 0;
  let recorders: readonly Recorder[] = [];
  let failovers: readonly FailoverBox[] = [];
  const violate = (what: string): void => {
    if (violations.length < 20) violations.push(`${(engine.now() / 1000).toFixed(2)} s: ${what}`);
  };
  const serverOf = (cameraId: string): Recorder | undefined =>
    recorders.find(({ cameraIds }) => cameraIds.includes(cameraId));

  const witness: Witness = {
    recording: (by, cameraId, epoch) => {
      counts.covers += 1;
      const owner = owners.get(`${cameraId}#${epoch}`) ?? by;
      owners.set(`${cameraId}#${epoch}`, by);
      if (owner !== by) violate(`${cameraId} is owned by ${owner} and ${by} in epoch ${epoch}`);
      if (epoch < (epochs.get(`${by} ${cameraId}`) ?? 0)) violate(`${by} went back to epoch ${epoch} of ${cameraId}`);
      epochs.set(`${by} ${cameraId}`, epoch);
    },
    stopped: (by, cameraId, to) => {
      const others = [cameraId, ...site.failoverIds.filter((id) => id !== by).map((id) => `${id} ${cameraId}`)];
      const latest = Math.max(...others.map((key) => lastSeen.get(key) ?? -Infinity));
      if (engine.now() - latest > SUCCESSOR_MS)
        violate(`${by} stopped ${cameraId} (${to ?? 'released'}) and nobody else had recorded it`);
    },
    gaveWay: (by, cameraId) => {
      counts.gaveWay += 1;
      leftAt.set(cameraId, engine.now());
      if (!site.cameras.isNarrow(cameraId)) violate(`${by} left ${cameraId}, which has room for everybody`);
      if (serverOf(cameraId)?.isRecording(cameraId) === true)
        violate(`${by} left ${cameraId}, which its server records`);
    },
    deleted: (by, second) => {
      deleted.push(second);
      if (serverOf(second.slice(0, second.indexOf('@')))?.footage.isDurable(second) !== true)
        violate(`${by} deleted ${second}, which is not durable at its server`);
    },
    takeover: () => {
      counts.takeovers += 1;
    },
  };

  const boundOf = (cameraId: string, hung: boolean): number => {
    if (hung) return HUNG_BOUND_MS;
    const wasLeft = engine.now() - (leftAt.get(cameraId) ?? -Infinity) <= NARROW_BOUND_MS;
    return wasLeft ? NARROW_BOUND_MS : GAP_BOUND_MS;
  };
  const noteGap = (cameraId: string, recorder: Recorder): void => {
    const now = engine.now();
    const gap = gaps.get(cameraId);
    const hung = (recorder.hung && !recorder.tellsOfHanging) || gap?.hung === true;
    const since = gap?.since ?? now;
    gaps.set(cameraId, { since, hung });
    // Whoever has the only session does not record, being paused or hung: nobody else can.
    if (site.cameras.holder(cameraId) !== undefined) return void gaps.delete(cameraId);
    const bound = boundOf(cameraId, hung);
    const couldRecord = failovers.some(
      (failover) => now - (wellSince.get(failover.id) ?? now) > bound && failover.held() < site.channels,
    );
    if (!couldRecord) return;
    if (!hung) maxGapMs = Math.max(maxGapMs, now - since);
    if (now - since <= bound) return;
    violate(`${cameraId} was recorded by nobody for ${((now - since) / 1000).toFixed(1)} s`);
    gaps.set(cameraId, { since: now, hung });
  };

  const sampleCamera = (cameraId: string, recorder: Recorder): void => {
    const now = engine.now();
    const covering = failovers.filter((failover) => failover.records(cameraId));
    const isHome = recorder.isRecording(cameraId);
    if (isHome) lastSeen.set(cameraId, now);
    for (const { id } of covering) lastSeen.set(`${id} ${cameraId}`, now);
    counts.samples += 1;
    const count = covering.length + (isHome ? 1 : 0);
    if (count > 1) counts.doubled += 1;
    if (count > 0) return void gaps.delete(cameraId);
    noteGap(cameraId, recorder);
  };
  const sample = (): void => {
    for (const failover of failovers) {
      const isWell = failover.up && !engine.isPaused(failover);
      if (!isWell) wellSince.delete(failover.id);
      else if (!wellSince.has(failover.id)) wellSince.set(failover.id, engine.now());
    }
    for (const recorder of recorders) for (const cameraId of recorder.cameraIds) sampleCamera(cameraId, recorder);
    engine.at(engine.now() + SAMPLE_MS, sample);
  };

  const checkHome = (recorder: Recorder, cameraId: string): void => {
    const held = failovers.filter((failover) => failover.holds(cameraId)).map(({ id }) => id);
    if (!recorder.isRecording(cameraId) || held.length > 0) violate(`${cameraId} did not go home: ${held.join(' ')}`);
  };
  const isFinished = (failover: FailoverBox, recorder: Recorder): boolean => {
    const state = failover.stateOf(recorder.id);
    if (state === undefined) return false;
    return state.takeover === undefined && state.incident === undefined && state.restoring.length === 0;
  };
  const checkEnd = (): void => {
    for (const recorder of recorders) {
      for (const cameraId of recorder.cameraIds) checkHome(recorder, cameraId);
      for (const failover of failovers)
        if (!isFinished(failover, recorder)) violate(`${failover.id} has not finished with ${recorder.id}`);
    }
    for (const failover of failovers) {
      const left = failover.footage.durable().length;
      if (left > 0) violate(`${failover.id} kept ${left} seconds of footage`);
    }
    for (const second of deleted)
      if (serverOf(second.slice(0, second.indexOf('@')))?.footage.isDurable(second) !== true)
        violate(`${second} was deleted and is lost`);
  };
  return {
    witness,
    issued: (key, epoch, to) => {
      const name = `${key}#${epoch}`;
      if (owners.has(name)) violate(`the host issued epoch ${epoch} of ${key} to ${owners.get(name)} and to ${to}`);
      owners.set(name, to);
    },
    watch: (recording, covering) => {
      recorders = recording;
      failovers = covering;
      engine.at(SAMPLE_MS, sample);
    },
    verdict: () => {
      checkEnd();
      return {
        violations,
        maxGapMs,
        doubled: counts.doubled / Math.max(1, counts.samples),
        takeovers: counts.takeovers,
        gaveWay: counts.gaveWay,
        covers: counts.covers,
        deleted: deleted.length,
        virtualMs: engine.now(),
      };
    },
  };
}
