/**
 * A key frame that is far away is asked for: GStreamer's RTSP server with a live encoder and a key frame each 20 s, joined in the
 * middle by a second recorder; and simulated cameras, by every picture.
 */
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { CameraOptions } from '../../src/simulator/simulated-camera.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { startGstServer } from '../support/gst-server.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import type { MediaUnderTest } from '../support/media-process.ts';
import { waitFor } from '../support/wait-for.ts';

const PATIENCE_MS = 60_000;
const INTERVAL_SECONDS = 20;

const isRecorded = (media: MediaUnderTest, cameraId: string): boolean =>
  media
    .events()
    .some((event) => event.kind === 'stream-state' && event.cameraId === cameraId && event.state.kind === 'recording');

for (const codec of ['h264', 'h265'] as const)
  for (const transport of ['tcp', 'udp'] as const)
    test(`${codec} over ${transport}: recording begins with a key frame that was asked for`, async (t) => {
      const server = await startGstServer({ encodedEvery: INTERVAL_SECONDS, codec });
      t.teardown(server.stop);
      const media = await startMedia(t);
      const first = orderOf('first', server.url(), { transport });
      media.order([first]);
      await waitFor('the first to be recorded', () => isRecorded(media, 'first'), PATIENCE_MS);
      await waitFor('some pictures', () => media.recordedSeconds('first') >= 2, PATIENCE_MS);
      const before = media.recordedSeconds('first');
      media.order([first, orderOf('late', server.url(), { transport })]);
      await waitFor('the second to be recorded', () => isRecorded(media, 'late'), PATIENCE_MS);
      // By the same camera's pictures, not by a clock: the next one that it owes nobody is still to come.
      const waited = media.recordedSeconds('first') - before;
      t.log(`${waited.toFixed(1)} s after it was asked for`);
      t.true(before + waited < INTERVAL_SECONDS / 2, `${before + waited} s of ${INTERVAL_SECONDS}`);
    });

/** Of the clips of the simulated cameras. */
const GROUP = 50;

test('simulated cameras, held and not, over TCP and UDP: the first picture was asked for, and nothing is missing behind it', async (t) => {
  const options = ['tcp', 'udp', 'held', 'held-udp', 'cached'].map((id): CameraOptions => {
    return { id, keyFramesOnRequest: id !== 'cached', start: id === 'cached' ? 'cached' : 'next-key-frame' };
  });
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  const media = await startMedia(t);
  const orders = simulator.cameras.map((camera) =>
    orderOf(camera.id, camera.urlOf('main'), { transport: camera.id.endsWith('udp') ? 'udp' : 'tcp' }),
  );
  media.order(orders.map((order) => ({ ...order, hold: order.cameraId.startsWith('held') })));
  const isReady = (cameraId: string): boolean =>
    media
      .events()
      .some((event) => event.kind === 'stream-state' && event.cameraId === cameraId && event.state.kind === 'ready');
  for (const id of ['held', 'held-udp']) await waitFor(`${id} to be held`, () => isReady(id), PATIENCE_MS);
  media.order(orders);
  for (const { cameraId } of orders)
    await waitFor(`footage of ${cameraId}`, () => media.recordedSeconds(cameraId) >= 3, PATIENCE_MS);
  await media.stop();
  const begins: number[] = [];
  for (const { cameraId } of orders) {
    const {
      accessUnits,
      first = 0,
      missing,
      doubled,
      reordered,
      altered,
    } = await media.check({
      cameraId,
      stream: 'main',
      codec: 'h264',
    });
    t.true(accessUnits > GROUP, cameraId);
    t.deepEqual({ missing, doubled, reordered, altered }, { missing: [], doubled: [], reordered: [], altered: [] });
    if (cameraId !== 'cached') begins.push(first % GROUP);
  }
  t.true(begins.filter((at) => at !== 0).length >= 3, `begun at ${begins.join(', ')} of ${GROUP}`);
});
