/** Which ticks a line needs: all of them, or, where neither watches the other, those at which something can be due. */
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import {
  CALM_BEAT_TICKS,
  dueTickOf,
  initialConversation,
  MAX_SILENT_TICKS,
  step,
} from '../../src/peer/conversation.ts';
import type { Conversation, ConversationEvent } from '../../src/peer/conversation.ts';
import { NOW } from '../../src/peer/line-connections.ts';
import { tick } from '../../src/peer/line-ticks.ts';
import type { Ticked } from '../../src/peer/line-ticks.ts';
import { CALM_DOUBT_MS, doubtAt, initialLinks, step as stepLinks, wantsLink } from '../../src/peer/links.ts';
import type { Links } from '../../src/peer/links.ts';
import { BEAT_MS } from '../../src/wire/peer-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createIdentity, helloOf, rawPeer, recordOf, startBox } from '../support/peer-rig.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

const ID = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
const HELLO = helloOf({ id: ID, key: '', certificate: '', fingerprint: '' });
const CLOSE = 16;

/** What comes between two ticks. `frame`: the one that is in progress from then on. */
type Came = {
  readonly bytes: boolean;
  readonly beat: boolean;
  readonly frame: { ordinal: number; bytes: number } | undefined;
};
type Wire = { state: Conversation; due: number; readonly said: string[]; asked: number };

test('with the ticks that are due alone the same is said, and ends at the same tick, as with all of them', (t) => {
  let [all, due] = [0, 0];
  forSeeds(300, (random) => {
    const came = comings(random, 400);
    const every = played(came, true);
    const seldom = played(came, false);
    if (every.said.join('\n') !== seldom.said.join('\n'))
      throw new Error(`every tick:\n${every.said.join('\n')}\nthose that are due:\n${seldom.said.join('\n')}`);
    all += every.asked;
    due += seldom.asked;
  });
  t.true(due < all / 2, `${due} of ${all} ticks`);
});

/** Long silences, frames that stop in the middle, and mostly nothing. */
function comings(random: Random, length: number): readonly Came[] {
  const silentFrom = random.chance(0.3) ? random.int(20, length) : length;
  let [ordinal, frame] = [1, undefined as Came['frame']];
  return Array.from({ length }, (_, index) => {
    const bytes = index < silentFrom && random.chance(0.1);
    if (bytes && frame === undefined && random.chance(0.1)) frame = { ordinal, bytes: random.int(1, 200_000) };
    else if (bytes && frame !== undefined && random.chance(0.3)) frame = undefined;
    if (bytes) ordinal += 1;
    return { bytes, beat: bytes && frame === undefined && random.chance(0.5), frame };
  });
}

function played(all: readonly Came[], isEach: boolean): Wire {
  const wire: Wire = { state: initialConversation({ peerId: ID, purpose: 'watch' }, 0), due: 0, said: [], asked: 0 };
  play(wire, 0, { kind: 'message', at: monotonicMs(0), wallAt: epochMs(0), message: HELLO });
  for (const [index, { bytes, beat, frame }] of all.entries()) {
    const [before, now] = [index, index + 1];
    const [at, wallAt] = [monotonicMs(before * BEAT_MS + 100), epochMs(0)];
    if (bytes) play(wire, before, { kind: 'bytes', tick: before });
    if (beat)
      play(wire, before, { kind: 'message', at, wallAt, message: { kind: 'beat', seq: now, at: 0, echo: undefined } });
    if (bytes && frame !== undefined) wire.due = 0;
    if (!isEach && now < wire.due) continue;
    wire.asked += 1;
    play(wire, now, { kind: 'tick', tick: now, at: monotonicMs(now * BEAT_MS), wallAt, frame, calm: true });
    wire.due = dueTickOf(wire.state, now, true);
  }
  return wire;
}

function play(wire: Wire, at: number, event: ConversationEvent): void {
  const { state, effects } = step(wire.state, event);
  wire.state = state;
  for (const effect of effects) wire.said.push(`${at} ${JSON.stringify(effect)}`);
}

test('another connection is wanted exactly from the moment that is told before', (t) => {
  const link = (id: number, purpose: 'watch' | 'bulk') => ({ id, purpose, dialledBy: 'us', instance: 'one' }) as const;
  t.is(doubtAt(initialLinks(true, CALM_DOUBT_MS), 'watch'), monotonicMs(0));
  forSeeds(100, (random) => {
    let links: Links = initialLinks(true, CALM_DOUBT_MS);
    let at = 0;
    for (let id = 1; id < 6; id += 1) {
      at += random.int(0, 9000);
      links = stepLinks(links, { kind: 'ready', at: monotonicMs(at), link: link(id, id > 4 ? 'bulk' : 'watch') }).state;
      links = stepLinks(links, { kind: 'heard', at: monotonicMs(at + 5), id: random.int(1, id), echoed: true }).state;
    }
    const from = doubtAt(links, 'watch');
    if (wantsLink(links, 'watch', monotonicMs(from - 1)) || !wantsLink(links, 'watch', from))
      throw new Error('not then');
  });
  t.pass();
});

/** One connection that beats each 5 s, as a fake; how often line and dialling were asked. */
function lineOf(
  calm: boolean,
): Ticked & { count: { ticks: number; asked: number; considered: number; nowMs: number } } {
  const count = { ticks: 0, asked: 0, considered: 0, nowMs: 0 };
  const connection = {
    dialledBy: 'us' as const,
    purpose: () => 'watch' as const,
    tick: () => void (count.asked += 1),
    dueTick: () => count.ticks + CALM_BEAT_TICKS,
    end: () => undefined,
    requests: { open: () => 0 },
  };
  const { state: links } = stepLinks(initialLinks(true, CALM_DOUBT_MS), {
    kind: 'ready',
    at: monotonicMs(0),
    link: { id: 1, purpose: 'watch', dialledBy: 'us', instance: 'one' },
  });
  return {
    calm,
    links,
    due: NOW,
    count,
    deps: { ticks: () => count.ticks, clock: { monotonic: () => monotonicMs(count.nowMs) } },
    held: new Map([[1, { connection, idleTicks: 0, retiring: 0 }]]),
    redial: { consider: () => void (count.considered += 1) },
  };
}
function run(line: ReturnType<typeof lineOf>, ticks: number, stepMs: number = BEAT_MS): number {
  const before = line.count.asked;
  for (let left = ticks; left > 0; left -= 1) {
    line.count.ticks += 1;
    line.count.nowMs += stepMs;
    tick(line);
  }
  return line.count.asked - before;
}

test('a calm line is asked once each 5 s, any other each tick', (t) => {
  t.is(run(lineOf(false), 40), 40);
  t.is(run(lineOf(true), 41), 3);
});

test('a line that stirred, or is watched from now on, is asked at the next tick', (t) => {
  const line = lineOf(true);
  run(line, 5);
  line.due = NOW;
  t.is(run(line, 1), 1);
  t.is(run(line, 10), 0);
});

test('a line with another connection, or one on its way out, needs each tick', (t) => {
  const retiring = lineOf(true);
  for (const entry of retiring.held.values()) entry.retiring = 1;
  t.is(run(retiring, 10), 10);
  const two = lineOf(true);
  const [entry] = two.held.values();
  if (entry !== undefined) (two.held as Map<number, typeof entry>).set(2, { ...entry });
  t.is(run(two, 10), 20);
  t.is(run({ ...lineOf(true), held: new Map() }, 10), 0);
});

test('when nothing is heard any more dialling is considered by the clock, however few ticks there were', (t) => {
  const line = lineOf(true);
  run(line, 1);
  const before = line.count.considered;
  run(line, 3, CALM_DOUBT_MS / 3 + 1);
  t.is(line.count.considered, before + 1);
});

/** A calm member as raw TLS, and a host whose clock the test moves: no second of it passes. */
async function calmPair(t: Parameters<typeof startBox>[0]) {
  const clock = createFakeClock();
  const [member, host] = [await createIdentity(), await createIdentity()];
  const box = await startBox(t, host, {
    clock,
    isCalm: () => true,
    records: [recordOf(member, undefined, { watched: false })],
  });
  const peer = await rawPeer(box.network.port, member);
  t.teardown(() => void peer.socket.destroy());
  peer.say(helloOf(member));
  await box.next('up');
  await clock.advance(CLOSE * BEAT_MS);
  const ticksUntilDown = async (): Promise<number> => {
    for (let ticks = 0; ticks < 200; ticks += 1) {
      if (box.kinds().includes('down')) return ticks;
      await clock.advance(BEAT_MS);
      await turn(); // what was said goes out: nobody is stuck
    }
    return Infinity;
  };
  return { box, peer, clock, ticksUntilDown };
}

test('a calm line that hears nothing is over after 30 s, to the tick', async (t) => {
  const { box, peer, clock, ticksUntilDown } = await calmPair(t);
  peer.say({ kind: 'beat', seq: 1, at: 1 });
  await box.next('beat');
  await clock.advance(7 * BEAT_MS);
  t.is(await ticksUntilDown(), 30_000 / BEAT_MS + 1 - 7);
  t.is((await box.next('down')).cause, 'silent');
});

test('on a calm line a frame that stops in the middle ends it after 10 s, as on any other', async (t) => {
  const { box, peer, clock, ticksUntilDown } = await calmPair(t);
  await clock.advance(3 * BEAT_MS);
  const beat = JSON.stringify({ kind: 'beat', seq: 1, at: 1 });
  const head = (length: number): Buffer => Buffer.from([0, 0, 0, length, 1]);
  peer.socket.write(Buffer.concat([head(beat.length), Buffer.from(beat), head(beat.length), Buffer.from('{')]));
  await box.next('beat');
  t.is(await ticksUntilDown(), MAX_SILENT_TICKS + 2);
  t.is((await box.next('down')).cause, 'silent');
});

test('on a calm line the end of the other process, and what became worse here, are told at once', async (t) => {
  const { box, peer, clock } = await calmPair(t);
  await clock.advance(BEAT_MS);
  const heard = (): number => peer.messages.filter(({ kind }) => kind === 'keep-alive').length;
  const before = await waitFor('the keep-alive of the beginning', () => heard() || undefined);
  box.network.nudge();
  await waitFor('the news', () => (heard() > before ? true : undefined));
  peer.socket.destroy();
  t.is((await box.next('down')).cause, 'closed');
});
