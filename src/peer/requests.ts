/**
 * Requests on one connection: those asked here and waited for, those of the other side being answered.
 * Belongs here: ids, time limits, how many at once, errors across the wire. Does not: frames and sockets (connection.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { ErrorKind } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import { MAX_MESSAGE_LENGTH } from '../wire/parse-peer-message.ts';
import type { Attachment, PeerError, PeerRequest, PeerResponse } from '../wire/peer-protocol.ts';
import type { PeerCaller, PeerHandler, PeerReply, PeerRequestOptions } from './network-types.ts';

/** Waited for at once on one connection: 64 pieces of 1 MiB are more than any link has on its way. */
export const MAX_PENDING_REQUESTS = 64;
/** Of the other side, answered at once; one more is refused. */
export const MAX_SERVED_REQUESTS = 64;
export const ANSWER_WITHIN = durationMs(10_000);

export type RequestsDeps = {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  readonly handlerOf: (method: string) => PeerHandler | undefined;
  readonly caller: () => Omit<PeerCaller, 'signal'>;
  /** Resolves when there was room for it; rejects when the connection ended or the message is too large. */
  readonly post: (message: PeerRequest | PeerResponse, attachment: Attachment) => Promise<void>;
  /** At once, whether there is room or not. */
  readonly say: (message: PeerResponse) => void;
};
export type Requests = {
  readonly ask: (method: string, params: unknown, options: PeerRequestOptions) => Promise<PeerReply>;
  /** False: an answer to what was never asked. */
  readonly answered: (message: PeerResponse, attachment: Attachment) => boolean;
  readonly serve: (message: PeerRequest, attachment: Attachment) => void;
  /** Waited for or being answered. */
  readonly open: () => number;
  /** Everything waited for fails with `error`; nothing is answered any more. */
  readonly end: (error: UnderstudyError) => void;
};

type Waiting = { readonly settle: (outcome: { readonly reply: PeerReply } | { readonly error: unknown }) => void };

export function createRequests(deps: RequestsDeps): Requests {
  const waiting = new Map<number, Waiting>();
  const ending = new AbortController();
  let ended: UnderstudyError | undefined;
  let lastId = 0;
  let served = 0;

  const serve = async (message: PeerRequest, attachment: Attachment): Promise<void> => {
    served += 1;
    try {
      const { answer, bytes } = await answerTo(deps, ending.signal, { message, attachment });
      if (!ending.signal.aborted) await postAnswer(deps, answer, bytes);
    } catch (error) {
      deps.log.debug('peer answer not sent', { method: message.method, error });
    } finally {
      served -= 1;
    }
  };
  return {
    ask: async (method, params, options) => {
      if (ended !== undefined) throw ended;
      if (options.signal?.aborted) throw aborted(method);
      if (waiting.size >= MAX_PENDING_REQUESTS) throw tooMany(method);
      lastId += 1;
      return await askOnce(deps, waiting, { message: { kind: 'request', id: lastId, method, params }, options });
    },
    answered: (message, attachment) => {
      waiting
        .get(message.id)
        ?.settle(
          message.kind === 'response'
            ? { reply: { result: message.result, attachment } }
            : { error: errorOfPeer(message.error) },
        );
      return message.id <= lastId; // a late one is no offence
    },
    serve: (message, attachment) => {
      if (served < MAX_SERVED_REQUESTS) void serve(message, attachment);
      else deps.say({ kind: 'failure', id: message.id, error: errorForPeer(busy()) });
    },
    open: () => waiting.size + served,
    end: (error) => {
      ended ??= error;
      ending.abort();
      for (const { settle } of waiting.values()) settle({ error });
    },
  };
}

type Served = { readonly message: PeerRequest; readonly attachment: Attachment };
async function answerTo(
  { handlerOf, caller, log }: RequestsDeps,
  signal: AbortSignal,
  { message: { id, method, params }, attachment: given }: Served,
): Promise<{ readonly answer: PeerResponse; readonly bytes: Attachment }> {
  try {
    const handler = handlerOf(method);
    if (handler === undefined) throw unknownMethod(method);
    const { result, attachment } = await handler({ ...caller(), signal }, params, given);
    return { answer: { kind: 'response', id, result: result ?? null }, bytes: attachment };
  } catch (error) {
    if (!(error instanceof UnderstudyError)) log.error('peer request failed', { method, error });
    return { answer: { kind: 'failure', id, error: errorForPeer(error) }, bytes: undefined };
  }
}

/** An answer that is too large to be sent is told as a failure instead. */
async function postAnswer({ post }: RequestsDeps, answer: PeerResponse, attachment: Attachment): Promise<void> {
  try {
    await post(answer, attachment);
  } catch (error) {
    if (!(error instanceof UnderstudyError) || error.code !== 'peer/too-large') throw error;
    await post({ kind: 'failure', id: answer.id, error: errorForPeer(error) }, undefined);
  }
}

type Asked = { readonly message: PeerRequest; readonly options: PeerRequestOptions };
async function askOnce(
  { clock, post }: RequestsDeps,
  waiting: Map<number, Waiting>,
  { message, options: { attachment, timeoutMs = ANSWER_WITHIN, signal } }: Asked,
): Promise<PeerReply> {
  const { promise, resolve, reject } = Promise.withResolvers<PeerReply>();
  const abort = (): void => settle({ error: aborted(message.method) });
  const cancel: Cancel = clock.after(timeoutMs, () => settle({ error: late(message.method, timeoutMs) }));
  const settle: Waiting['settle'] = (outcome) => {
    cancel();
    signal?.removeEventListener('abort', abort);
    waiting.delete(message.id);
    if ('reply' in outcome) resolve(outcome.reply);
    else reject(outcome.error);
  };
  waiting.set(message.id, { settle });
  signal?.addEventListener('abort', abort, { once: true });
  post(message, attachment).catch((error: unknown) => settle({ error }));
  return await promise;
}

const KINDS: ReadonlySet<string> = new Set<ErrorKind>([
  'invalid',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'limit',
  'unavailable',
  'protocol',
  'corrupt',
  'storage',
  'unsupported',
]);
const errorOfPeer = ({ kind, code, message }: PeerError): UnderstudyError =>
  new UnderstudyError(KINDS.has(kind) ? (kind as ErrorKind) : 'unavailable', code, message);
/** What was not raised on purpose stays in our log: it may name paths. */
const errorForPeer = (error: unknown): PeerError =>
  error instanceof UnderstudyError
    ? { kind: error.kind, code: error.code.slice(0, 64), message: messageOf(error).slice(0, MAX_MESSAGE_LENGTH) }
    : { kind: 'unavailable', code: 'peer/failed', message: 'The other server could not do it; its log says why.' };

export const aborted = (method: string): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/aborted', `${method} was given up here.`);
const tooMany = (method: string): UnderstudyError =>
  new UnderstudyError('limit', 'peer/too-many-requests', `${method}: ${MAX_PENDING_REQUESTS} requests wait already.`);
export const late = (method: string, after: number): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/timeout', `Expected an answer to ${method} within ${after} ms.`);
const busy = (): UnderstudyError =>
  new UnderstudyError(
    'limit',
    'peer/busy',
    `Expected at most ${MAX_SERVED_REQUESTS} requests at once: ask again later.`,
  );
const unknownMethod = (method: string): UnderstudyError =>
  new UnderstudyError('unsupported', 'peer/unknown-method', `Expected a method that this server has, not ${method}.`);
