/**
 * What people are shown of updates, and told when one is refused (docs/design/updates.md). Pure.
 */
import type { KeptRelease, Updates } from '../api/contract/updates.ts';
import { isoOf } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import { besideOurs, isOlder } from '../site/version.ts';
import type { OpenRelease } from '../updates/release-reader.ts';
import type { Outcome } from '../updates/release-state.ts';

/** What runs here, and on which Node (`24.21.0`). */
export type Running = { readonly version: string; readonly nodeVersion: string };

export const lastOf = ({ from, to, at, result, reason }: Outcome): NonNullable<Updates['last']> => ({
  from,
  to,
  at: isoOf(epochMs(at)),
  result,
  ...(reason === undefined ? {} : { reason }),
});

export function keptOf(running: Running, found: OpenRelease): KeptRelease {
  const { version, builtAt } = found.release;
  const problem = unfitOf(running, found);
  return {
    version,
    bytes: found.bytes,
    builtAt,
    beside: besideOurs(version, running.version),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Undefined: it runs here. */
export const unfitOf = ({ nodeVersion }: Running, { release }: OpenRelease): string | undefined =>
  isOlder(nodeVersion, release.node)
    ? `Release ${release.version} needs Node ${release.node} or later; this server runs on ${nodeVersion}. Install it by its package.`
    : undefined;

/** Undefined: it can. */
export const unableOf = (packageRoot: string | undefined): string | undefined =>
  packageRoot === undefined
    ? 'This server was not started by bin/understudy, so nothing could start another release in its place.'
    : undefined;

export function howItEnded({ from, to, result, reason }: Outcome): string {
  if (result === 'updated') return `Release ${to} was installed and works; it was ${from} before.`;
  return `Release ${to} was not kept: ${reason ?? 'it did not work.'} ${from} runs again.`;
}

export function unknown(version: string, kept: readonly OpenRelease[]): UnderstudyError {
  const known = kept.map(({ release }) => release.version);
  const there = known.length === 0 ? 'none is kept' : `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
  const message = `Release ${version} is not kept here; ${there}. Add it first.`;
  return new UnderstudyError('not-found', 'updates/unknown', message);
}
const conflict = (code: string, message: string): UnderstudyError =>
  new UnderstudyError('conflict', `updates/${code}`, message);
export const busy = (version: string): UnderstudyError =>
  conflict('busy', `Release ${version} is being installed: wait until that has ended.`);
export const inTrial = (version: string): UnderstudyError =>
  conflict('busy', `Release ${version} has not shown yet that it works: wait a minute.`);
export const notNewer = (version: string, running: string): UnderstudyError =>
  conflict('older', `Release ${version} is not newer than ${running}, which runs here. Choose a later one.`);
export const noneForOthers = (running: string): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    'server/older',
    `It is older than this host, and no release is kept here that it could get: add ${running} or a later one under Settings, Updates.`,
  );

/** What settings, events and footage that waits may need meanwhile. */
const RESERVE_BYTES = 64e6;
/** What a file takes on a disk is up to a block more than it has. */
const BLOCK_BYTES = 4096;
const roomFor = ({ release: { files } }: OpenRelease): number =>
  files.reduce((sum, { bytes }) => sum + bytes + BLOCK_BYTES, RESERVE_BYTES);

/** @throws updates/no-room */
export function refuseNoRoom(found: OpenRelease, freeBytes: number): void {
  const needed = roomFor(found);
  if (freeBytes >= needed) return;
  const [wanted, free] = [Math.ceil(needed / 1e6), Math.floor(freeBytes / 1e6)];
  const message = `Release ${found.release.version} needs ${wanted} MB on the disk of the data directory; ${free} MB are free. Make room there.`;
  throw new UnderstudyError('storage', 'updates/no-room', message);
}
