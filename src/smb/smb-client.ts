/**
 * Opens a share of another machine over SMB 2.1 to 3.1.1 ([MS-SMB2]), to push files to it.
 *
 * Belongs here: the way from an address to a connected share. Does not: what is pushed, temporary names, retries (failover).
 */
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { DurationMs } from '../core/units.ts';
import type { SmbShare } from './smb-share.ts';

export type { SmbFile } from './smb-file.ts';
export type { SmbDialect, SmbEntry, SmbOpenMode, SmbShare } from './smb-share.ts';

export type SmbShareOptions = {
  readonly host: string;
  /** 445 if left out. */
  readonly port?: number | undefined;
  readonly share: string;
  readonly username: string;
  readonly password: string;
  readonly domain?: string | undefined;
  /** `when-offered`: when the server asks for it, for all it has or for this share. `required`: always, or `smb-encryption-missing`. */
  readonly encrypt: 'when-offered' | 'required';
  readonly clock: Clock;
  /** For connecting and for each request; a request that the server calls pending is given it once more. */
  readonly timeoutMs: DurationMs;
  /** Breaks off whatever is under way with `smb-aborted`. */
  readonly signal?: AbortSignal | undefined;
};

/** @throws UnderstudyError with a code of `SmbErrorCode`; a guest session is refused as `smb-logon-failed`. */
export async function openSmbShare(options: SmbShareOptions): Promise<SmbShare> {
  throw new UnderstudyError('unsupported', 'smb-unsupported', `No connection to ${options.host} yet.`);
}
