/** A failover or recording server that has the role of the host adds servers like a host. */
import test from 'ava';
import type { HostRole } from '../../src/site/host-role.ts';
import { OWN_ID, serverIdOf } from '../support/memory-settings.ts';
import { remoteOf, REQUEST, rigOf } from './known-servers-rig.ts';
import type { Rig } from './known-servers-rig.ts';

const ROLE: HostRole = { siteId: serverIdOf(9), hostId: OWN_ID, term: 2, since: 1, successors: [], acting: true };
async function actingHost(mode: 'failover' | 'recording'): Promise<Rig> {
  const rig = rigOf({ mode });
  await rig.settings.server.update((server) => ({ ...server, hostRole: ROLE }));
  return rig;
}

test('it asks to manage them, failover servers too, and protects those that record if it is a failover server', async (t) => {
  const rig = await actingHost('failover');
  t.like(await rig.known.add(REQUEST, 'olga'), { watched: true, managesUs: false, introduced: false });
  t.true(
    rig.sent.some((line) => line.includes('"manages"')),
    rig.sent.join('\n'),
  );
  rig.remote = remoteOf({ id: serverIdOf(3), mode: 'failover' });
  t.like(await rig.known.add(REQUEST, 'olga'), { watched: false, watcher: false, managesUs: false });
});

test('it refuses another host, and servers of other sites', async (t) => {
  const rig = await actingHost('failover');
  rig.remote = remoteOf({ mode: 'host' });
  await t.throwsAsync(rig.known.add(REQUEST, 'olga'), { code: 'server/mode' });
  rig.remote = remoteOf({ site: { kind: 'member', host: { id: serverIdOf(7), name: 'Elsewhere' } } });
  await t.throwsAsync(rig.known.add(REQUEST, 'olga'), { code: 'server/foreign' });
  t.deepEqual(rig.peers(), []);
});

test('a recording server without the role adds nobody, with it it does', async (t) => {
  await t.throwsAsync(rigOf({ mode: 'recording' }).known.add(REQUEST, 'olga'), { code: 'server/mode' });
  const rig = await actingHost('recording');
  t.like(await rig.known.add(REQUEST, 'olga'), { watched: false, managesUs: false });
});
