/** A server was replaced by the word of another failover server: what this one had of it goes to its successor. */
import test from 'ava';
import { createFollowing } from '../../src/compose/replacing-other.ts';
import type { FailoverParts } from '../../src/compose/failover-box.ts';
import type { Side } from '../../src/compose/failover-side.ts';
import type { Peers } from '../../src/compose/peer-set-up.ts';
import { silentLog } from '../../src/core/log.ts';
import type { HostRole } from '../../src/site/host-role.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { memorySettings, OWN_ID, peerOf, serverIdOf } from '../support/memory-settings.ts';
import type { MemorySettings } from '../support/memory-settings.ts';

const [ORIGINAL, SUCCESSOR] = [serverIdOf(2), serverIdOf(3)];
const original = peerOf(2, { watched: true, replacedBy: { id: SUCCESSOR, name: 'Hall', at: 5 } });

type Rig = {
  readonly settings: MemorySettings;
  readonly follow: () => Promise<void>;
  readonly forgotten: readonly string[];
  /** Cameras of it that are covered here still. */
  wanted: Readonly<Record<string, object>>;
};
function rigOf(peers: readonly PeerRecord[]): Rig {
  const settings = memorySettings({ mode: 'failover', peers });
  const forgotten: string[] = [];
  const rig = { wanted: {} as Readonly<Record<string, object>> };
  const quiet = async (): Promise<void> => await Promise.resolve();
  const side = {
    watch: {
      stateOf: () => ({ wanted: rig.wanted, restoring: [] }),
      hear: () => undefined,
      tell: () => undefined,
    },
    restoration: { readdress: quiet, list: () => [] },
    backups: {
      take: quiet,
      forget: async (id: string) => {
        forgotten.push(id);
        await Promise.resolve();
      },
    },
  };
  const follow = createFollowing({
    parts: { settings, log: silentLog } as unknown as FailoverParts,
    peers: { network: { statusOf: () => undefined } } as unknown as Peers,
    side: side as unknown as Side,
  });
  return Object.assign(rig, { settings, forgotten, follow: async () => await follow(() => false) });
}
const originalIn = ({ settings }: Rig): PeerRecord | undefined =>
  settings.peers.get().peers.find(({ id }) => id === ORIGINAL);

test('it is forgotten when all is with its successor, and not before', async (t) => {
  const rig = rigOf([original, peerOf(3, { watched: true })]);
  rig.wanted = { 'door main': {} };
  await rig.follow();
  t.deepEqual(originalIn(rig), original);
  rig.wanted = {};
  await rig.follow();
  t.is(originalIn(rig), undefined);
  t.deepEqual(rig.forgotten, [ORIGINAL]);
});

test('the failover server that is the host keeps it: it is who tells it when it returns', async (t) => {
  const rig = rigOf([original, peerOf(3, { watched: true })]);
  const hostRole: HostRole = { siteId: OWN_ID, hostId: OWN_ID, term: 2, since: 1, successors: [], acting: true };
  await rig.settings.server.update((server) => ({ ...server, hostRole }));
  await rig.follow();
  t.deepEqual(originalIn(rig), { ...original, watched: false });
  t.deepEqual(rig.forgotten, [ORIGINAL], 'of its settings nothing is kept');
  await rig.follow();
  t.deepEqual(rig.forgotten, [ORIGINAL], 'once');
});
