/**
 * Requests and answers over one TCP connection, [MS-SMB2] §3.2.4.1, §3.2.5.1: message ids, credits, time limits, protection.
 *
 * Belongs here: that each request ends with its answer or a definite error. Does not: what requests mean (session.ts, smb-share.ts).
 * Invariants: once security was agreed on, nothing is sent or believed without signature or encryption. The first failure ends everything under
 * way and to come with the same error.
 */
import type { Socket } from 'node:net';
import { createCredits } from './credits.ts';
import { createFramer, lengthPrefix } from './framing.ts';
import { encodeHeader } from './header.ts';
import { record } from './little-endian.ts';
import { createPendingRequests } from './pending-requests.ts';
import type { Asked } from './pending-requests.ts';
import { believed, isInterim, isSigned, protectedParts } from './protection.ts';
import type { Received, Security } from './protection.ts';
import { aborted, brokenProtocol, connectionLost, refusalOf, STATUS } from './smb-error.ts';
import type { Patience } from './socket.ts';

export type Request = Asked & {
  readonly body: Uint8Array;
  readonly treeId?: number;
  /** Beside success. */
  readonly accept?: readonly number[];
};
export type Answer = Received & {
  /** Header and body of the request, without payload. */
  readonly sent: Uint8Array;
};

export type Connection = {
  /** See `Credits.take`; they are passed to a request at once, which gives them back. */
  readonly takeCredits: (wanted: number, doing: string) => Promise<number>;
  /** With credits taken before; it takes one itself if left out. Rejects with the refusal if the status is neither success nor in `accept`. */
  readonly request: (request: Request, credits?: number) => Promise<Answer>;
  /** Holds from the next request and the next answer on. */
  readonly agree: (agreed: Partial<Agreed>) => void;
  readonly close: () => void;
};

/** What the steps of setting up a session find out. */
type Agreed = {
  /** Requests say what they cost: the server knows requests above 64 KB. */
  charges: boolean;
  /** The session that requests belong to. */
  sessionId: bigint;
  security: Security | undefined;
};

/** So many credits are asked for that four writes of 1 MB and some small requests fit. */
const CREDITS_WANTED = 128;

type State = Agreed & {
  nextMessageId: bigint;
  failure: Error | undefined;
};

export function createConnection(socket: Socket, { clock, timeoutMs, signal }: Patience): Connection {
  const credits = createCredits();
  const pending = createPendingRequests({ clock, timeoutMs, fail });
  const state: State = { nextMessageId: 0n, sessionId: 0n, charges: false, security: undefined, failure: undefined };

  function fail(error: Error): void {
    if (state.failure !== undefined) return;
    state.failure = error;
    signal?.removeEventListener('abort', abort);
    credits.fail(error);
    pending.failAll(error);
    socket.destroy();
  }
  function abort(): void {
    fail(aborted());
  }

  /** Waiting for credits counts as waiting for the server. */
  async function takeCredits(wanted: number, doing: string): Promise<number> {
    if (state.failure !== undefined) throw state.failure;
    const cancel = pending.limit(doing);
    try {
      return await credits.take(wanted);
    } catch (error) {
      fail(asError(error));
      throw error;
    } finally {
      cancel();
    }
  }

  async function request(request: Request, taken?: number): Promise<Answer> {
    const charge = taken ?? (await takeCredits(1, request.doing));
    if (state.failure !== undefined) throw state.failure;
    const messageId = state.nextMessageId;
    state.nextMessageId += BigInt(charge);
    const sent = record(headerOf(request, state, { charge, messageId, available: credits.available() }), request.body);
    const answer = pending.add(messageId, request);
    const parts = request.payload === undefined ? [sent] : [sent, request.payload];
    write(socket, protectedParts(state.security, parts, messageId));
    const { header, message } = await answer;
    if (header.status === STATUS.success || (request.accept ?? []).includes(header.status))
      return { header, message, sent };
    throw refusalOf(header.status, request.doing);
  }

  function receive(raw: Uint8Array): void {
    const received = believed(state.security, raw);
    if (received === undefined) return;
    const interim = isInterim(received.header);
    if (interim) pending.extend(received.header);
    else pending.settle(received);
    credits.grant(received.header.credits);
    if (!interim) credits.settle();
  }

  listen(socket, { receive, fail, doing: pending.oldest });
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });

  return {
    takeCredits,
    request,
    agree: (agreed) => void Object.assign(state, agreed),
    close: () => fail(connectionLost('it was closed here', undefined)),
  };
}

type Numbers = { readonly charge: number; readonly messageId: bigint; readonly available: number };

const headerOf = (request: Request, state: State, { charge, messageId, available }: Numbers): Uint8Array =>
  encodeHeader({
    command: request.command,
    creditCharge: state.charges ? charge : 0,
    creditsWanted: Math.max(charge, CREDITS_WANTED - available),
    messageId,
    treeId: request.treeId ?? 0,
    sessionId: state.sessionId,
    signed: isSigned(state.security),
  });

/** One message, without joining its parts. */
function write(socket: Socket, parts: readonly Uint8Array[]): void {
  socket.cork();
  socket.write(lengthPrefix(parts.reduce((sum, { length }) => sum + length, 0)));
  for (const part of parts) socket.write(part);
  socket.uncork();
}

type Listener = {
  readonly receive: (message: Uint8Array) => void;
  readonly fail: (error: Error) => void;
  readonly doing: () => string | undefined;
};

function listen(socket: Socket, { receive, fail, doing }: Listener): void {
  const framer = createFramer();
  const lost = (cause: unknown): void => fail(connectionLost(doing() ?? 'nothing was under way', cause));
  socket
    .on('data', (chunk: Uint8Array) => {
      try {
        for (const message of framer.push(chunk)) receive(message);
      } catch (error) {
        fail(asError(error));
      }
    })
    .on('error', lost)
    .on('close', () => lost(undefined));
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : brokenProtocol('The server sent a message that cannot be read.');
