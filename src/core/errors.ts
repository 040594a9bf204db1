/**
 * Errors raised on purpose. Anything else thrown is a bug and reaches the top.
 * What normally happens is not an error but a `kind` of a result.
 */

/** What the caller can do about it; one table in `api/problem.ts` maps it to an HTTP status, one in `cli` to an exit code. */
export type ErrorKind =
  /** The request is wrong; the same again fails the same way. */
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  /** It clashes with what is there now. */
  | 'conflict'
  /** A bound of ours was reached. */
  | 'limit'
  /** The other side did not answer or broke off; later may work. */
  | 'unavailable'
  /** The other side broke its protocol. */
  | 'protocol'
  /** Bytes on disk are not what they should be. */
  | 'corrupt'
  /** The disk refused. */
  | 'storage'
  /** Not on this machine. */
  | 'unsupported';

export type ErrorContext = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * `code` is stable and read by machines (`rtsp/framing`); `message` says what was expected, what came and what to do, for
 * a person; neither ever holds a credential.
 */
export class UnderstudyError extends Error {
  override readonly name = 'UnderstudyError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly context: ErrorContext;
  constructor(kind: ErrorKind, code: string, message: string, more: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.code = code;
    this.context = more.context ?? {};
  }
}

/** Ends every `switch` over a discriminated union. */
export function assertNever(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
}

/** The `errno` name of a system error, such as `ENOSPC`. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** One line for a log or a person, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A disk that is full, read-only, not ours or broken: what files and SQLite say of it. */
export function isRefusalOfDisk(error: unknown): boolean {
  if (DISK_CODES.has(systemCodeOf(error) ?? '')) return true;
  return error instanceof Error && 'errcode' in error && SQLITE_DISK.has(Number(error.errcode) & 0xff);
}
const DISK_CODES: ReadonlySet<string> = new Set('ENOSPC EDQUOT EROFS EACCES EPERM EIO'.split(' '));
/** SQLITE_PERM, READONLY, IOERR, FULL, CANTOPEN. */
const SQLITE_DISK: ReadonlySet<number> = new Set([3, 8, 10, 13, 14]);
