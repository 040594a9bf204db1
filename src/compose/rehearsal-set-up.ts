/** Readiness probes and drills, put together. */
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';

export type Rehearsals = Pick<FailoverDeps, 'probes' | 'runProbes' | 'drills' | 'startDrill'> & {
  readonly stop: () => Promise<void>;
};

export function composeRehearsals(_parts: FailoverParts, _peers: Peers, _side: Side): Rehearsals {
  return {
    probes: () => [],
    runProbes: async () => await Promise.resolve(),
    drills: () => [],
    startDrill: () => {
      throw new Error('not yet');
    },
    stop: async () => await Promise.resolve(),
  };
}
