/**
 * Opens a share of another machine over SMB 2.1 to 3.1.1 ([MS-SMB2]), to push files to it.
 *
 * Belongs here: the way from an address to a connected share. Does not: what is pushed, temporary names, retries (restoration).
 */
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { DurationMs } from '../core/units.ts';
import { createConnection } from './connection.ts';
import { startSession } from './session.ts';
import { uncOf } from './smb-path.ts';
import { createSmbShare } from './smb-share.ts';
import type { SmbShare } from './smb-share.ts';
import { openSocket } from './socket.ts';

export type { SmbEntry } from './info-messages.ts';
export type { SmbDialect } from './negotiate.ts';
export type { SmbErrorCode } from './smb-error.ts';
export type { SmbFile } from './smb-file.ts';
export type { SmbOpenMode, SmbShare } from './smb-share.ts';

export type SmbShareOptions = {
  readonly host: string;
  /** 445 if left out. */
  readonly port?: number | undefined;
  readonly share: string;
  readonly username: string;
  readonly password: string;
  /** Of the account; empty for accounts of the server itself. */
  readonly domain?: string | undefined;
  /** `when-offered`: when the server asks for it, for all it has or for this share. `required`: always, or `smb-encryption-missing`. */
  readonly encrypt: 'when-offered' | 'required';
  readonly clock: Clock;
  /**
   * For connecting and for each request; a request that the server calls pending is given it once more. On top of it come 4 s for each MB of
   * writes under way, so that a slow link is not taken for a dead one.
   */
  readonly timeoutMs: DurationMs;
  /** Breaks off whatever is under way, then and later, with `smb-aborted`. */
  readonly signal?: AbortSignal | undefined;
};

const DEFAULT_PORT = 445;

/**
 * @throws UnderstudyError with a code of `SmbErrorCode`. A guest session is refused as `smb-logon-failed`; no error names user or password.
 */
export async function openSmbShare(options: SmbShareOptions): Promise<SmbShare> {
  const { host, share, clock, timeoutMs, signal, encrypt } = options;
  checkNames(options);
  const patience = { clock, timeoutMs, signal };
  const socket = await openSocket({ host, port: options.port ?? DEFAULT_PORT }, patience);
  const connection = createConnection(socket, patience);
  try {
    const account = { username: options.username, password: options.password, domain: options.domain ?? '' };
    const session = await startSession(connection, { host, share, account, encrypt, clock });
    const { dialect, maxRead, maxWrite } = session.negotiated;
    const { treeId, encrypted, writable } = session;
    return createSmbShare({ connection, treeId, dialect, encrypted, writable, maxRead, maxWrite });
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Before anything is sent. */
function checkNames({ host, share, username }: SmbShareOptions): void {
  uncOf(host, share);
  if (username === '')
    throw new UnderstudyError(
      'invalid',
      'smb-logon-failed',
      'A share needs a user name: footage is not sent anonymously.',
    );
}
