/** What must not end by the way when this server is given another role: covers, its own recording, whom it protects. Pure. */
import type { CmsMode } from '../api/contract/server.ts';
import { UnderstudyError } from '../core/errors.ts';

export type ModeFacts = {
  readonly now: CmsMode;
  readonly wanted: CmsMode;
  /** Of this server: who types it has read what ends. */
  readonly name: string;
  readonly confirm: string | undefined;
  /** Names of servers that are covered, or whose footage is still here. */
  readonly covered: readonly string[];
  /** Cameras that are recorded here. */
  readonly recorded: number;
  /** Names of servers that this one protects. */
  readonly protected: readonly string[];
};

/** @throws failover/covering, server/records, server/protects unless confirmed */
export function refuseModeChange({ now, wanted, name, confirm, ...ends }: ModeFacts): void {
  if (confirm === name) return;
  if (ends.covered.length > 0)
    throw conflict(
      'failover/covering',
      `${coveringWords(ends.covered)} Restore it first; or confirm with the name of this server, ${name}, to end it now.`,
    );
  if (wanted === 'failover' && ends.recorded > 0)
    throw conflict(
      'server/records',
      `${ends.recorded} cameras are recorded here; a failover server records only for others. Confirm with the name of this server, ${name}, to stop recording them.`,
    );
  // A host says anew who protects whom, itself among them: what stood before does not come back with the role.
  if (now === 'failover' && wanted === 'host' && ends.protected.length > 0)
    throw conflict(
      'server/protects',
      `This server protects ${ends.protected.join(', ')}; a host protects nobody, and what it protects must be added again if it becomes a failover server once more. Confirm with the name of this server, ${name}.`,
    );
}

export const coveringWords = (names: readonly string[]): string =>
  `This server covers ${names.join(', ')}, or still has footage of it.`;

const conflict = (code: string, message: string): UnderstudyError => new UnderstudyError('conflict', code, message);
