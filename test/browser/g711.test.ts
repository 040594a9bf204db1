/** A camera with G.711 sound, which no browser decodes in MP4: its pictures are shown, live and in playback, and the sound is recorded. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Locator } from 'playwright-core';
import { systemClock } from '../../src/core/clock.ts';
import { startBox, textOf } from '../../src/demo/demo-box.ts';
import { launch, openPage } from '../support/browser.ts';
import { clipOf } from '../support/clips.ts';
import { startGstServer } from '../support/gst-server.ts';
import { runProcess } from '../support/processes.ts';
import { PASSWORD, PATIENCE_MS, recordedUntil, signIn } from '../support/real-box.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

type Playing = { readonly currentTime: number; readonly videoWidth: number };
async function plays(video: Locator): Promise<void> {
  const state = async (): Promise<Playing> =>
    await video.evaluate<Playing, Playing>(({ currentTime, videoWidth }) => ({ currentTime, videoWidth }));
  await waitFor(
    'a picture',
    async () => (await video.count()) === 1 && (await state()).videoWidth === 640,
    PATIENCE_MS,
  );
  const { currentTime } = await state();
  await waitFor('it to move on', async () => (await state()).currentTime > currentTime + 1, PATIENCE_MS);
}

test('the pictures of a camera with G.711 sound play, live and in playback; its sound is recorded', async (t) => {
  t.timeout(180_000);
  const server = await startGstServer({ file: await clipOf('h264'), audio: true, g711: true });
  t.teardown(server.stop);
  const dataDir = await tempDir(t, 'g711');
  const box = await startBox({ dataDir, httpPort: 0, password: PASSWORD, clock: systemClock, logTo: 'ignore' });
  t.teardown(() => box.stop());
  const tested = await box.api.call('POST', '/cameras/test', { url: server.url() });
  t.like(tested, { ok: true, audioCodec: 'ulaw' });
  const made = await box.api.call('POST', '/cameras', { name: 'Porch', main: { url: server.url() } });
  const ids = [textOf(made, 'id')];
  const url = `https://127.0.0.1:${box.port()}`;
  const recording = { dataDir, box, ids, url };
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  await signIn(page, url, '/live');
  await plays(page.locator('.tile video'));
  const from = Date.now();
  await recordedUntil(recording, from + 8000);
  await page.goto(`${url}/playback?at=${new Date(from + 1000).toISOString()}`);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await plays(page.locator('.stage video:not([hidden])'));
  t.deepEqual(complaints, []);
  const footage = join(dataDir, 'footage');
  const files = (await readdir(footage, { recursive: true })).filter((name) => name.endsWith('.mp4'));
  const shown = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0', join(footage, files[0] ?? '')];
  const codecs = (await runProcess(t, 'ffprobe', ['-v', 'error', ...shown])).trim().split('\n');
  t.deepEqual(codecs.toSorted(), ['h264', 'pcm_mulaw']);
});
