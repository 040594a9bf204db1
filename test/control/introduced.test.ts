/** Other servers introduce themselves here: who may manage this one, and since when each is waited for. */
import test from 'ava';
import type { PeerIdentity } from '../../src/site/peer.ts';
import { OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import { code, rigOf } from './known-servers-rig.ts';
import type { Rig } from './known-servers-rig.ts';

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

test('who introduces itself again before it was heard is kept for the time being, from now on', async (t) => {
  const rig = rigOf({ mode: 'recording' });
  const introduce = async (): Promise<unknown> =>
    await rig.known.introduce({ peer: hostOf(8), role: 'manages' }, 'olga');
  await introduce();
  const { addedAt } = rig.known.find(serverIdOf(8));
  await rig.clock.advance(20_000);
  await introduce();
  t.like(rig.known.find(serverIdOf(8)), { provisional: true, addedAt: addedAt + 20_000 });
  await rig.settings.peers.update(({ peers }) => ({
    peers: peers.map(({ provisional: _provisional, ...heard }) => heard),
  }));
  await rig.clock.advance(20_000);
  await introduce();
  t.like(rig.known.find(serverIdOf(8)), { provisional: undefined, addedAt: addedAt + 20_000 }, 'once heard it stays');
});

test('of two hosts that introduce themselves at once one manages this server, however they come', async (t) => {
  const introduce = async (rig: Rig, n: number): Promise<unknown> =>
    await rig.known.introduce({ peer: hostOf(n), role: 'manages' }, 'olga');
  const pair = async (rig: Rig, n: number): Promise<unknown> =>
    await rig.known.paired({ identity: hostOf(n), host: undefined });
  for (const [first, second] of [
    [introduce, introduce],
    [introduce, pair],
    [pair, introduce],
    [pair, pair],
  ] as const) {
    const rig = rigOf({ mode: 'recording' });
    const [one, other] = await Promise.allSettled([first(rig, 8), second(rig, 9)]);
    t.is(one.status, 'fulfilled');
    t.like(other, { status: 'rejected', reason: { code: 'server/managed' } });
    t.deepEqual(
      rig
        .peers()
        .filter(({ managesUs }) => managesUs)
        .map(({ id }) => id),
      [serverIdOf(8)],
    );
  }
});
