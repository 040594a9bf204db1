/**
 * Talks to a server's HTTP API from this box or another: HTTPS with the certificate pinned by fingerprint, one session or
 * token. For commands and the demo; browsers have their own.
 */
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { UnderstudyError, messageOf } from '../core/errors.ts';
import { plainFingerprint } from '../core/fingerprint.ts';

export type ApiPlace = {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of its certificate in hex; undefined trusts whoever answers, which only loopback may. */
  readonly fingerprint: string | undefined;
  readonly token: string | undefined;
  /** What is asked of another server of its site, through it: `/servers/ID/api` (docs/design/site-gateway.md). */
  readonly through?: string;
};
export type ApiAnswer = { readonly status: number; readonly body: unknown };
export type ApiClient = {
  /**
   * `path` below `/api/v1`; `withinMs`: 30 s unless said.
   * @throws api/unreachable, api/certificate, api/refused (its message is the server's, `context.status` that of HTTP, `context.code` its own), api/answer
   */
  readonly call: (method: string, path: string, body?: object, withinMs?: number) => Promise<unknown>;
  /** With the ETag of the answer, if it has one. @throws as `call` */
  readonly readTagged: (path: string) => Promise<{ readonly value: unknown; readonly tag: string | undefined }>;
  /** PATCH; with `tag` only if nobody changed it since (RFC 9110 §13.1.1). @throws as `call` */
  readonly change: (path: string, body: object, tag: string | undefined) => Promise<unknown>;
  /** An answer that is no JSON to a request that has a body. @throws as `call` */
  readonly fetch: (method: string, path: string, body: object) => Promise<Buffer>;
  /** What is no JSON; `range`: bytes of it, end included (RFC 9110 §14.1). @throws as `call` */
  readonly read: (path: string, range?: { readonly first: number; readonly last: number }) => Promise<Buffer>;
  /** An answer of any length, piece by piece as it comes; it breaks off after 30 s without one, and when `stop` says so. @throws as `call` */
  readonly stream: (path: string, stop?: AbortSignal) => Promise<AsyncIterable<Buffer>>;
};

/** The largest answer is the ledger of a month. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const ANSWER_WITHIN_MS = 30_000;
const TOO_LATE = 'no answer in time';

/** Of one answer, whoever gives it. */
export type ApiLimits = {
  /** From the first packet to the last byte; undefined: as long as something comes. */
  readonly wholeMs: number | undefined;
  readonly answerBytes: number;
};
const NO_LIMITS: ApiLimits = { wholeMs: undefined, answerBytes: MAX_ANSWER_BYTES };

/** `place` is asked anew for each call: a server that was restarted may have moved to another port. */
export function createApiClient(place: () => ApiPlace, limits: ApiLimits = NO_LIMITS): ApiClient {
  let cookie: string | undefined;
  return {
    call: async (method, path, body, withinMs) => {
      const to = place();
      const { response, bytes } = await exchange(to, { method, path, body, cookie, withinMs }, limits);
      if (response.statusCode === 401 && to.token !== undefined) throw wrongToken(to);
      cookie = response.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? cookie;
      return valueOf(checked(response, bytes, `${method} ${path}`), `${method} ${path}`);
    },
    readTagged: async (path) => {
      const { response, bytes } = await exchange(place(), { method: 'GET', path, body: undefined, cookie }, limits);
      return { value: valueOf(checked(response, bytes, `GET ${path}`), `GET ${path}`), tag: response.headers.etag };
    },
    change: async (path, body, tag) => {
      const headers = tag === undefined ? {} : { 'if-match': tag };
      const { response, bytes } = await exchange(place(), { method: 'PATCH', path, body, cookie, headers }, limits);
      return valueOf(checked(response, bytes, `PATCH ${path}`), `PATCH ${path}`);
    },
    fetch: async (method, path, body) => {
      const { response, bytes } = await exchange(place(), { method, path, body, cookie }, limits);
      return checked(response, bytes, `${method} ${path}`);
    },
    read: async (path, range) => {
      const headers = range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` };
      const asked = { method: 'GET', path, body: undefined, cookie, headers };
      const { response, bytes } = await exchange(place(), asked, limits);
      return checked(response, bytes, `GET ${path}`);
    },
    stream: async (path, stop) => {
      const { response } = await opened(place(), { method: 'GET', path, body: undefined, cookie }, stop);
      if (!isDone(response)) checked(response, await bytesOf(response, limits.answerBytes), `GET ${path}`);
      return response;
    },
  };
}

const wrongToken = ({ host, port }: ApiPlace): UnderstudyError =>
  new UnderstudyError(
    'forbidden',
    'api/refused',
    `The token is none of the server at ${host}:${port}, or was deleted there: create one on its page Settings.`,
    { context: { status: 401 } },
  );

const isDone = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

/** @throws api/refused */
function checked(response: IncomingMessage, bytes: Buffer, what: string): Buffer {
  if (isDone(response)) return bytes;
  const status = response.statusCode ?? 0;
  const { detail, code } = problemIn(bytes);
  // Its own words say what is wrong; what stands before it may have none.
  const message = detail === '' ? `${what} was answered with HTTP status ${status}.` : detail;
  throw new UnderstudyError('unavailable', 'api/refused', message, { context: { status, code } });
}

/** Whatever listens at that address may answer with a page. @throws api/answer */
function valueOf(bytes: Buffer, what: string): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    const message = `${what}: the answer is no JSON: this is no Understudy server, or something stands before it.`;
    throw new UnderstudyError('protocol', 'api/answer', message, { cause });
  }
}

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
  readonly cookie: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withinMs?: number | undefined;
};
async function exchange(
  to: ApiPlace,
  asked: Asked,
  { wholeMs, answerBytes }: ApiLimits,
): Promise<{ readonly response: IncomingMessage; readonly bytes: Buffer }> {
  const { response, failureOf } = await opened(
    to,
    asked,
    wholeMs === undefined ? undefined : AbortSignal.timeout(wholeMs),
  );
  try {
    return { response, bytes: await bytesOf(response, answerBytes) };
  } catch (error) {
    throw failureOf(error);
  }
}

type Opened = { readonly response: IncomingMessage; readonly failureOf: (error: unknown) => unknown };
/** The head of the answer; its body is still to be read. */
async function opened(
  { host, port, fingerprint, token, through = '' }: ApiPlace,
  { method, path, body, cookie, headers: more = {}, withinMs = ANSWER_WITHIN_MS }: Asked,
  stop?: AbortSignal,
): Promise<Opened> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const failureOf = (error: unknown): unknown =>
    error instanceof UnderstudyError
      ? error
      : unreachable(authority, stop?.aborted === true ? new Error(TOO_LATE) : error);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  // Node frames the body of a DELETE by neither length nor chunks unless it is told to (RFC 9112 §6).
  const headers = {
    ...more,
    origin: `https://${authority}`,
    ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  // The certificate is self-made: whom we talk to is decided by its fingerprint, before anything is sent.
  const asked = request({
    host,
    port,
    method,
    headers,
    path: `/api/v1${through}${path}`,
    agent: false,
    rejectUnauthorized: false,
    timeout: withinMs,
    ...(stop === undefined ? {} : { signal: stop }),
  });
  asked.on('socket', (socket) => {
    socket.once('secureConnect', () => {
      const shown = plainFingerprint((socket as TLSSocket).getPeerCertificate().fingerprint256);
      if (fingerprint !== undefined && shown !== fingerprint) asked.destroy(wrongCertificate(authority, shown));
    });
  });
  asked.once('timeout', () => asked.destroy(new Error(TOO_LATE)));
  asked.once('error', (error) => reject(failureOf(error)));
  asked.once('response', resolve);
  asked.end(payload);
  return { response: await promise, failureOf };
}

async function bytesOf(response: IncomingMessage, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > most) throw new UnderstudyError('limit', 'api/too-large', 'The answer is too large.');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function problemIn(body: Buffer): { readonly detail: string; readonly code: string | undefined } {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    const { detail, code } = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    return {
      detail: typeof detail === 'string' ? detail : '',
      code: typeof code === 'string' && /^[a-z-]{1,32}\/[a-z-]{1,32}$/.test(code) ? code : undefined,
    };
  } catch {
    return { detail: '', code: undefined };
  }
}

const unreachable = (authority: string, cause: unknown): UnderstudyError =>
  new UnderstudyError('unavailable', 'api/unreachable', `${authority} does not answer: ${messageOf(cause)}`, { cause });
const wrongCertificate = (authority: string, shown: string): UnderstudyError =>
  new UnderstudyError(
    'forbidden',
    'api/certificate',
    `${authority} shows another certificate than expected (${shown}): it was reinstalled, or it is not that server.`,
  );
