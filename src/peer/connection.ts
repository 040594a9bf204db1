/**
 * One authenticated connection: carries a TLS socket to the conversation and the requests, and their words to the socket.
 * Belongs here: bytes in, bytes out, the end. Does not: who may connect (listener.ts, dialler.ts), what is made of it (peer-line.ts).
 */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.ts';
import { assertNever, messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import { MAX_MESSAGE_LENGTH, parseGreeting, parsePeerMessage } from '../wire/parse-peer-message.ts';
import { PEER_PROTOCOL_VERSION } from '../wire/peer-protocol.ts';
import type {
  Attachment,
  PeerBeat,
  PeerGoodbye,
  PeerHello,
  PeerKeepAlive,
  PeerMessage,
} from '../wire/peer-protocol.ts';
import type { ClockOffset } from './clock-offset.ts';
import {
  dueTickOf,
  initialConversation,
  MAX_SILENT_TICKS,
  refusal,
  SLOWEST_BYTES_A_TICK,
  step,
} from './conversation.ts';
import type { Conversation, ConversationEvent } from './conversation.ts';
import { BULK_LIMITS, createFrameReader, encodeFrame, WATCH_LIMITS } from './frames.ts';
import type { Frame, FrameLimits, FrameReader } from './frames.ts';
import type { Purpose } from './links.ts';
import type { DownCause, RefusedCause } from './network-types.ts';
import { addressOf } from './peer-tls.ts';
import { createRequests } from './requests.ts';
import type { Requests, RequestsDeps } from './requests.ts';

/** A hello with 32 frame grabbers fits. */
export const MAX_GREETING_BYTES: number = 16 * 1024;
/** Requests wait for room above it. */
const HIGH_WATER: number = 1024 * 1024;
/** Above it the other side does not read. One answer of the largest size fits. */
const MAX_UNSENT_BYTES: number = 8 * 1024 * 1024;
/** For the last words of a connection. */
const LINGER = durationMs(1000);

export type ToldMessage = PeerHello | PeerBeat | PeerKeepAlive | PeerGoodbye;
export type EndCause = DownCause | RefusedCause;
export type ConnectionDeps = Omit<RequestsDeps, 'post' | 'say' | 'clock'> & {
  readonly clock: Clock;
  readonly log: Log;
  readonly id: number;
  readonly socket: TLSSocket;
  readonly peerId: string;
  /** Undefined: they dialled, and say it in their hello. */
  readonly purpose: Purpose | undefined;
  readonly hello: () => Omit<PeerHello, 'kind' | 'protocol' | 'at' | 'purpose'>;
  /** Neither of the two watches the other. */
  readonly calm: () => boolean;
  /** Of the own timer so far. */
  readonly ticks: () => number;
  /** It needs each tick from now on, whatever `dueTick` was. */
  readonly stirred: () => void;
  /** Everything but requests and answers; the first is the hello. */
  readonly told: (connection: Connection, message: ToldMessage) => void;
  /** Once; nothing is told after it. */
  readonly ended: (connection: Connection, cause: EndCause, message: string) => void;
};
export type Connection = {
  readonly id: number;
  readonly dialledBy: 'us' | 'them';
  readonly address: string;
  readonly purpose: () => Purpose | undefined;
  readonly hello: () => PeerHello | undefined;
  readonly clock: () => ClockOffset | undefined;
  readonly requests: Requests;
  readonly unsent: () => number;
  /** Dropped when the connection is over. */
  readonly say: (message: PeerMessage) => void;
  /** Every `BEAT_MS`, or when it is due. */
  readonly tick: () => void;
  /** The tick it needs next, if it does not stir before. */
  readonly dueTick: () => number;
  /** At once. What was said before, and `last`, goes out if the other side takes it within a moment; undefined: nothing does. */
  readonly end: (cause: EndCause, message: string, last?: PeerGoodbye | 'as-said') => void;
};

/** Changed in place by the functions below. */
type Wire = {
  readonly deps: ConnectionDeps;
  readonly reader: FrameReader;
  readonly connection: Connection;
  state: Conversation;
  hello: PeerHello | undefined;
  /** Whole frames so far. */
  frames: number;
  over: boolean;
  /** A goodbye came. */
  parting: boolean;
  /** The tick at which the system took the last message, or the first of those that wait came. */
  flushedTick: number;
  /** Something waited at the last tick. */
  isUnsent: boolean;
  /** Resolves when there may be room again. */
  room: PromiseWithResolvers<void> | undefined;
};

export function createConnection(deps: ConnectionDeps): Connection {
  const { socket, purpose } = deps;
  const connection: Connection = {
    id: deps.id,
    dialledBy: purpose === undefined ? 'them' : 'us',
    address: addressOf(socket),
    purpose: () => purposeOf(wire),
    hello: () => wire.hello,
    clock: () => (wire.state.kind === 'open' ? wire.state.clock : undefined),
    requests: createRequests({
      ...deps,
      post: async (message, attachment) => await post(wire, message, attachment),
      say: (message) => write(wire, message, undefined),
    }),
    unsent: () => socket.writableLength,
    say: (message) => write(wire, message, undefined),
    tick: () => tick(wire),
    dueTick: () => (wire.isUnsent ? deps.ticks() + 1 : dueTickOf(wire.state, deps.ticks(), deps.calm())),
    end: (cause, message, last) => end(wire, { cause, message, last }),
  };
  const wire: Wire = {
    deps,
    connection,
    reader: createFrameReader({ jsonBytes: MAX_GREETING_BYTES, attachmentBytes: 0 }),
    state: initialConversation({ peerId: deps.peerId, purpose }, deps.ticks()),
    hello: undefined,
    frames: 0,
    over: false,
    parting: false,
    flushedTick: 0,
    isUnsent: false,
    room: undefined,
  };
  const gone = (message: string) => (): void => end(wire, { cause: 'closed', message, last: undefined });
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => heard(wire, chunk));
  socket.on('drain', () => makeRoom(wire));
  socket.once('end', gone('The other side ended the connection.'));
  socket.once('close', gone('The connection broke.'));
  socket.on('error', (error) => gone(messageOf(error))());
  if (purpose !== undefined) greet(wire, purpose);
  return connection;
}

const purposeOf = ({ deps, hello }: Wire): Purpose | undefined => deps.purpose ?? hello?.purpose;
const limitsOf = (wire: Wire): FrameLimits => (purposeOf(wire) === 'bulk' ? BULK_LIMITS : WATCH_LIMITS);

function heard(wire: Wire, chunk: Uint8Array): void {
  if (wire.over) return;
  play(wire, { kind: 'bytes', tick: wire.deps.ticks() });
  try {
    wire.reader.push(chunk, (frame) => {
      take(wire, frame);
      return !wire.over;
    });
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    const message = error.message.slice(0, MAX_MESSAGE_LENGTH);
    end(wire, { cause: error.code === 'peer/version' ? 'version' : 'protocol', message, last: refusal(message) });
  }
  if (wire.reader.pending() !== undefined) wire.deps.stirred();
}

function take(wire: Wire, { json, attachment }: Frame): void {
  const { clock } = wire.deps;
  const { requests } = wire.connection;
  wire.frames += 1;
  const message = wire.state.kind === 'greeting' ? parseGreeting(json) : parsePeerMessage(json);
  const isAnswer = message.kind === 'response' || message.kind === 'failure';
  if (attachment !== undefined && message.kind !== 'request' && !isAnswer)
    throw framing(`no attachment behind a ${message.kind}`);
  play(wire, { kind: 'message', at: clock.monotonic(), wallAt: clock.now(), message });
  if (wire.over) return;
  if (message.kind === 'request') requests.serve(message, attachment);
  if (isAnswer && !requests.answered(message, attachment)) throw framing('an answer to something that was asked');
}

function play(wire: Wire, event: ConversationEvent): void {
  const next = step(wire.state, event);
  wire.state = next.state;
  for (const effect of next.effects) {
    switch (effect.kind) {
      case 'say':
        write(wire, effect.message, undefined);
        break;
      case 'tell':
        tell(wire, effect.message);
        break;
      case 'end':
        end(wire, { ...effect, last: effect.goodbye });
        break;
      default:
        assertNever(effect);
    }
  }
}

function tell(wire: Wire, message: PeerMessage): void {
  const { deps, connection } = wire;
  if (message.kind === 'request' || message.kind === 'response' || message.kind === 'failure') return;
  if (message.kind === 'goodbye') wire.parting = true;
  if (message.kind === 'hello') {
    wire.hello = message;
    wire.reader.limit(limitsOf(wire));
    if (deps.purpose === undefined) greet(wire, message.purpose);
  }
  deps.told(connection, message);
}

function greet(wire: Wire, purpose: Purpose): void {
  const { clock, hello } = wire.deps;
  const common = { kind: 'hello', protocol: PEER_PROTOCOL_VERSION, purpose, at: clock.now() } as const;
  write(wire, { ...hello(), ...common }, undefined);
}

function tick(wire: Wire): void {
  const { clock, ticks } = wire.deps;
  const bytes = wire.reader.pending();
  const frame = bytes === undefined ? undefined : { ordinal: wire.frames, bytes };
  if (isStuck(wire)) return end(wire, { ...STUCK, last: undefined });
  const calm = wire.deps.calm();
  play(wire, { kind: 'tick', tick: ticks(), at: clock.monotonic(), wallAt: clock.now(), frame, calm });
}

/** Nothing was taken for 10 s, and one tick for so many bytes: 64 KiB a second. */
function isStuck(wire: Wire): boolean {
  const { socket, ticks } = wire.deps;
  const unsent = socket.writableLength;
  wire.isUnsent = unsent > 0;
  return wire.isUnsent && ticks() - wire.flushedTick > MAX_SILENT_TICKS + unsent / SLOWEST_BYTES_A_TICK;
}
const STUCK = { cause: 'stuck', message: 'The other side does not read what is sent.' } as const;

async function post(wire: Wire, message: PeerMessage, attachment: Attachment): Promise<void> {
  while (!wire.over && wire.deps.socket.writableLength > HIGH_WATER) {
    wire.room ??= Promise.withResolvers<void>();
    await wire.room.promise;
  }
  if (wire.over) throw closedError();
  write(wire, message, attachment);
}

function makeRoom(wire: Wire): void {
  wire.room?.resolve();
  wire.room = undefined;
}

function write(wire: Wire, message: PeerMessage, attachment: Attachment): void {
  const { socket, ticks } = wire.deps;
  if (wire.over) return;
  const pieces = encodeFrame(message, attachment, limitsOf(wire));
  if (socket.writableLength === 0) wire.flushedTick = ticks();
  socket.cork();
  for (const piece of pieces) socket.write(piece, () => (wire.flushedTick = ticks()));
  socket.uncork();
  if (socket.writableLength > MAX_UNSENT_BYTES) end(wire, { ...STUCK, last: undefined });
}

type End = { readonly cause: EndCause; readonly message: string; readonly last: PeerGoodbye | 'as-said' | undefined };
function end(wire: Wire, { cause, message, last }: End): void {
  const { deps, connection } = wire;
  const { socket, clock } = deps;
  if (wire.over) return;
  wire.over = true;
  if (last === undefined) socket.destroy();
  else lastWords(socket, clock, last === 'as-said' ? [] : encodeFrame(last, undefined, WATCH_LIMITS));
  makeRoom(wire);
  connection.requests.end(closedError());
  deps.ended(connection, cause === 'closed' && wire.parting ? 'goodbye' : cause, message);
}

const framing = (what: string): UnderstudyError => new UnderstudyError('protocol', 'peer/framing', `Expected ${what}.`);
const closedError = (): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/closed', 'The connection to the other server ended before the answer came.');

/** What still comes is dropped unread: closing over unread bytes would send a reset that overtakes the last words. */
export function lastWords(socket: TLSSocket, clock: Pick<Clock, 'after'>, pieces: readonly Uint8Array[]): void {
  socket.removeAllListeners('data');
  socket.on('error', () => undefined);
  socket.resume();
  socket.end(Buffer.concat(pieces));
  const cancel = clock.after(LINGER, () => socket.destroy());
  socket.once('close', cancel);
}
