import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { isManageable, refuseManagement, refuseSwitchingOff, takeName } from '../../src/control/management.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';
import { code } from './known-servers-rig.ts';

const HOST = peerOf(9, { mode: 'host', managesUs: true, name: 'Office' });
function rigOf(peers = [HOST, peerOf(3, { mode: 'failover', watcher: true })]) {
  const settings = memorySettings({ mode: 'recording', peers });
  const entries: NewActivity[] = [];
  return { settings, entries, activity: { record: (entry: NewActivity) => entries.push(entry) } };
}

test('the host names a server, which keeps the name and says so', async (t) => {
  const rig = rigOf();
  await takeName(rig, serverIdOf(9), { name: 'Hall-1' });
  t.is(rig.settings.server.get().name, 'Hall-1');
  t.like(rig.entries, [{ code: 'server-renamed' }]);
  t.regex(rig.entries[0]?.message ?? '', /^Office.*Hall-1/);
  await takeName(rig, serverIdOf(9), { name: 'Hall-1' });
  t.is(rig.entries.length, 1, 'the same again is nothing new');
});

test('nobody but the host names it: no failover server, no stranger, no host that it left', async (t) => {
  for (const [id, peers] of [
    [3, undefined],
    [7, undefined],
    [9, [peerOf(9, { mode: 'host', managesUs: true, forgottenAt: 1 })]],
    [9, [peerOf(9, { mode: 'host' })]],
  ] as const) {
    const rig = rigOf(peers === undefined ? undefined : [...peers]);
    await t.throwsAsync(takeName(rig, serverIdOf(id), { name: 'Mine' }), code('peer/not-yours'));
    t.is(rig.settings.server.get().name, 'Own');
  }
});

test('what is no name is refused, whoever sends it', async (t) => {
  const rig = rigOf();
  for (const params of [
    undefined,
    {},
    { name: '' },
    { name: 'a/b' },
    { name: ' a' },
    { name: 'x'.repeat(33) },
    { name: 1 },
  ])
    await t.throwsAsync(takeName(rig, serverIdOf(9), params), code('peer/params'));
  await t.throwsAsync(takeName(rig, serverIdOf(9), { name: 'x', mode: 'host' }), code('peer/params'));
  t.is(rig.settings.server.get().name, 'Own');
});

test('a server may be managed unless its owner says no, which is no way out of a site', async (t) => {
  const rig = rigOf([]);
  t.true(isManageable(rig.settings));
  t.notThrows(() => refuseManagement(rig));
  t.notThrows(() => refuseSwitchingOff(rig));
  await rig.settings.server.update((before) => ({ ...before, managed: 'off' }));
  t.false(isManageable(rig.settings));
  t.throws(() => refuseManagement(rig), code('server/cms-off'));
  t.throws(() => refuseSwitchingOff(rigOf()), { ...code('server/managed'), message: /Office/ });
});
