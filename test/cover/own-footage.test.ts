/** Footage of cameras that became this server's own is no ring any more. */
import test from 'ava';
import { cameraOf, createRig, R1 } from './cover-rig.ts';

test('footage of a camera that was protected and is its own now stays, also while it is switched off', async (t) => {
  const rig = createRig();
  rig.settings.set(R1, { cameras: [cameraOf('h')], secrets: {} });
  rig.cover.standby(R1, [{ cameraId: 'h', level: 'hot' }]);
  const start = rig.clock.now();
  for (let index = 0; index < 6; index += 1) rig.record('h', start + index * 10_000, start + (index + 1) * 10_000);
  rig.box.ownFootageIds = new Set(['h']);
  rig.cover.drop(R1);
  await rig.clock.advance(20_000);
  t.is(rig.rows.length, 6);
});
