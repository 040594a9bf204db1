/** What the failover machines know, over restarts: `<data>/failover-states.json`, written before their effects are carried out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFileSync } from '../core/durable-file.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { savedStateSchema } from '../failover/saved-state.ts';
import type { SavedState } from '../failover/saved-state.ts';
import { MAX_PEERS } from '../site/peer.ts';

const fileSchema = z.strictObject({ states: z.array(savedStateSchema).max(MAX_PEERS) });

export type FailoverKept = {
  /** Of the run before; once: a server that is let go and watched again later begins anew. */
  readonly kept: (serverId: string) => SavedState | undefined;
  /** Durable when it returns. @throws system errors */
  readonly keep: (states: readonly SavedState[]) => void;
};

/** A file that cannot be read is left aside: covers then begin by suspicion again, within seconds. */
export function openFailoverKept(dataDir: string, log: Log): FailoverKept {
  const path = join(dataDir, 'failover-states.json');
  const before = new Map(read(path, log).map((state) => [state.serverId, state]));
  return {
    kept: (serverId) => {
      const state = before.get(serverId);
      before.delete(serverId);
      return state;
    },
    keep: (states) => replaceFileSync(path, JSON.stringify({ states })),
  };
}

function read(path: string, log: Log): readonly SavedState[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).states;
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT')
      log.error('kept states of failover cannot be used', { reason: messageOf(error) });
    return [];
  }
}
