import test from 'ava';
import { hear } from '../../src/compose/hearing.ts';
import type { PeerEvent, RefusedCause } from '../../src/peer/network-types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { PeerRecord } from '../../src/site/peer.ts';

const [R, N] = [serverIdOf(2), serverIdOf(3)];
const replacedBy = { id: N, name: 'Hall', at: 1 };

/** What follows at a failover server when the original refuses it. */
function refusedBy(more: Partial<PeerRecord>, cause: RefusedCause): { heard: string[]; forgotten: string[] } {
  const [heard, forgotten]: [string[], string[]] = [[], []];
  const listeners: ((event: PeerEvent) => void)[] = [];
  const parts = {
    settings: memorySettings({ peers: [peerOf(2, { watched: true, ...more }), peerOf(3, { watched: true })] }),
    clock: createFakeClock(),
    activity: { record: () => undefined },
    log: { error: () => undefined },
  };
  const network = {
    listen: (listener: (event: PeerEvent) => void) => listeners.push(listener),
    handle: () => undefined,
    statusOf: () => ({ refused: { cause, message: 'no' } }),
  };
  const side = {
    watch: {
      hear: ({ peerId, kind }: { peerId: string; kind: string }) => heard.push(`${peerId} ${kind}`),
      stateOf: () => ({ watching: 'on' }),
    },
    known: {
      forgottenBy: async (id: string) => {
        forgotten.push(id);
        await Promise.resolve();
      },
    },
  };
  hear(parts as never, { network, late: {} } as never, side as never);
  const event = { kind: 'refused', peerId: R, at: 1, cause, message: 'no' } as never;
  for (const listener of listeners) listener(event);
  return { heard, forgotten };
}

test('a protected server that deauthorized this one is not down, and is forgotten', (t) => {
  t.deepEqual(refusedBy({}, 'deauthorized-by-peer'), { heard: [`${R} goodbye`], forgotten: [R] });
  t.deepEqual(refusedBy({}, 'refused-by-peer'), { heard: [`${R} goodbye`], forgotten: [] });
});

test('what a replaced original says counts for nothing while its successor is handed over to', (t) => {
  for (const cause of ['deauthorized-by-peer', 'refused-by-peer'] as const)
    t.deepEqual(refusedBy({ replacedBy }, cause), { heard: [], forgotten: [] });
});

test('a replaced original that was set up anew is forgotten when that is over', (t) => {
  t.deepEqual(refusedBy({ replacedBy, watched: false }, 'deauthorized-by-peer'), { heard: [], forgotten: [R] });
  t.deepEqual(refusedBy({ replacedBy, watched: false }, 'refused-by-peer'), { heard: [], forgotten: [] });
});
