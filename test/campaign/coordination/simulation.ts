/**
 * One seeded run: a small site, faults at random for a while, then quiet; and what must hold all along and in the end. The same seed plays
 * the same run, event for event.
 */
import { policyOf } from '../../../src/failover/machine.ts';
import { failoverSettingsSchema } from '../../../src/site/failover-settings.ts';
import { createCameras } from './cameras.ts';
import { USUAL_DELAY_MS, createEngine } from './engine.ts';
import type { Box, Engine } from './engine.ts';
import { createFailoverBox } from './failover-box.ts';
import type { FailoverBox, Site, Witness } from './failover-box.ts';
import { createGapJudge } from './gap-judge.ts';
import type { GapKind } from './gap-judge.ts';
import { createHost, createRecorder } from './other-boxes.ts';
import type { Recorder } from './other-boxes.ts';

/** Somebody else recorded the camera so shortly before a stop: age of the answer, of its newest footage, of the flush. */
const SUCCESSOR_MS = 4500;
const SAMPLE_MS = 100;
const FAULTS_MS = 40_000;
const QUIET_MS = 45_000;

export type Outcome = {
  readonly violations: readonly string[];
  /**
   * Of cameras that let in everybody: with one failure; with a second one while nobody recorded, from that and from the first on; while
   * messages were held back. Of the others.
   */
  readonly longest: Readonly<Record<GapKind, number>>;
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
    // To be cut off is a failure of its own: whoever could have said that it does not record cannot any more.
    for (const recorder of recorders)
      if (lines.some((line) => line.startsWith(`${recorder.id}>`))) engine.fails(recorder);
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
      later(3000, 6000, () => (network.maxDelay = USUAL_DELAY_MS));
    },
    () => engine.pause(box, random.int(200, 9000)),
    () => {
      const target = random.pick(recorders);
      if (target.up && !target.hung) engine.fails(target);
      target.hung = true;
      later(3000, 15_000, () => (target.hung = false));
    },
  ];
  random.pick(faults)();
}

function heal(engine: Engine, recorders: readonly Recorder[]): void {
  engine.cuts.clear();
  engine.network.loss = 0;
  engine.network.maxDelay = USUAL_DELAY_MS;
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
  const deleted: string[] = [];
  const counts = { gaveWay: 0, takeovers: 0, covers: 0, doubled: 0, samples: 0 };
  let recorders: readonly Recorder[] = [];
  let failovers: readonly FailoverBox[] = [];
  const violate = (what: string): void => {
    if (violations.length < 20) violations.push(`${(engine.now() / 1000).toFixed(2)} s: ${what}`);
  };
  const gaps = createGapJudge(engine, site, violate);
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
      gaps.left(cameraId);
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

  const sampleCamera = (cameraId: string, recorder: Recorder): void => {
    const now = engine.now();
    const covering = failovers.filter((failover) => failover.records(cameraId));
    const isHome = recorder.isRecording(cameraId);
    if (isHome) lastSeen.set(cameraId, now);
    for (const { id } of covering) lastSeen.set(`${id} ${cameraId}`, now);
    counts.samples += 1;
    const count = covering.length + (isHome ? 1 : 0);
    if (count > 1) counts.doubled += 1;
    if (count > 0) gaps.end(cameraId);
    else gaps.note(cameraId, recorder);
  };
  const sample = (): void => {
    gaps.sample(failovers);
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
      engine.onFailure((box) => gaps.failed(box, recorders, failovers));
      engine.at(SAMPLE_MS, sample);
    },
    verdict: () => {
      checkEnd();
      return {
        violations,
        longest: gaps.longest,
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
