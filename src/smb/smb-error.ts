/** What goes wrong on a share, as errors with stable codes: NT status values ([MS-ERREF] §2.3.1) and our own checks. Never holds a credential. */
import { UnderstudyError } from '../core/errors.ts';
import type { ErrorKind } from '../core/errors.ts';

export type SmbErrorCode =
  /** No TCP connection: name unknown, refused, nobody there. */
  | 'smb-unreachable'
  | 'smb-logon-failed'
  | 'smb-share-missing'
  | 'smb-full'
  | 'smb-read-only'
  | 'smb-denied'
  | 'smb-not-found'
  | 'smb-exists'
  | 'smb-in-use'
  /** A path or name that cannot be on a share, or is of the wrong sort. */
  | 'smb-path'
  /** The disk behind the share fails. */
  | 'smb-disk'
  | 'smb-busy'
  /** A bound of ours was reached. */
  | 'smb-limit'
  | 'smb-encryption-missing'
  | 'smb-unsupported'
  /** Whatever was open is gone; open the share and the file anew. */
  | 'smb-connection-lost'
  | 'smb-timeout'
  | 'smb-protocol'
  | 'smb-aborted'
  /** Any other status. */
  | 'smb-refused';

type Meaning = { readonly kind: ErrorKind; readonly code: SmbErrorCode; readonly says: string };

const LOGON: Meaning = {
  kind: 'unauthenticated',
  code: 'smb-logon-failed',
  says: 'the server does not accept this user with this password: check both, and that the account is not locked or expired',
};
const MISSING: Meaning = {
  kind: 'not-found',
  code: 'smb-share-missing',
  says: 'the server has no share of this name: it was renamed or removed, or the name is wrong',
};
const FULL: Meaning = {
  kind: 'storage',
  code: 'smb-full',
  says: 'the disk or quota behind the share is full: make room',
};
const READ_ONLY: Meaning = {
  kind: 'storage',
  code: 'smb-read-only',
  says: 'the share is read-only: give the user write access to it',
};
const DENIED: Meaning = {
  kind: 'forbidden',
  code: 'smb-denied',
  says: 'the user has no right to do that: change the permissions on the server',
};
const NOT_FOUND: Meaning = { kind: 'not-found', code: 'smb-not-found', says: 'it is not there' };
const EXISTS: Meaning = { kind: 'conflict', code: 'smb-exists', says: 'the name is taken' };
const IN_USE: Meaning = { kind: 'conflict', code: 'smb-in-use', says: 'it is in use by another program; try later' };
const PATH: Meaning = {
  kind: 'conflict',
  code: 'smb-path',
  says: 'the server does not take this path: wrong name, not empty, or a directory where a file is meant (or the reverse)',
};
const DISK: Meaning = { kind: 'storage', code: 'smb-disk', says: 'the disk behind the share reports an error' };
const BUSY: Meaning = { kind: 'unavailable', code: 'smb-busy', says: 'the server is short of resources; try later' };
const LOST: Meaning = {
  kind: 'unavailable',
  code: 'smb-connection-lost',
  says: 'the server ended the session or closed the file; connect anew',
};
const LATE: Meaning = { kind: 'unavailable', code: 'smb-timeout', says: 'the server reports a timeout; try later' };
const UNSUPPORTED: Meaning = { kind: 'unsupported', code: 'smb-unsupported', says: 'the server cannot do that' };
const OTHER: Meaning = { kind: 'unavailable', code: 'smb-refused', says: 'the server refused' };

/** Those that the protocol itself turns on. */
export const STATUS = {
  success: 0,
  pending: 0x0000_0103,
  noMoreFiles: 0x8000_0006,
  noSuchFile: 0xc000_000f,
  endOfFile: 0xc000_0011,
  moreProcessing: 0xc000_0016,
  invalidDevice: 0xc000_0010,
  notSupported: 0xc000_00bb,
  fileClosed: 0xc000_0128,
} as const;

const MEANINGS: ReadonlyMap<number, readonly [name: string, meaning: Meaning]> = new Map([
  [0xc000_0064, ['NO_SUCH_USER', LOGON]],
  [0xc000_006a, ['WRONG_PASSWORD', LOGON]],
  [0xc000_006d, ['LOGON_FAILURE', LOGON]],
  [0xc000_006e, ['ACCOUNT_RESTRICTION', LOGON]],
  [0xc000_006f, ['INVALID_LOGON_HOURS', LOGON]],
  [0xc000_0070, ['INVALID_WORKSTATION', LOGON]],
  [0xc000_0071, ['PASSWORD_EXPIRED', LOGON]],
  [0xc000_0072, ['ACCOUNT_DISABLED', LOGON]],
  [0xc000_015b, ['LOGON_TYPE_NOT_GRANTED', LOGON]],
  [0xc000_0193, ['ACCOUNT_EXPIRED', LOGON]],
  [0xc000_0224, ['PASSWORD_MUST_CHANGE', LOGON]],
  [0xc000_0234, ['ACCOUNT_LOCKED_OUT', LOGON]],
  [0xc000_00cc, ['BAD_NETWORK_NAME', MISSING]],
  [0xc000_00c9, ['NETWORK_NAME_DELETED', MISSING]],
  [0xc000_007f, ['DISK_FULL', FULL]],
  [0xc000_0044, ['QUOTA_EXCEEDED', FULL]],
  [0xc000_0099, ['ALLOTTED_SPACE_EXCEEDED', FULL]],
  [0xc000_00a2, ['MEDIA_WRITE_PROTECTED', READ_ONLY]],
  [0xc000_0022, ['ACCESS_DENIED', DENIED]],
  [0xc000_0061, ['PRIVILEGE_NOT_HELD', DENIED]],
  [0xc000_00ca, ['NETWORK_ACCESS_DENIED', DENIED]],
  [0xc000_0121, ['CANNOT_DELETE', DENIED]],
  [0xc000_000f, ['NO_SUCH_FILE', NOT_FOUND]],
  [0xc000_0034, ['OBJECT_NAME_NOT_FOUND', NOT_FOUND]],
  [0xc000_003a, ['OBJECT_PATH_NOT_FOUND', NOT_FOUND]],
  [0xc000_0035, ['OBJECT_NAME_COLLISION', EXISTS]],
  [0xc000_0043, ['SHARING_VIOLATION', IN_USE]],
  [0xc000_0054, ['FILE_LOCK_CONFLICT', IN_USE]],
  [0xc000_0056, ['DELETE_PENDING', IN_USE]],
  [0xc000_0033, ['OBJECT_NAME_INVALID', PATH]],
  [0xc000_0039, ['OBJECT_PATH_INVALID', PATH]],
  [0xc000_00ba, ['FILE_IS_A_DIRECTORY', PATH]],
  [0xc000_0101, ['DIRECTORY_NOT_EMPTY', PATH]],
  [0xc000_0103, ['NOT_A_DIRECTORY', PATH]],
  [0xc000_009c, ['DEVICE_DATA_ERROR', DISK]],
  [0xc000_00e9, ['UNEXPECTED_IO_ERROR', DISK]],
  [0xc000_0185, ['IO_DEVICE_ERROR', DISK]],
  [0xc000_009a, ['INSUFFICIENT_RESOURCES', BUSY]],
  [0xc000_00bf, ['NETWORK_BUSY', BUSY]],
  [0xc000_00d0, ['REQUEST_NOT_ACCEPTED', BUSY]],
  [0xc000_0205, ['INSUFF_SERVER_RESOURCES', BUSY]],
  [STATUS.fileClosed, ['FILE_CLOSED', LOST]],
  [0xc000_0203, ['USER_SESSION_DELETED', LOST]],
  [0xc000_020c, ['CONNECTION_DISCONNECTED', LOST]],
  [0xc000_020d, ['CONNECTION_RESET', LOST]],
  [0xc000_035c, ['NETWORK_SESSION_EXPIRED', LOST]],
  [0xc000_00b5, ['IO_TIMEOUT', LATE]],
  [STATUS.notSupported, ['NOT_SUPPORTED', UNSUPPORTED]],
  [STATUS.invalidDevice, ['INVALID_DEVICE_REQUEST', UNSUPPORTED]],
  [0xc000_0257, ['PATH_NOT_COVERED', UNSUPPORTED]],
]);

/** The refusal of a request; `doing` completes "Could not …". */
export function refusalOf(status: number, doing: string): UnderstudyError {
  const [name, { kind, code, says }] = MEANINGS.get(status) ?? [`0x${status.toString(16).padStart(8, '0')}`, OTHER];
  return new UnderstudyError(kind, code, `Could not ${doing}: ${says} (${name}).`, { context: { status: name } });
}

/** A server that does not keep to the protocol; the connection is over. */
export const brokenProtocol = (message: string): UnderstudyError =>
  new UnderstudyError('protocol', 'smb-protocol', message);

export const readOnlyShare = (doing: string): UnderstudyError =>
  new UnderstudyError(READ_ONLY.kind, READ_ONLY.code, `Could not ${doing}: ${READ_ONLY.says}.`);

/** The caller wanted no more of it. */
export const aborted = (): UnderstudyError =>
  new UnderstudyError('unavailable', 'smb-aborted', 'The connection to the share was broken off on purpose.');

export const connectionLost = (doing: string, cause: unknown): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'smb-connection-lost',
    `The connection to the file server broke off (${doing}): connect anew and go on from what was flushed.`,
    cause === undefined ? {} : { cause },
  );
