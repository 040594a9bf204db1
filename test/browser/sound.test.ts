/** Sound in the browser: AAC is heard when it is asked for; G.711, which no browser decodes in MP4, is recorded and left out. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
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

/** Of Chromium: bytes of sound that were decoded. */
type Decoded = { readonly muted: boolean; readonly webkitAudioDecodedByteCount: number };
type Heard = { readonly muted: boolean; readonly decoded: number };

async function startRecording(t: ExecutionContext, sound: { readonly g711: boolean }) {
  t.timeout(180_000);
  const server = await startGstServer({ file: await clipOf('h264'), audio: true, ...sound });
  t.teardown(server.stop);
  const dataDir = await tempDir(t, 'sound');
  const box = await startBox({ dataDir, httpPort: 0, password: PASSWORD, clock: systemClock, logTo: 'ignore' });
  t.teardown(() => box.stop());
  const tested = await box.api.call('POST', '/cameras/test', { url: server.url() });
  t.like(tested, { ok: true, audioCodec: sound.g711 ? 'ulaw' : 'mp4a.40.2' });
  const made = await box.api.call('POST', '/cameras', { name: 'Porch', main: { url: server.url() } });
  const browser = await launch();
  t.teardown(() => browser.close());
  const url = `https://127.0.0.1:${box.port()}`;
  return { recording: { dataDir, box, ids: [textOf(made, 'id')], url }, ...(await openPage(t, browser)) };
}
type Started = Awaited<ReturnType<typeof startRecording>>;

async function playFrom({ page, recording }: Started, from: number): Promise<void> {
  await recordedUntil(recording, from + 8000);
  await page.goto(`${recording.url}/playback?at=${new Date(from + 1000).toISOString()}`);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await plays(page.locator('.stage video:not([hidden])'));
}

test('the pictures of a camera with G.711 sound play, live and in playback; its sound is recorded', async (t) => {
  const started = await startRecording(t, { g711: true });
  const { page, complaints, recording } = started;
  await signIn(page, recording.url, '/live');
  await plays(page.locator('.tile video'));
  await playFrom(started, Date.now());
  t.is(await page.getByRole('button', { name: 'Sound of Porch' }).count(), 0, 'there is none to be heard');
  t.deepEqual(complaints, []);
  const footage = join(recording.dataDir, 'footage');
  const files = (await readdir(footage, { recursive: true })).filter((name) => name.endsWith('.mp4'));
  const shown = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0', join(footage, files[0] ?? '')];
  const codecs = (await runProcess(t, 'ffprobe', ['-v', 'error', ...shown])).trim().split('\n');
  t.deepEqual(codecs.toSorted(), ['h264', 'pcm_mulaw']);
});

test('AAC sound is heard in playback once it is asked for, and silent again', async (t) => {
  const started = await startRecording(t, { g711: false });
  const { page, complaints, recording } = started;
  await signIn(page, recording.url, '/live');
  await playFrom(started, Date.now());
  const heard = async (): Promise<Heard> =>
    await page.locator('.stage video:not([hidden])').evaluate<Heard, Decoded>((video) => ({
      muted: video.muted,
      decoded: video.webkitAudioDecodedByteCount,
    }));
  t.true((await heard()).muted);
  await page.getByRole('button', { name: 'Sound of Porch' }).click();
  await waitFor('the sound', async () => !(await heard()).muted && (await heard()).decoded > 0, PATIENCE_MS);
  const { decoded } = await heard();
  await waitFor('more of it', async () => (await heard()).decoded > decoded, PATIENCE_MS);
  await page.getByRole('button', { name: 'Sound of Porch', pressed: true }).click();
  await waitFor('silence', async () => (await heard()).muted, PATIENCE_MS);
  t.deepEqual(complaints, []);
});
