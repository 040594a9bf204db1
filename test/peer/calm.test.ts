/** Signs of life between two that do not watch each other, such as a host and most of its members. */
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { isCalmWith } from '../../src/control/site-pace.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import {
  CALM_BEAT_TICKS,
  initialConversation,
  MAX_CALM_SILENT_TICKS,
  MAX_SILENT_TICKS,
  step,
} from '../../src/peer/conversation.ts';
import type { ConversationEffect } from '../../src/peer/conversation.ts';
import { CALM_DOUBT_MS, initialLinks, step as stepLinks, wantsLink } from '../../src/peer/links.ts';
import type { PeerEvent } from '../../src/peer/network-types.ts';
import { BEAT_MS } from '../../src/wire/peer-protocol.ts';
import { cameraOf, memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { FACTS, helloOf, pairOfBoxes } from '../support/peer-rig.ts';
import { waitFor } from '../support/wait-for.ts';

/** A calm line tells how it is every 20 s in any case. */
const AT_ONCE_MS = 10_000;
const ID = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
/** What is said in so many ticks after the hello; the other side is heard in each tick, or never. */
function play(ticks: number, calm: boolean, isHeard: boolean): readonly ConversationEffect['kind'][] {
  const message = helloOf({ id: ID, key: '', certificate: '', fingerprint: '' });
  const hello = { kind: 'message', at: monotonicMs(0), wallAt: epochMs(0), message } as const;
  let { state } = step(initialConversation({ peerId: ID, purpose: 'watch' }, 0), hello);
  const said: ConversationEffect['kind'][] = [];
  for (let count = 1; count <= ticks; count += 1) {
    if (isHeard) ({ state } = step(state, { kind: 'bytes', tick: count - 1 }));
    const at = monotonicMs(count * BEAT_MS);
    const next = step(state, { kind: 'tick', tick: count, at, wallAt: epochMs(at), frame: undefined, calm });
    ({ state } = next);
    said.push(...next.effects.map(({ kind }) => kind));
  }
  return said;
}

test('the first beats are as close as ever, so that clock and round trip are known; then one each 5 s', (t) => {
  const close = play(16, true, true).length;
  t.is(close, 16);
  t.is(play(16 + 10 * CALM_BEAT_TICKS, true, true).length, close + 10);
  t.is(play(116, false, true).length, 116);
});

test('a calm line is over after 30 s of silence, any other after 10', (t) => {
  t.false(play(MAX_CALM_SILENT_TICKS, true, false).includes('end'));
  t.true(play(MAX_CALM_SILENT_TICKS + 1, true, false).includes('end'));
  t.true(play(MAX_SILENT_TICKS + 1, false, false).includes('end'));
});

test('a seldom beat is no reason to dial anew', (t) => {
  const link = { id: 1, purpose: 'watch', dialledBy: 'us', instance: 'one' } as const;
  const { state } = stepLinks(initialLinks(true, CALM_DOUBT_MS), { kind: 'ready', at: monotonicMs(0), link });
  t.false(wantsLink(state, 'watch', monotonicMs(CALM_DOUBT_MS - 1)));
  t.true(wantsLink(state, 'watch', monotonicMs(CALM_DOUBT_MS)));
});

test('two that do not watch each other stay connected over one connection, with few signs of life', async (t) => {
  // Counted in the beats of the one who speaks: a busy machine has fewer of them in the same time.
  let ticks = 0;
  const every: Clock['every'] = (period, run) =>
    systemClock.every(period, () => {
      if (period === BEAT_MS) ticks += 1;
      run();
    });
  const passed = async (more: number): Promise<void> => {
    const until = ticks + more;
    await waitFor(`${more} ticks`, () => ticks >= until, 60_000);
  };
  const [first, second] = await pairOfBoxes(t, {
    first: { isCalm: () => true, clock: { ...systemClock, every } },
    second: { isCalm: () => true },
  });
  await passed(6000 / BEAT_MS);
  const from = second.events.length;
  await passed(8000 / BEAT_MS);
  const later = second.events.slice(from);
  const count = (kind: string): number => later.filter((event) => event.kind === kind).length;
  t.true(count('beat') >= 1 && count('beat') <= 4, `${count('beat')} beats`);
  t.true(count('keep-alive') <= 1, `${count('keep-alive')} keep-alives`);
  t.deepEqual(second.kinds(), ['up', 'hello']);
  const before = second.events.length;
  first.network.nudge();
  const isTold = (): boolean => second.events.slice(before).some(({ kind }) => kind === 'keep-alive');
  await waitFor('what became worse to be told at once', isTold, AT_ONCE_MS);
});

test('on a calm line it is told at once which cameras are covered, and whether they are recorded there', async (t) => {
  let covering: typeof FACTS.covering = [];
  const calm = { isCalm: () => true };
  const first = { ...calm, keepAlive: () => ({ ...FACTS, covering }) };
  const [, second] = await pairOfBoxes(t, { first, second: calm });
  const told = async (state: 'waiting' | 'recording', ...cameraIds: string[]): Promise<void> => {
    const before = second.events.length;
    const streams = cameraIds.map((cameraId) => ({ ...PROGRESS, cameraId, state }));
    covering = [{ serverId: serverIdOf(7), epoch: 2, state: 'covering', streams }];
    // One that was said before may still be on its way.
    const isNews = (event: PeerEvent): boolean =>
      event.kind === 'keep-alive' && isDeepStrictEqual(event.keepAlive.covering[0]?.streams, streams);
    t.truthy(await waitFor('it to be told', () => second.events.slice(before).find(isNews), AT_ONCE_MS));
  };
  await told('waiting', 'cam-1');
  await told('recording', 'cam-1');
  await told('recording', 'cam-1', 'cam-2');
});
const PROGRESS = { stream: 'main', cause: undefined, durableUntil: 1000, idleMs: 0 } as const;

test('host and member come to the same pace, and whoever is watched is never calm', (t) => {
  const recorder = peerOf(2);
  const spare = peerOf(4, { mode: 'failover' });
  const host = memorySettings({ mode: 'host', peers: [recorder, spare] });
  t.true(isCalmWith(host, recorder));
  t.true(isCalmWith(host, spare));
  t.false(isCalmWith(host, { ...spare, watcher: true }));
  const protection = [{ failoverServerId: spare.id, serverIds: [recorder.id] }];
  const records = { mode: 'host', peers: [recorder, spare], cameras: [cameraOf('cam-own')] } as const;
  t.false(isCalmWith(memorySettings(records), spare), 'it watches the host');
  t.true(isCalmWith(memorySettings({ ...records, site: { hostId: OWN_ID, protection } }), spare));
  const manager = peerOf(9, { mode: 'host', managesUs: true });
  const member = memorySettings({ mode: 'failover', peers: [manager, recorder] });
  t.true(isCalmWith(member, manager));
  t.false(isCalmWith(member, { ...manager, watched: true }));
  t.false(isCalmWith(member, peerOf(5, { mode: 'failover' })), 'they hear of each other whether a claim stands');
  t.false(isCalmWith(member, { ...recorder, watched: true }));
  t.false(isCalmWith(memorySettings({ mode: 'recording' }), { ...spare, watcher: true, id: serverIdOf(4) }));
});
