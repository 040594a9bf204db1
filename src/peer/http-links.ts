/**
 * HTTP connections with one peer, for the site gateway: the side that asks is always the host, whoever dialled. Dialled if the peer's
 * address is known, else the peer is asked over the watch connection to dial. What is said on them is no business of the peer channel.
 *
 * Belongs here: making, counting, ending them. Does not: HTTP (control/site-gateway.ts, api/member-server.ts), who may dial (listener.ts).
 */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';

/** Of one peer: what a host carries to a member at once, and those that are kept for the next request. */
export const MAX_HTTP_CONNECTIONS = 288;
/** At once to one peer: the peer port counts who has not shown a certificate yet, eight from one address. */
export const MAX_HTTP_DIALS = 4;
const CONNECTED_WITHIN = durationMs(8000);
/** After it the system asks a silent end whether it is still there. */
const PROBE_AFTER_MS = 15_000;

export type HttpServing = {
  /** This peer may ask here: it manages this server. */
  readonly serves: (peerId: string) => boolean;
  readonly serve: (peerId: string, socket: TLSSocket) => void;
};
export type HttpLinksDeps = {
  readonly clock: Pick<Clock, 'after'>;
  readonly peerId: string;
  readonly serving: HttpServing;
  /** Undefined: its address is not known. */
  readonly dial: () => Promise<TLSSocket | undefined>;
  /** Resolves when the other side has dialled. */
  readonly ask: () => Promise<void>;
};
export type HttpLinks = {
  /** A new one, on which this side asks. @throws peer/no-http, peer/aborted, peer/too-many-http */
  readonly open: (signal: AbortSignal) => Promise<TLSSocket>;
  /** The other side dialled. */
  readonly adopt: (socket: TLSSocket) => void;
  /** The other side asks this one to dial. @throws peer/not-yours, peer/no-address */
  readonly dialled: () => Promise<void>;
  /** All of them, at once. */
  readonly end: () => void;
  readonly count: () => number;
};

/** Changed in place by the functions below. */
type State = {
  readonly deps: HttpLinksDeps;
  readonly held: Set<TLSSocket>;
  /** Asked the other side to dial, in the order they asked. */
  readonly waiting: Set<(socket: TLSSocket) => void>;
  readonly queue: (() => void)[];
  dialling: number;
};

export function createHttpLinks(deps: HttpLinksDeps): HttpLinks {
  const state: State = { deps, held: new Set(), waiting: new Set(), queue: [], dialling: 0 };
  return {
    open: async (signal) => await inTurn(state, signal, async () => await open(state, signal)),
    adopt: (socket) => adopt(state, socket),
    dialled: async () => {
      if (!deps.serving.serves(deps.peerId)) throw notYours();
      const socket = await deps.dial();
      if (socket === undefined) throw noAddress();
      serve(state, socket);
    },
    end: () => {
      for (const socket of state.held) socket.destroy();
    },
    count: () => state.held.size,
  };
}

async function inTurn<T>(state: State, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (state.dialling >= MAX_HTTP_DIALS) await new Promise<void>((resolve) => state.queue.push(resolve));
  else state.dialling += 1;
  try {
    if (signal.aborted) throw aborted();
    return await work();
  } finally {
    const next = state.queue.shift();
    if (next === undefined) state.dialling -= 1;
    else next();
  }
}

async function open(state: State, signal: AbortSignal): Promise<TLSSocket> {
  if (state.held.size >= MAX_HTTP_CONNECTIONS) throw tooMany();
  let problem = 'it does not dial';
  const failed = (error: unknown): undefined => void (problem = messageOf(error));
  const socket = (await state.deps.dial().catch(failed)) ?? (await dialledThere(state, signal, failed));
  if (signal.aborted) {
    socket?.destroy();
    throw aborted();
  }
  if (socket === undefined) throw noHttp(problem);
  return hold(state, socket);
}

async function dialledThere(
  state: State,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<TLSSocket | undefined> {
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<TLSSocket | undefined>();
  const give = (): void => resolve(undefined);
  const cancel = state.deps.clock.after(CONNECTED_WITHIN, give);
  signal.addEventListener('abort', give, { once: true });
  state.waiting.add(resolve);
  state.deps.ask().catch((error: unknown) => {
    failed(error);
    give();
  });
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', give);
    state.waiting.delete(resolve);
  }
}

/** Whoever manages this server asks; of another one it is only taken when it was asked for. */
function adopt(state: State, socket: TLSSocket): void {
  const { serving, peerId } = state.deps;
  if (serving.serves(peerId)) return serve(state, socket);
  const [first] = state.waiting;
  if (first === undefined) {
    socket.destroy();
    return;
  }
  state.waiting.delete(first);
  first(socket);
}

function serve(state: State, socket: TLSSocket): void {
  const { serving, peerId } = state.deps;
  if (state.held.size >= MAX_HTTP_CONNECTIONS || !serving.serves(peerId)) {
    socket.destroy();
    return;
  }
  serving.serve(peerId, hold(state, socket));
}

function hold(state: State, socket: TLSSocket): TLSSocket {
  state.held.add(socket);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, PROBE_AFTER_MS);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => state.held.delete(socket));
  return socket;
}

const notYours = (): UnderstudyError =>
  new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server asks it by HTTP.');
const noAddress = (): UnderstudyError =>
  new UnderstudyError('unsupported', 'peer/no-address', 'Neither server knows an address of the other one.');
const noHttp = (why: string): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/no-http', `No connection for requests could be made: ${why}`);
const tooMany = (): UnderstudyError =>
  new UnderstudyError('limit', 'peer/too-many-http', `There are ${MAX_HTTP_CONNECTIONS} connections for requests.`);
const aborted = (): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/aborted', 'Nobody waits for this connection any more.');
