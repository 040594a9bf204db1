/** Other servers introduce themselves here: who may manage this one, and since when each is waited for. */
import test from 'ava';
import type { PeerIdentity } from '../../src/site/peer.ts';
import { OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import { code, rigOf } from './known-servers-rig.ts';

const hostOf = (n: number): PeerIdentity => ({
  id: serverIdOf(n),
  name: `Host ${n}`,
  mode: 'host',
  fingerprint: String(n).repeat(64),
});

test('a failover server that has the role of the host is managed by no other host; another one may protect it', async (t) => {
  const rig = rigOf({ mode: 'failover' });
  const role = { siteId: serverIdOf(9), hostId: OWN_ID, term: 2, since: 1, successors: [], acting: true };
  await rig.settings.server.update((server) => ({ ...server, hostRole: role }));
  await t.throwsAsync(rig.known.introduce({ peer: hostOf(8), role: 'manages' }, 'olga'), {
    ...code('server/foreign'),
    message: /^This server is the host of a site.*role/,
  });
  t.deepEqual(rig.peers(), []);
  const spare = { ...hostOf(4), mode: 'failover' as const };
  await t.notThrowsAsync(rig.known.introduce({ peer: spare, role: 'protects' }, 'olga'));
});
