/**
 * The recording server and the host of the simulation. The recording server is a model (its real parts are tested elsewhere): it records,
 * answers questions and takes footage back. The host is the real arbiter core on a simulated disk.
 */
import { WAITING_AFTER_MS } from '../../../src/archive/disk-pulse.ts';
import { createArbiterCore } from '../../../src/coordination/arbiter-core.ts';
import type { ArbiterCore, ArbiterRecord } from '../../../src/coordination/arbiter-core.ts';
import { monotonicMs } from '../../../src/core/units.ts';
import { backoffOf } from '../../../src/recorder/backoff.ts';
import { homeEpoch } from '../../../src/failover/epochs.ts';
import type { HandoverConfirmation } from '../../../src/failover/machine-types.ts';
import type { StreamProgress } from '../../../src/wire/peer-protocol.ts';
import type { Cameras } from './cameras.ts';
import { createFootage } from './engine.ts';
import type { Box, Engine, Footage } from './engine.ts';
import type { SimMessage } from './messages.ts';

export const secondOf = (cameraId: string, now: number): string => `${cameraId}@${Math.floor(now / 1000)}`;
const CONNECT_MS = 600;
const FLUSH_MS = 300;

export type Recorder = Box & {
  readonly cameraIds: readonly string[];
  readonly footage: Footage;
  /** Its disk takes no more bytes, and it goes on talking. */
  hung: boolean;
  /** It says so when its disk hangs (archive/disk-pulse.ts); of others only missing progress tells. */
  readonly tellsOfHanging: boolean;
  readonly isRecording: (cameraId: string) => boolean;
};

export function createRecorder(
  engine: Engine,
  id: string,
  cameraIds: readonly string[],
  { watchers, cameras }: { readonly watchers: readonly string[]; readonly cameras: Cameras },
): Recorder {
  const footage = createFootage();
  const runs = new Map<string, { readonly since: number; until: number }>();
  /** Cameras that had no session at the last attempt. */
  const refused = new Set<string>();
  let epoch = 1;
  /** Its disk has not come back from a call for so long that it is told. */
  let waiting = false;
  const box: Recorder = {
    id,
    cameraIds,
    footage,
    up: true,
    run: 1,
    pausedUntil: 0,
    inbox: [],
    rate: 1 + (engine.random.next() - 0.5) * 0.02,
    hung: false,
    tellsOfHanging: engine.random.chance(0.5),
    isRecording: (cameraId) => box.up && runs.has(cameraId) && !box.hung && !engine.isPaused(box),
    start: () => {
      runs.clear();
      refused.clear();
      waiting = false;
      for (const cameraId of cameraIds) engine.after(box, CONNECT_MS, () => connect(cameraId));
      engine.every(box, 250, () => tell({ kind: 'beat', run: `${box.run}` }));
      engine.every(box, 1000, keepAlive);
      engine.every(box, 500, record);
    },
    stop: (how) => {
      for (const cameraId of runs.keys()) cameras.leave(cameraId, id, how);
      runs.clear();
      refused.clear();
      box.hung = false;
      if (how === 'power') footage.drop();
    },
    receive: (from, message) => receive(from, message as SimMessage),
  };
  const tell = (message: SimMessage): void => {
    for (const watcher of watchers) engine.send(id, watcher, message);
  };
  const connect = (cameraId: string, failures = 0): void => {
    if (cameras.take(cameraId, id)) {
      refused.delete(cameraId);
      runs.set(cameraId, { since: engine.now(), until: engine.now() });
      return;
    }
    refused.add(cameraId);
    const wait = backoffOf(failures + 1, 'no-room', engine.random.next());
    engine.after(box, wait, () => connect(cameraId, failures + 1));
  };
  const idleMs = (until: number): number => (engine.now() - until) * box.rate;
  const progressOf = (cameraId: string): StreamProgress => {
    const run = runs.get(cameraId);
    const ref = { cameraId, stream: 'main' } as const;
    if (run === undefined) {
      const said = refused.has(cameraId)
        ? ({ state: 'failed', cause: 'camera-refused' } as const)
        : ({ state: 'waiting', cause: undefined } as const);
      return { ...ref, ...said, durableUntil: undefined, idleMs: undefined };
    }
    const said = waiting
      ? ({ state: 'failed', cause: 'volume-error' } as const)
      : ({ state: 'recording', cause: undefined } as const);
    return { ...ref, ...said, durableUntil: run.until, idleMs: idleMs(run.until) };
  };
  const keepAlive = (): void =>
    tell({
      kind: 'keep-alive',
      run: `${box.run}`,
      media: 'up',
      epoch,
      streams: cameraIds.map(progressOf),
    });
  const hang = (): void => {
    if (!box.tellsOfHanging || waiting) return;
    engine.after(box, WAITING_AFTER_MS, () => {
      if (!box.hung || waiting) return;
      waiting = true;
      keepAlive();
    });
  };
  const record = (): void => {
    if (box.hung) hang();
    else waiting = false;
    if (runs.size === 0 || box.hung) return;
    for (const cameraId of runs.keys()) footage.write(secondOf(cameraId, engine.now()));
    const written = [...runs.values()];
    engine.after(box, FLUSH_MS, () => {
      if (box.hung) return;
      footage.flush();
      for (const run of written) run.until = engine.now();
    });
  };
  const rows = (asked: readonly string[]): readonly HandoverConfirmation[] =>
    asked.flatMap((cameraId) => {
      const run = runs.get(cameraId);
      if (run === undefined) return [];
      return [{ cameraId, stream: 'main', ...run, idleMs: idleMs(run.until), epoch }];
    });
  const receive = (from: string, message: SimMessage): void => {
    if (message.kind === 'confirm')
      engine.send(id, from, {
        kind: 'confirmed',
        ask: message.ask,
        streams: rows(message.cameraIds),
        noRoom: message.cameraIds
          .filter((cameraId) => refused.has(cameraId))
          .map((cameraId) => ({ cameraId, stream: 'main' })),
      } as SimMessage);
    if (message.kind === 'epoch' && message.epoch > epoch) epoch = homeEpoch(message.epoch);
    if (message.kind === 'footage') insert(from, message.seconds);
  };
  const insert = (from: string, seconds: readonly string[]): void => {
    if (box.hung) return;
    for (const second of seconds) footage.write(second);
    engine.after(box, 60, () => {
      footage.flush();
      acknowledge(from, seconds);
    });
  };
  const acknowledge = (to: string, seconds: readonly string[]): void => {
    const receipts = seconds.map((second) => ({ fileId: second, serverId: id, sha256: second, at: 0, signature: '' }));
    engine.send(id, to, { kind: 'receipt', receipts } as SimMessage);
  };
  return box;
}

export type Host = Box & { readonly onIssued: (tell: (key: string, epoch: number, to: string) => void) => void };

export function createHost(engine: Engine, id: string): Host {
  const durable: ArbiterRecord[] = [];
  let core: ArbiterCore = createArbiterCore([], monotonicMs(0));
  let waiting: (() => void)[] = [];
  let isBusy = false;
  let issuedTo: (key: string, epoch: number, to: string) => void = () => undefined;
  const mono = () => monotonicMs(engine.now() * box.rate);
  const box: Host = {
    id,
    up: true,
    run: 1,
    pausedUntil: 0,
    inbox: [],
    rate: 1 + (engine.random.next() - 0.5) * 0.02,
    onIssued: (tell) => (issuedTo = tell),
    start: () => {
      core = createArbiterCore(durable, mono());
      waiting = [];
      isBusy = false;
    },
    stop: () => undefined,
    receive: (from, message) => receive(from, message as SimMessage),
  };
  const receive = (from: string, message: SimMessage): void => {
    if (message.kind === 'store-read') {
      const entry = core.read(message.key).entries.find(({ key }) => key === message.key);
      engine.send(id, from, { kind: 'store-entry', claim: message.claim, entry } as SimMessage);
    }
    if (message.kind === 'store-commit') {
      waiting.push(() => commit(from, message));
      next();
    }
  };
  const next = (): void => {
    if (isBusy) return;
    waiting.shift()?.();
  };
  const commit = (from: string, { claim, write }: Extract<SimMessage, { readonly kind: 'store-commit' }>): void => {
    let record: ArbiterRecord;
    try {
      record = core.prepareCommit([{ key: write.key, rev: write.rev }], write.ops, mono());
    } catch {
      return next(); // a conflict: the claim is tried again
    }
    isBusy = true;
    engine.after(box, 5 + engine.random.next() * 25, () => {
      durable.push(record);
      core.apply(record);
      issuedTo(write.key, write.epoch, from);
      engine.send(id, from, { kind: 'store-done', claim, epoch: write.epoch } as SimMessage);
      isBusy = false;
      next();
    });
  };
  return box;
}
