import test from 'ava';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import {
  beatHeard,
  beatSent,
  initialClockOffset,
  MAX_BEATS_KEPT,
  MAX_SAMPLES,
  offsetOf,
  roundTripOf,
} from '../../src/peer/clock-offset.ts';
import { initialConversation, MAX_GREETING_TICKS, MAX_SILENT_TICKS, step } from '../../src/peer/conversation.ts';
import type { Conversation, ConversationEffect, ConversationEvent } from '../../src/peer/conversation.ts';
import { dialDelayOf } from '../../src/peer/back-off.ts';
import type { PeerHello, PeerMessage } from '../../src/wire/peer-protocol.ts';
import { FACTS, helloOf } from '../support/peer-rig.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const ID = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
const HELLO: PeerHello = helloOf({ id: ID, key: '', certificate: '', fingerprint: '' });
const said = (message: PeerMessage, at = 0): ConversationEvent => ({
  kind: 'message',
  at: monotonicMs(at),
  wallAt: epochMs(at + 5000),
  message,
});
const tick = (at = 0, frame?: { ordinal: number; bytes: number }): ConversationEvent => ({
  kind: 'tick',
  tick: 0,
  at: monotonicMs(at),
  wallAt: epochMs(at + 5000),
  frame,
});
const BYTES: ConversationEvent = { kind: 'bytes', tick: 0 };
/** Ticks are numbered as they come. */
function play(
  events: readonly ConversationEvent[],
  purpose?: 'watch' | 'bulk',
): { state: Conversation; effects: ConversationEffect[] } {
  let state = initialConversation({ peerId: ID, purpose }, 0);
  const effects: ConversationEffect[] = [];
  let ticks = 0;
  for (const event of events) {
    if (event.kind === 'tick') ticks += 1;
    const next = step(state, event.kind === 'message' ? event : { ...event, tick: ticks });
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}
const endOf = (events: readonly ConversationEvent[], purpose?: 'watch' | 'bulk') =>
  play(events, purpose).effects.find((effect) => effect.kind === 'end');

test('a hello of the right server for the right purpose opens; anything else ends', (t) => {
  t.is(play([said(HELLO)]).state.kind, 'open');
  t.is(endOf([said({ ...HELLO, serverId: ID.replace('5', '6') })])?.cause, 'wrong-server');
  t.is(endOf([said(HELLO)], 'bulk')?.cause, 'protocol');
  t.is(endOf([said({ kind: 'beat', seq: 1, at: 1, echo: undefined })])?.cause, 'protocol');
  t.is(endOf([said({ kind: 'goodbye', reason: 'refused', message: 'no' })])?.cause, 'refused-by-peer');
  t.is(endOf([said({ kind: 'goodbye', reason: 'deauthorized', message: 'no' })])?.cause, 'deauthorized-by-peer');
  t.is(endOf([said(HELLO), said(HELLO)])?.cause, 'protocol');
});

test('goodbyes that want no more end at once, the others leave the connection open', (t) => {
  for (const reason of ['replaced', 'refused', 'deauthorized'] as const)
    t.is(endOf([said(HELLO), said({ kind: 'goodbye', reason, message: '' })])?.cause, 'goodbye');
  for (const reason of ['shutdown', 'restart', 'update', 'error'] as const)
    t.is(endOf([said(HELLO), said({ kind: 'goodbye', reason, message: '' })]), undefined);
});

test('silence is counted in ticks, so a pause of our own is not held against the other side', (t) => {
  const ticks = (count: number): ConversationEvent[] => Array.from({ length: count }, (_, index) => tick(index * 250));
  t.is(endOf(ticks(MAX_GREETING_TICKS)), undefined);
  t.is(endOf(ticks(MAX_GREETING_TICKS + 1))?.cause, 'protocol');
  t.is(endOf([said(HELLO), ...ticks(MAX_SILENT_TICKS)]), undefined);
  t.is(endOf([said(HELLO), ...ticks(MAX_SILENT_TICKS + 1)])?.cause, 'silent');
  t.is(endOf([said(HELLO), ...ticks(MAX_SILENT_TICKS), BYTES, ...ticks(MAX_SILENT_TICKS)]), undefined);
  t.is(endOf([said(HELLO), tick(0), tick(3_600_000)]), undefined);
});

test('a frame that drips ends; a large one on a slow link does not', (t) => {
  const dripping = (ticks: number, bytes: number): ConversationEvent[] =>
    Array.from({ length: ticks }, (): ConversationEvent[] => [BYTES, tick(0, { ordinal: 3, bytes })]).flat();
  t.is(endOf([said(HELLO), ...dripping(MAX_SILENT_TICKS + 1, 100)]), undefined);
  t.is(endOf([said(HELLO), ...dripping(MAX_SILENT_TICKS + 2, 100)])?.cause, 'silent');
  t.is(endOf([said(HELLO), ...dripping(MAX_SILENT_TICKS + 60, 1024 * 1024)]), undefined);
});

test('beats echo the newest one that was heard', (t) => {
  const { effects } = play([
    said(HELLO),
    tick(0),
    said({ kind: 'beat', seq: 7, at: 1, echo: undefined }, 100),
    tick(250),
  ]);
  t.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'say' ? [effect.message] : [])),
    [
      { kind: 'beat', seq: 1, at: 5000, echo: undefined },
      { kind: 'beat', seq: 2, at: 5250, echo: { seq: 7, heldMs: 150 } },
    ],
  );
});

test('with random events nothing is said or told before the hello, nor after the end, and the end comes once', (t) => {
  const pool = (random: Random): ConversationEvent =>
    random.pick<ConversationEvent>([
      said(HELLO),
      said({ kind: 'beat', seq: random.int(0, 9), at: 1, echo: { seq: random.int(0, 9), heldMs: random.int(0, 900) } }),
      said({ ...FACTS, kind: 'keep-alive', seq: 1, at: 1 }),
      said({ kind: 'goodbye', reason: random.pick(['shutdown', 'replaced', 'error']), message: '' }),
      said({ kind: 'request', id: 1, method: 'x', params: {} }),
      BYTES,
      tick(random.int(0, 9999), random.pick([undefined, { ordinal: 1, bytes: 9 }])),
    ]);
  forSeeds(1000, (random) => {
    const events = Array.from({ length: random.int(1, 80) }, () => pool(random));
    if (random.chance(0.8)) events.unshift(said(HELLO));
    const { state, effects } = play(events);
    const ends = effects.filter(({ kind }) => kind === 'end');
    if (ends.length > 1 || (ends.length === 1) !== (state.kind === 'over')) throw new Error('not one end');
    if (ends.length === 1 && effects.at(-1)?.kind !== 'end') throw new Error('something after the end');
    const [first] = effects;
    if (first !== undefined && first.kind !== 'end' && !(first.kind === 'tell' && first.message.kind === 'hello'))
      throw new Error(`${first.kind} before the hello`);
  });
  t.pass();
});

test('round trip and clock offset come out right under jitter, and nothing grows', (t) => {
  forSeeds(50, (random) => {
    const ahead = random.int(-86_400_000, 86_400_000);
    let clock = initialClockOffset;
    for (let seq = 1; seq < 200; seq += 1) {
      const sentAt = seq * 250;
      clock = beatSent(clock, seq, monotonicMs(sentAt));
      if (random.chance(0.2)) continue;
      const there = random.chance(0.1) ? random.int(0, 400) : 5;
      const [heldMs, back] = [random.int(0, 250), random.chance(0.1) ? random.int(0, 400) : 5];
      const arrives = sentAt + there + heldMs + back;
      const beat = { kind: 'beat', seq, at: 1e12 + sentAt + there + heldMs + ahead, echo: { seq, heldMs } } as const;
      clock = beatHeard(clock, beat, monotonicMs(arrives), epochMs(1e12 + arrives));
      if (clock.samples.length > MAX_SAMPLES || clock.sent.length > MAX_BEATS_KEPT) throw new Error('it grows');
    }
    if (Math.abs((offsetOf(clock) ?? 0) + ahead) > 50 || (roundTripOf(clock) ?? 0) > 120) throw new Error('far off');
  });
  const forged = { kind: 'beat', seq: 1, at: 0, echo: { seq: 99, heldMs: 0 } } as const;
  t.is(beatHeard(initialClockOffset, forged, monotonicMs(1), epochMs(1)), initialClockOffset);
});

test('waits between attempts: 0.1 s to 1 s for watched servers, up to 30 s for others', (t) => {
  forSeeds(300, (random) => {
    const attempts = { failures: random.int(1, 40), watched: random.chance(0.5), refused: random.chance(0.3) };
    const delay = dialDelayOf(attempts, random.next());
    const most = attempts.refused ? (attempts.watched ? 5000 : 30_000) : attempts.watched ? 1000 : 30_000;
    if (delay < 50 || delay > most) throw new Error(`${delay}`);
  });
  t.is(dialDelayOf({ failures: 1, watched: true, refused: false }, 0), 50 as never);
  t.is(dialDelayOf({ failures: 9, watched: true, refused: false }, 0.999), 1000 as never);
  // Its host has told one of the two sooner than the other.
  t.is(dialDelayOf({ failures: 1, watched: false, refused: true }, 0), 500 as never);
  t.is(dialDelayOf({ failures: 9, watched: false, refused: true }, 0.999), 29_985 as never);
});
