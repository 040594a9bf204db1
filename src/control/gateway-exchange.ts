/**
 * One request to a member and its answer, by HTTP/1.1 over a connection of the peer channel (docs/design/site-gateway.md).
 * Belongs here: from request to answer, JSON, the end when nobody waits any more. Does not: which member, how many (site-gateway.ts).
 */
import { request as httpRequest } from 'node:http';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import type { ErrorKind } from '../core/errors.ts';
import { CALLER_HEADER, encodeCaller, MAX_CALLER_CAMERAS } from '../site/gateway-caller.ts';
import type { GatewayAnswer, GatewayRequest } from './gateway-types.ts';

/** The whole list of cameras of a full server is a tenth of it. */
export const MAX_JSON_ANSWER: number = 8 * 1024 * 1024;
/** Of every member: its own routes stand below. */
const API = '/api/v1';

export type Exchanged =
  | ({ readonly kind: 'answer' } & GatewayAnswer)
  | {
      readonly kind: 'open';
      readonly headers: Readonly<Record<string, string>>;
      readonly socket: Duplex;
      readonly head: Uint8Array;
    };

/** Aborting the signal ends it, and what came of it. @throws gateway/cameras, gateway/aborted, and errors of the connection */
export async function exchange(agent: Agent, request: GatewayRequest, signal: AbortSignal): Promise<Exchanged> {
  try {
    return await once(agent, request, signal);
  } catch (error) {
    // A connection that waited for it, and ended at the other side at that very moment; nothing was carried out.
    const isStale = error instanceof StaleError && request.body === undefined && isSafe(request.method);
    if (!isStale || signal.aborted) throw error;
    return await once(agent, request, signal);
  }
}

class StaleError extends Error {}
/** RFC 9110 §9.2.1. */
export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';

async function once(agent: Agent, request: GatewayRequest, signal: AbortSignal): Promise<Exchanged> {
  if (signal.aborted) throw aborted();
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
  const asked = httpRequest({
    agent,
    host: 'member',
    method: request.method,
    path: `${API}${request.path}`,
    headers: { ...request.headers, ...framingOf(request), [CALLER_HEADER]: callerOf(request) },
  });
  const abort = (): void => void asked.destroy(aborted());
  signal.addEventListener('abort', abort, { once: true });
  const done = (): void => signal.removeEventListener('abort', abort);
  asked.on('error', (error) => {
    const isStale = asked.reusedSocket && systemCodeOf(error) === 'ECONNRESET';
    reject(isStale ? new StaleError(error.message) : error);
  });
  asked.once('close', done);
  asked.once('response', (response) => {
    endWith(response, signal);
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 600)
      resolve({ kind: 'answer', status, headers: headersOf(response), body: response });
    else asked.destroy(new UnderstudyError('unavailable', 'gateway/status', `it answered with the status ${status}`));
  });
  asked.once('upgrade', (response, socket, head) => {
    const end = (): void => void socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', end));
    resolve({ kind: 'open', headers: headersOf(response), socket, head });
  });
  sendBody(asked, request.body);
  return await promise;
}

/**
 * RFC 9112 §6. Node sends the body of a method that seldom has one (GET, DELETE ...) without any, and on a connection that goes on: the
 * member would read it as requests of their own, with whatever caller they name.
 */
function framingOf({ body, headers }: GatewayRequest): Readonly<Record<string, string>> {
  if (body === undefined) return {};
  if (!(body instanceof Readable)) return { 'content-length': String(body.length) };
  return headers?.['content-length'] === undefined ? { 'transfer-encoding': 'chunked' } : {};
}

/** Not after its end: the connection may be another request's by then. */
function endWith(response: IncomingMessage, signal: AbortSignal): void {
  const end = (): void => void response.destroy(aborted());
  signal.addEventListener('abort', end, { once: true });
  const done = (): void => signal.removeEventListener('abort', end);
  response.once('end', done);
  response.once('close', done);
  response.on('error', () => undefined); // who reads it hears of it too
}

function sendBody(asked: ClientRequest, body: GatewayRequest['body']): void {
  if (!(body instanceof Readable)) {
    asked.end(body);
    return;
  }
  const broken = (): void => {
    if (!body.readableEnded) asked.destroy(aborted());
  };
  body.once('error', broken);
  body.once('close', broken);
  body.pipe(asked);
  // A member that answers before it has read all: the rest is of no use, but its sender must not get stuck with it.
  asked.once('close', () => {
    body.unpipe(asked);
    body.resume();
  });
}

function callerOf({ caller }: GatewayRequest): string {
  const text = encodeCaller(caller);
  if (text !== undefined) return text;
  const message = `An account that is limited to more than ${MAX_CALLER_CAMERAS} cameras cannot be told to other servers: permit it all of them.`;
  throw new UnderstudyError('limit', 'gateway/cameras', message);
}

const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );

const problemSchema = z.looseObject({ code: z.string().max(64), detail: z.string().max(4000) });
const KINDS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  412: 'conflict',
  422: 'invalid',
  423: 'conflict',
  429: 'limit',
  501: 'unsupported',
  502: 'protocol',
  503: 'unavailable',
  507: 'storage',
};

/** @throws what the member answers, with its code and words; gateway/answer */
export async function jsonOf(exchanged: Exchanged, name: string): Promise<unknown> {
  if (exchanged.kind !== 'answer') {
    exchanged.socket.destroy();
    throw noAnswer(name);
  }
  const { status } = exchanged;
  const text = await textOf(exchanged.body, name);
  if (status === 204) return undefined;
  const value = parsed(text, name);
  if (status < 400) return value;
  const problem = problemSchema.safeParse(value);
  if (!problem.success) throw noAnswer(name);
  throw new UnderstudyError(KINDS[status] ?? 'protocol', problem.data.code, problem.data.detail, {
    context: { status },
  });
}

async function textOf(body: Readable, name: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of body as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > MAX_JSON_ANSWER) throw noAnswer(name);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof UnderstudyError) throw error;
    throw new UnderstudyError('unavailable', 'server/broke-off', `${name} broke off its answer.`, { cause: error });
  }
  return Buffer.concat(parts).toString();
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noAnswer(name);
  }
}

const noAnswer = (name: string): UnderstudyError =>
  new UnderstudyError('protocol', 'gateway/answer', `${name} does not answer as this release expects.`);
const aborted = (): UnderstudyError =>
  new UnderstudyError('unavailable', 'gateway/aborted', 'the request was given up');
