/** The ring of a camera that another failover server covers. */
import test from 'ava';
import { cameraOf, createRig, R1 } from './cover-rig.ts';

test('what another failover server records stays a ring however long its server is suspected, until it is covered here', async (t) => {
  const rig = createRig();
  rig.settings.set(R1, { cameras: [cameraOf('h')], secrets: {} });
  rig.cover.standby(R1, [{ cameraId: 'h', level: 'hot' }]);
  const start = rig.clock.now();
  rig.cover.suspect(R1, true);
  rig.cover.elsewhere(new Set(['h']));
  for (let index = 0; index < 6; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  await rig.clock.advance(5000);
  t.is(rig.rows.length, 3);
  rig.cover.elsewhere(new Set());
  for (let index = 6; index < 9; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  await rig.clock.advance(20_000);
  t.is(rig.rows.length, 6, 'it fell silent: this server may have to step in');
  rig.cover.elsewhere(new Set(['h']));
  rig.cover.cover({ serverId: R1, streams: [{ cameraId: 'h', stream: 'main' }], epoch: 2, lostFrom: rig.clock.now() });
  await rig.clock.advance(20_000);
  t.is(rig.rows.length, 6);
});
