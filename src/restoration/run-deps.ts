/** What the steps of a restoration work with. */
import { join } from 'node:path';
import { createGroupReader } from '../archive/footage-groups.ts';
import { createGroupProver } from '../archive/prove-groups.ts';
import { createMeter, createRate } from './rate.ts';
import { createTurns } from './turns.ts';
import type { SegmentRow } from '../archive/catalogue-types.ts';
import type { GroupReader } from '../archive/footage-groups.ts';
import type { GroupProver } from '../archive/prove-groups.ts';
import type { Meter, Rate } from './rate.ts';
import type { RestorationDeps } from './restoration-types.ts';
import type { TransferStore } from './transfer-store.ts';
import type { Turns } from './turns.ts';

export type RunDeps = RestorationDeps & {
  readonly store: TransferStore;
  readonly meter: Meter;
  readonly rate: Rate;
  readonly inTurn: Turns;
  /** By restoration: snapshots that are here and not home, as they were counted last. */
  readonly snapshotsLeft: Map<string, number>;
  readonly groups: GroupReader;
  readonly prover: GroupProver;
  readonly fileOf: (row: Pick<SegmentRow, 'volumeId' | 'path'>) => string | undefined;
};

export function openRun(deps: RestorationDeps, store: TransferStore): RunDeps {
  const { catalogue, clock, log } = deps;
  const fileOf: RunDeps['fileOf'] = ({ volumeId, path }) => {
    const volume = deps.volumes().find(({ id }) => id === volumeId);
    return volume && join(volume.path, path);
  };
  // What is about to be given back was recorded a while ago: nothing waits for it.
  const prover = createGroupProver({
    segments: catalogue.segments,
    clock,
    fileOf,
    pause: async () => await Promise.resolve(),
    // It stays as it is: decide.ts.
    onDamage: async (_file, { path }) => await Promise.resolve(log.warn('covered footage is damaged here', { path })),
  });
  return {
    ...deps,
    publish: (event) => {
      if (event.kind === 'file-received') forgetProblem(store, event.id);
      deps.publish(event);
    },
    store,
    meter: createMeter(clock),
    rate: createRate(clock, deps.rateLimit),
    snapshotsLeft: new Map(),
    inTurn: createTurns(),
    groups: createGroupReader({ segments: catalogue.segments, fileOf, now: clock.now }),
    prover,
    fileOf,
  };
}

/** It goes on: what held it up is over. */
function forgetProblem(store: TransferStore, id: string): void {
  const found = store.restoration(id);
  if (found?.problem !== undefined) store.putRestoration({ ...found, problem: undefined });
}
