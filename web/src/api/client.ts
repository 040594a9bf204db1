/**
 * HTTP towards the box: JSON in and out, problem+json (RFC 9457) as `ApiError`, ETag for what is asked often.
 * Belongs here: transport and errors. Does not: which resources there are (api.ts).
 */
import { signal } from '@preact/signals';
import type { Problem } from '../../../src/api/contract/common.ts';
import { t } from '../messages/messages.ts';
import { exchange } from './exchange.ts';

export const API = '/api/v1';

/** The API said no, in its own words, or could not be reached (`code` is then `unreachable`). */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Whether the last exchange with the box succeeded; the banner and the event stream watch it. */
export const reachable = signal(true);
/** Counts answers that said "sign in first"; session.ts reacts. */
export const refusedSessions = signal(0);

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
type Options = {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly etag?: string | undefined;
  /** Only if what is there still has this tag; else 412. */
  readonly ifMatch?: string | undefined;
};

export async function request<T>(method: Method, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return await whole(response.json() as Promise<T>, method, options.signal);
}

export const get = <T>(path: string, abort?: AbortSignal): Promise<T> => request<T>('GET', path, { signal: abort });
export const post = <T>(path: string, body?: unknown, abort?: AbortSignal): Promise<T> =>
  request<T>('POST', path, { body, signal: abort });
export const patch = <T>(path: string, body: unknown): Promise<T> => request<T>('PATCH', path, { body });
export const put = (path: string, body: unknown): Promise<void> => request<void>('PUT', path, { body });
export const remove = (path: string, body?: unknown): Promise<void> => request<void>('DELETE', path, { body });

/** A file in the answer to a request with a body, under the name that the box gives it. */
export async function postForFile(
  path: string,
  body: unknown,
): Promise<{ readonly name: string; readonly blob: Blob }> {
  const response = await send('POST', path, { body });
  const said = response.headers.get('Content-Disposition') ?? '';
  return { name: /filename="([^"]+)"/.exec(said)?.[1] ?? 'understudy', blob: await whole(response.blob(), 'POST') };
}

/** What several people may change at once, with the tag that a change is sent with. */
export type Tagged<T> = { readonly value: T; readonly tag: string | undefined };
async function tagged<T>(method: Method, path: string, options: Options): Promise<Tagged<T>> {
  const response = await send(method, path, options);
  const value = await whole(response.json() as Promise<T>, method, options.signal);
  return { value, tag: response.headers.get('ETag') ?? undefined };
}
export const getTagged = async <T>(path: string, abort?: AbortSignal): Promise<Tagged<T>> =>
  tagged<T>('GET', path, { signal: abort });
/** Refused with 412 if somebody else changed it since `tag` was read. */
export const patchTagged = async <T>(path: string, body: unknown, tag: string | undefined): Promise<Tagged<T>> =>
  tagged<T>('PATCH', path, { body, ifMatch: tag });

const MAX_CACHED = 200;
const cache = new Map<string, { readonly etag: string; readonly value: unknown }>();

/** Like `get`, but asks with If-None-Match and answers the very same object when nothing has changed. */
export async function getCached<T>(path: string, abort?: AbortSignal): Promise<T> {
  const known = cache.get(path);
  const response = await send('GET', path, { signal: abort, etag: known?.etag });
  if (response.status === 304 && known !== undefined) return known.value as T;
  const value = await whole(response.json() as Promise<T>, 'GET', abort);
  const etag = response.headers.get('ETag');
  cache.delete(path);
  if (etag !== null) cache.set(path, { etag, value });
  const [oldest] = cache.keys();
  if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  return value;
}

/** Until the answer begins: a link that dies silently would otherwise leave a Save without a word for minutes. */
const PATIENCE_MS = 30_000;
/** What the box answers only when it is done, with other boxes and cameras. */
const LONG_PATIENCE_MS = 300_000;
const LONG =
  /\/(cameras|servers|search|test|batch|bulk|enable|authorize|deauthorize|pair|detach|cancel|replace|clear|hand-over|take-host|discover|drills|probes|takeovers|restore|stop|simulate|backup|exports|setup|volumes|online)$/;
const patienceOf = (method: Method, path: string): number =>
  method === 'POST' && LONG.test(path) ? LONG_PATIENCE_MS : PATIENCE_MS;

async function send(method: Method, path: string, { body, signal: abort, etag, ifMatch }: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (etag !== undefined) headers['If-None-Match'] = etag;
  if (ifMatch !== undefined) headers['If-Match'] = ifMatch;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (abort !== undefined) init.signal = abort;
  const response = await exchange(`${API}${path}`, init, patienceOf(method, path)).catch((error: unknown) =>
    failed(error, abort, method !== 'GET' && wasSilent(error)),
  );
  reachable.value = true;
  if (response.ok || response.status === 304) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !path.startsWith('/sessions')) refusedSessions.value += 1;
  throw new ApiError(problem);
}

/** What comes behind the head of an answer, unless the link dies before all of it is there. */
const whole = <T>(coming: Promise<T>, method: Method, abort?: AbortSignal): Promise<T> =>
  coming.catch((error: unknown) => failed(error, abort, method !== 'GET'));

function failed(error: unknown, abort: AbortSignal | undefined, mayHaveChanged: boolean): never {
  if (abort?.aborted) throw error;
  reachable.value = false;
  throw new ApiError(unreachable(mayHaveChanged ? 'shell.noAnswerYet' : 'shell.noAnswer'));
}
const wasSilent = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const plain: Problem = {
    type: 'about:blank',
    title: statusText,
    status,
    code: `http-${status}`,
    detail: `${status} ${statusText}`,
  };
  if (!(response.headers.get('Content-Type') ?? '').includes('json')) return plain;
  const said = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return { ...plain, ...said };
}

const unreachable = (detail: 'shell.noAnswer' | 'shell.noAnswerYet'): Problem => ({
  type: 'about:blank',
  title: t('shell.unreachable'),
  status: 0,
  code: 'unreachable',
  detail: t(detail),
});
