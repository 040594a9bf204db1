import test from 'ava';
import { hostView } from '../../src/control/host-view.ts';
import { HOST_GONE_MS } from '../../src/site/host-role.ts';
import { memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';

const HOST_ID = serverIdOf(2);
/** Shown by a failover server whose host was silent for so long. */
async function silentSecondsAfter(silentMs: number): Promise<number | undefined> {
  const settings = memorySettings();
  await settings.peers.update(() => ({ peers: [peerOf(2, { mode: 'host', managesUs: true })] }));
  const view = hostView({
    settings,
    describe: () => peerOf(1),
    isConnected: () => false,
    addressOf: () => undefined,
    role: { disputes: () => new Map(), successors: () => [] },
    copies: { latest: () => undefined, hasNewest: () => false },
    taking: {
      answer: () => ({ hostId: HOST_ID, silentMs }),
      obstacle: () => undefined,
      automaticAfterMs: () => undefined,
    },
    now: () => 0,
  });
  return view.here.silentSeconds;
}

test('a host is shown as silent for as long as it takes to be gone only when the role may be taken', async (t) => {
  t.not(OWN_ID, HOST_ID);
  t.is(await silentSecondsAfter(HOST_GONE_MS - 1), HOST_GONE_MS / 1000 - 1);
  t.is(await silentSecondsAfter(HOST_GONE_MS), HOST_GONE_MS / 1000);
});
