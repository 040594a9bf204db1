import test from 'ava';
import { lookForReturned } from '../../src/compose/returned-set-up.ts';
import type { PeerEvent } from '../../src/peer/network-types.ts';
import { monotonicMs } from '../../src/core/units.ts';
import { FACTS } from '../support/peer-rig.ts';

function rig() {
  const connected = new Set<string>();
  const hurried: string[] = [];
  let hear: (event: PeerEvent) => void = () => undefined;
  const stop = lookForReturned({
    listen: (listener) => {
      hear = listener;
      return () => undefined;
    },
    statusOf: (id) => ({ connected: connected.has(id) }) as never,
    hurry: (id) => void hurried.push(id),
  });
  const tell = (...covered: readonly (readonly [string, 'covering' | 'handing-over', number])[]): void => {
    const covering = covered.map(([serverId, state, streams]) => ({
      serverId,
      epoch: 2,
      state,
      streams: Array.from({ length: streams }, (_, index) => ({
        cameraId: `cam-${index}`,
        stream: 'main' as const,
        state: 'recording' as const,
        cause: undefined,
        durableUntil: 1,
        idleMs: 0,
      })),
    }));
    const keepAlive = { ...FACTS, covering, kind: 'keep-alive', seq: 1, at: 1 } as const;
    hear({ kind: 'keep-alive', at: monotonicMs(1), peerId: 'F', keepAlive });
  };
  return {
    connected,
    hurried,
    tell,
    stop,
    down: () => hear({ kind: 'down', at: monotonicMs(1), peerId: 'F', cause: 'closed', message: '' }),
  };
}

test('a server whose cameras are handed back is dialled at once, and not while it is only covered', (t) => {
  const { hurried, tell } = rig();
  tell(['R', 'covering', 2]);
  tell(['R', 'covering', 2]);
  t.deepEqual(hurried, []);
  tell(['R', 'handing-over', 2]);
  t.deepEqual(hurried, ['R']);
  tell();
  t.deepEqual(hurried, ['R', 'R']);
  tell();
  t.deepEqual(hurried, ['R', 'R']);
});

test('one that is connected is left alone, and nothing is concluded when who covers goes away', (t) => {
  const { connected, hurried, tell, down } = rig();
  tell(['R', 'covering', 1], ['S', 'covering', 1]);
  connected.add('R');
  tell();
  t.deepEqual(hurried, ['S']);
  tell(['T', 'covering', 1]);
  down();
  tell();
  t.deepEqual(hurried, ['S']);
});
