/**
 * Errors as `application/problem+json` (RFC 9457): the one table from `ErrorKind` to HTTP status.
 * What only HTTP knows (405, 412, 415, 421, ...) is an `HttpError`.
 */
import { UnderstudyError } from '../core/errors.ts';
import type { ErrorKind } from '../core/errors.ts';
import type { Problem } from './contract/common.ts';

export const HTTP_STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  limit: 429,
  unavailable: 503,
  protocol: 502,
  corrupt: 500,
  storage: 507,
  unsupported: 501,
};

/** Worth a line in the log of the service: 501 and 503 are answers that a caller gets in the ordinary course of things. */
export const isDefect = (status: number): boolean => status >= 500 && status !== 501 && status !== 503;

export type Issue = { readonly path: string; readonly message: string };
export type HttpErrorMore = {
  readonly issues?: readonly Issue[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** `status` and `code` as they go out; `message` becomes `detail`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, more: HttpErrorMore = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = more.issues;
    this.headers = more.headers ?? {};
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not possible here',
  408: 'Too slow',
  409: 'It clashes with what is there',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Wrong content type',
  421: 'Not this host',
  422: 'The request is not valid',
  423: 'Locked by the host',
  429: 'A limit was reached',
  431: 'Too large',
  500: 'Internal error',
  501: 'Not available here',
  502: 'The other side broke its protocol',
  503: 'Not available now',
  507: 'The disk refused',
};

export type ProblemReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: Problem;
};

/** What goes out for anything thrown. An error that was not raised on purpose says nothing about itself. */
export function problemOf(error: unknown): ProblemReply {
  if (error instanceof HttpError) {
    return reply(error.status, error.code, error.message, { headers: error.headers, issues: error.issues });
  }
  if (error instanceof UnderstudyError) return reply(HTTP_STATUS[error.kind], error.code, error.message, {});
  return reply(500, 'internal', 'Something went wrong here. The log of this server has the details.', {});
}

type ReplyMore = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly issues?: readonly Issue[] | undefined;
};
function reply(status: number, code: string, detail: string, { headers = {}, issues }: ReplyMore): ProblemReply {
  const title = TITLES[status] ?? 'Problem';
  const problem = { type: `urn:understudy:problem:${code}`, title, status, code, detail };
  return { status, headers, problem: issues === undefined ? problem : { ...problem, issues: [...issues] } };
}
