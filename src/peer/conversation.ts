/**
 * What is said on one connection: hello from both sides first, then beats, until it ends. Pure: `step(state, event)` gives
 * the next state and effects. Silence is counted in ticks of the own timer, not by the clock: a pause of this process is not
 * held against the other side. A calm conversation is told only of the ticks at which something can be due (`dueTickOf`).
 *
 * Invariants:
 * 1. Nothing but a hello is taken as the first message, and no second one.
 * 2. After `end` nothing is said or told.
 *
 * Belongs here: order, versions, beats, silence. Does not: bytes (frames.ts), requests (requests.ts), which connection of
 * two is used (links.ts).
 */
import { assertNever } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import { BEAT_MS } from '../wire/peer-protocol.ts';
import type { PeerBeat, PeerGoodbye, PeerHello, PeerMessage } from '../wire/peer-protocol.ts';
import { beatHeard, beatSent, initialClockOffset } from './clock-offset.ts';
import type { ClockOffset } from './clock-offset.ts';
import type { Purpose } from './links.ts';
import type { DownCause, RefusedCause } from './network-types.ts';

/** From the end of the TLS handshake to the hello, in ticks of `BEAT_MS`. */
export const MAX_GREETING_TICKS: number = 5000 / BEAT_MS;
/** 10 s without a byte: a half-open connection. */
export const MAX_SILENT_TICKS: number = 10_000 / BEAT_MS;
/** Where nobody watches the other: a beat each 5 s, once the first have told round trip and clock, and 30 s of silence. */
export const CALM_BEAT_TICKS: number = 5000 / BEAT_MS;
export const MAX_CALM_SILENT_TICKS: number = 30_000 / BEAT_MS;
const CLOSE_BEATS = 16;
/** A frame may take 10 s, and one tick for so many bytes: 64 KiB a second. */
export const SLOWEST_BYTES_A_TICK: number = 16 * 1024;

type Frame = { readonly ordinal: number; readonly bytes: number };
/** Ticks are counted from the start of this process. */
type Watched = {
  /** When the last byte came. */
  readonly heardTick: number;
  /** The one in progress at the last tick, and since when; -1: there was none. */
  readonly frame: { readonly ordinal: number; readonly sinceTick: number };
};
export type Expected = {
  readonly peerId: string;
  /** Undefined: they dialled, and say it. */
  readonly purpose: Purpose | undefined;
};
export type Conversation =
  | ({ readonly kind: 'greeting'; readonly expected: Expected; readonly sinceTick: number } & Watched)
  | ({
      readonly kind: 'open';
      readonly hello: PeerHello;
      readonly nextSeq: number;
      /** Of the last beat. */
      readonly beatTick: number;
      /** The newest beat of the other side. */
      readonly heard: { readonly seq: number; readonly at: MonotonicMs } | undefined;
      readonly clock: ClockOffset;
    } & Watched)
  | { readonly kind: 'over' };

export type ConversationEvent =
  | { readonly kind: 'bytes'; readonly tick: number }
  | { readonly kind: 'message'; readonly at: MonotonicMs; readonly wallAt: EpochMs; readonly message: PeerMessage }
  /** Every `BEAT_MS`, or when it is due. `frame`: the one in progress. `calm`: neither of the two watches the other. */
  | {
      readonly kind: 'tick';
      readonly tick: number;
      readonly at: MonotonicMs;
      readonly wallAt: EpochMs;
      readonly frame: Frame | undefined;
      readonly calm?: boolean;
    };
export type ConversationEffect =
  | { readonly kind: 'say'; readonly message: PeerBeat }
  | { readonly kind: 'tell'; readonly message: PeerMessage }
  | {
      readonly kind: 'end';
      readonly cause: DownCause | RefusedCause;
      readonly message: string;
      readonly goodbye: PeerGoodbye | undefined;
    };
export type ConversationStep = { readonly state: Conversation; readonly effects: readonly ConversationEffect[] };

const NO_FRAME = -1;
export const initialConversation = (expected: Expected, tick: number): Conversation => ({
  kind: 'greeting',
  expected,
  sinceTick: tick,
  heardTick: tick,
  frame: { ordinal: NO_FRAME, sinceTick: tick },
});

/**
 * The tick it needs next if no byte comes before, but for whole frames. Any but a calm one needs every tick, and so does one in the
 * middle of a frame.
 */
export function dueTickOf(state: Conversation, tick: number, calm: boolean): number {
  const isSeldom = calm && state.kind === 'open' && state.nextSeq > CLOSE_BEATS && state.frame.ordinal === NO_FRAME;
  if (!isSeldom) return tick + 1;
  return Math.max(tick + 1, Math.min(state.beatTick + CALM_BEAT_TICKS, state.heardTick + MAX_CALM_SILENT_TICKS + 1));
}

export function step(state: Conversation, event: ConversationEvent): ConversationStep {
  if (state.kind === 'over') return { state, effects: [] };
  switch (event.kind) {
    case 'bytes':
      return to({ ...state, heardTick: event.tick });
    case 'message':
      return state.kind === 'greeting' ? greeted(state, event.message) : said(state, event);
    case 'tick':
      return ticked(state, event);
    default:
      return assertNever(event);
  }
}

type Greeting = Extract<Conversation, { kind: 'greeting' }>;
type Open = Extract<Conversation, { kind: 'open' }>;
type Said = Extract<ConversationEvent, { kind: 'message' }>;
type Tick = Extract<ConversationEvent, { kind: 'tick' }>;

const to = (state: Conversation, ...effects: readonly ConversationEffect[]): ConversationStep => ({ state, effects });
const end = (
  cause: DownCause | RefusedCause,
  message: string,
  goodbye: PeerGoodbye | undefined,
  ...before: readonly ConversationEffect[]
): ConversationStep => to({ kind: 'over' }, ...before, { kind: 'end', cause, message, goodbye });
export const refusal = (message: string): PeerGoodbye => ({ kind: 'goodbye', reason: 'refused', message });

function greeted(state: Greeting, message: PeerMessage): ConversationStep {
  if (message.kind === 'goodbye')
    return end(
      message.reason === 'deauthorized' ? 'deauthorized-by-peer' : 'refused-by-peer',
      message.message,
      undefined,
    );
  if (message.kind !== 'hello') return broken(`Expected a hello first, not ${message.kind}.`);
  const { peerId, purpose } = state.expected;
  if (message.serverId !== peerId) {
    const words = `Expected server ${peerId} behind this certificate, not ${message.serverId}: pair the two again.`;
    return end('wrong-server', words, refusal(words));
  }
  if (purpose !== undefined && message.purpose !== purpose)
    return broken(`Expected a hello for ${purpose}, not for ${message.purpose}.`);
  const { heardTick, frame } = state;
  return to(
    {
      kind: 'open',
      hello: message,
      nextSeq: 1,
      beatTick: heardTick,
      heard: undefined,
      clock: initialClockOffset,
      heardTick,
      frame,
    },
    { kind: 'tell', message },
  );
}

const broken = (words: string): ConversationStep => end('protocol', words, refusal(words));

function said(state: Open, { at, wallAt, message }: Said): ConversationStep {
  switch (message.kind) {
    case 'hello':
      return broken('Expected one hello, not a second.');
    case 'beat': {
      const heard = { seq: message.seq, at };
      return to({ ...state, heard, clock: beatHeard(state.clock, message, at, wallAt) }, { kind: 'tell', message });
    }
    case 'goodbye':
      return leavesNow(message)
        ? end('goodbye', message.message, undefined, { kind: 'tell', message })
        : to(state, { kind: 'tell', message });
    default:
      return to(state, { kind: 'tell', message });
  }
}

/** The others are said before the end, which the closing of the connection tells. */
const leavesNow = ({ reason }: PeerGoodbye): boolean =>
  reason === 'replaced' || reason === 'refused' || reason === 'deauthorized';

function ticked(state: Greeting | Open, event: Tick): ConversationStep {
  const { tick, frame, calm = false } = event;
  const mostSilent = calm ? MAX_CALM_SILENT_TICKS : MAX_SILENT_TICKS;
  if (tick - state.heardTick > mostSilent)
    return end('silent', `Nothing came for ${(mostSilent * BEAT_MS) / 1000} s.`, undefined);
  const watched = frameOf(state, frame, tick);
  if (frame !== undefined && tick - watched.sinceTick > MAX_SILENT_TICKS + frame.bytes / SLOWEST_BYTES_A_TICK)
    return end('silent', `A frame of ${frame.bytes} bytes stopped in the middle.`, undefined);
  if (state.kind === 'open') {
    const open = { ...state, frame: watched };
    return calm && isBeatenLately(open, tick) ? to(open) : beaten(open, event);
  }
  if (tick - state.sinceTick > MAX_GREETING_TICKS) return end('protocol', 'Expected a hello within 5 s.', undefined);
  return to({ ...state, frame: watched });
}

/** Since when the frame that is in progress has been. */
const frameOf = (state: Watched, frame: Frame | undefined, tick: number): Watched['frame'] =>
  frame !== undefined && frame.ordinal === state.frame.ordinal
    ? state.frame
    : { ordinal: frame?.ordinal ?? NO_FRAME, sinceTick: tick };

const isBeatenLately = ({ nextSeq, beatTick }: Open, tick: number): boolean =>
  nextSeq > CLOSE_BEATS && tick - beatTick < CALM_BEAT_TICKS;

function beaten(state: Open, { tick, at, wallAt }: Tick): ConversationStep {
  const { nextSeq: seq, heard } = state;
  const echo = heard && { seq: heard.seq, heldMs: durationMs(at - heard.at) };
  return to(
    { ...state, nextSeq: seq + 1, beatTick: tick, clock: beatSent(state.clock, seq, at) },
    { kind: 'say', message: { kind: 'beat', seq, at: wallAt, echo } },
  );
}
