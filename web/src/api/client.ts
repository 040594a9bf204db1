/**
 * HTTP towards the box: JSON in and out, problem+json (RFC 9457) as `ApiError`, ETag for what is asked often.
 * Belongs here: transport and errors. Does not: which resources there are (api.ts).
 */
import { signal } from '@preact/signals';
import type { Problem } from '../../../src/api/contract/common.ts';

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
};

export async function request<T>(method: Method, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const get = <T>(path: string, abort?: AbortSignal): Promise<T> => request<T>('GET', path, { signal: abort });
export const post = <T>(path: string, body?: unknown): Promise<T> => request<T>('POST', path, { body });
export const patch = <T>(path: string, body: unknown): Promise<T> => request<T>('PATCH', path, { body });
export const remove = (path: string, body?: unknown): Promise<void> => request<void>('DELETE', path, { body });

const MAX_CACHED = 200;
const cache = new Map<string, { readonly etag: string; readonly value: unknown }>();

/** Like `get`, but asks with If-None-Match and answers the very same object when nothing has changed. */
export async function getCached<T>(path: string, abort?: AbortSignal): Promise<T> {
  const known = cache.get(path);
  const response = await send('GET', path, { signal: abort, etag: known?.etag });
  if (response.status === 304 && known !== undefined) return known.value as T;
  const value = (await response.json()) as T;
  const etag = response.headers.get('ETag');
  cache.delete(path);
  if (etag !== null) cache.set(path, { etag, value });
  const [oldest] = cache.keys();
  if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  return value;
}

async function send(method: Method, path: string, { body, signal: abort, etag }: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (etag !== undefined) headers['If-None-Match'] = etag;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (abort !== undefined) init.signal = abort;
  const response = await fetch(`${API}${path}`, init).catch((error: unknown) => {
    if (abort?.aborted) throw error;
    reachable.value = false;
    throw new ApiError(unreachable());
  });
  reachable.value = true;
  if (response.ok || response.status === 304) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !path.startsWith('/sessions')) refusedSessions.value += 1;
  throw new ApiError(problem);
}

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

const unreachable = (): Problem => ({
  type: 'about:blank',
  title: 'Unreachable',
  status: 0,
  code: 'unreachable',
  detail: 'The box does not answer. It may be restarting, or the network is down; nothing was changed.',
});
