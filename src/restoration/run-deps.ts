/** What the steps of a restoration work with. */
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
