/**
 * What beside its cameras decides whether a server can be covered from here: space, versions, clocks, its settings backup. Pure.
 * Belongs here: the judgement and its words. Does not: where the facts come from (the root puts them together).
 */
import { MAX_CLOCK_OFFSET_MS } from './server-clocks.ts';

/** What else decides whether a server can be covered from here; beside the cameras in the same list. */
export type ServerFacts = {
  /** Of the volumes that covered cameras are recorded to. */
  readonly volumes: readonly { readonly usable: boolean; readonly freeBytes: number }[];
  readonly ownVersion: string;
  readonly version: string | undefined;
  /** Clock of the protected server minus ours. */
  readonly clockOffsetMs: number | undefined;
  /** Wall milliseconds of the newest settings backup. */
  readonly backupAt: number | undefined;
  readonly now: number;
};
export type ServerCheck = {
  readonly check: 'space' | 'version' | 'clock' | 'backup';
  readonly ok: boolean;
  readonly message: string;
};
/** An hour of 16 cameras at 4 Mbit/s. */
const LEAST_FREE_BYTES = 30e9;

export function checkServer(facts: ServerFacts): readonly ServerCheck[] {
  const free = facts.volumes.reduce((sum, { usable, freeBytes }) => sum + (usable ? freeBytes : 0), 0);
  const offset = facts.clockOffsetMs;
  const checks: (ServerCheck | undefined)[] = [
    {
      check: 'space',
      ok: free >= LEAST_FREE_BYTES,
      message: `${Math.floor(free / 1e9)} GB are free for covered cameras.`,
    },
    facts.version === undefined
      ? undefined
      : {
          check: 'version',
          ok: majorOf(facts.version) === majorOf(facts.ownVersion),
          message: `It runs version ${facts.version}, this server ${facts.ownVersion}.`,
        },
    offset === undefined
      ? undefined
      : {
          check: 'clock',
          ok: Math.abs(offset) <= MAX_CLOCK_OFFSET_MS,
          message: `Its clock is ${Math.abs(Math.round(offset))} ms ${offset < 0 ? 'behind' : 'ahead of'} ours.`,
        },
    {
      check: 'backup',
      ok: facts.backupAt !== undefined,
      message:
        facts.backupAt === undefined
          ? 'There is no settings backup of it: nothing could be covered.'
          : `Its settings backup is ${Math.max(0, Math.round((facts.now - facts.backupAt) / 60_000))} minutes old.`,
    },
  ];
  return checks.filter((check) => check !== undefined);
}
const majorOf = (version: string): string => version.split('.', 1)[0] ?? '';
