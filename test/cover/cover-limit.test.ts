/** A limit of channels that is lowered while cameras are covered. */
import test from 'ava';
import { cameraOf, createRig, R1 } from './cover-rig.ts';

const main = (cameraId: string) => ({ cameraId, stream: 'main' }) as const;

test('a limit that is lowered while cameras are covered holds for what comes', (t) => {
  const rig = createRig();
  rig.settings.set(R1, { cameras: ['a', 'b', 'c'].map((id) => cameraOf(id)), secrets: {} });
  const cover = (...ids: readonly string[]) =>
    rig.cover.cover({ serverId: R1, streams: ids.map(main), epoch: 2, lostFrom: rig.clock.now() - 1000 });
  cover('a', 'b');
  rig.box.maxChannels = 1;
  rig.cover.refresh();
  t.like(cover('a', 'b', 'c'), [{ cameraId: 'c', cause: 'not-covered-channel' }]);
  t.deepEqual(
    rig.cover.orders().map(({ cameraId }) => cameraId),
    ['a', 'b'],
  );
  t.deepEqual(rig.cover.channels(), { max: 2, used: 2 }, 'others must not take them for free');
  rig.cover.release(R1, ['a', 'b', 'c'].map(main));
  t.deepEqual(rig.cover.channels(), { max: 1, used: 0 });
});
