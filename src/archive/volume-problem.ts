/** Why a volume cannot be used, from what the system said: one table for opening, writing and checking. Pure. */
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { VolumeCause } from './writer-protocol.ts';

export type VolumeProblem = { readonly cause: VolumeCause; readonly message: string };

const CAUSES: Readonly<Record<string, VolumeCause>> = {
  ENOSPC: 'volume-full',
  EDQUOT: 'volume-full',
  EROFS: 'volume-read-only',
  EACCES: 'volume-read-only',
  EPERM: 'volume-read-only',
  ENOENT: 'volume-gone',
  ENOTDIR: 'volume-gone',
  ENODEV: 'volume-gone',
  ENXIO: 'volume-gone',
  ESTALE: 'volume-gone',
  ENOTCONN: 'volume-gone',
};
const ADVICE: Readonly<Record<VolumeCause, string>> = {
  'volume-full': 'free space on it or record to another volume',
  'volume-gone': 'connect and mount it again',
  'volume-read-only': 'make it writable for this service; after disk errors check the file system',
  'volume-error': 'check cable and disk',
};

export const causeOf = (code: string | undefined): VolumeCause => CAUSES[code ?? ''] ?? 'volume-error';

/** `what` begins the sentence: `the volume at /volume1/nvr could not be opened`. */
export function problemOf(what: string, error: unknown): VolumeProblem {
  const cause = causeOf(systemCodeOf(error));
  return { cause, message: `${what}: ${messageOf(error)}; ${ADVICE[cause]}` };
}
