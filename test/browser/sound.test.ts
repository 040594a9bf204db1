/** Sound in the browser, live and in playback: AAC is heard when it is asked for; G.711, which no browser decodes in MP4, is recorded and left out. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Locator } from 'playwright-core';
import { systemClock } from '../../src/core/clock.ts';
import { startBox, textOf } from '../../src/demo/demo-box.ts';
import type { AudioTrack } from '../../src/media/tracks.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { launch, openPage } from '../support/browser.ts';
import { clipOf } from '../support/clips.ts';
import { startGstServer } from '../support/gst-server.ts';
import { packetsOfOgg, recordLive } from '../support/live-recording.ts';
import { runProcess } from '../support/processes.ts';
import { PASSWORD, PATIENCE_MS, recordedUntil, signIn } from '../support/real-box.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

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
type LiveVideo = Decoded & {
  readonly currentTime: number;
  readonly buffered: { readonly length: number; readonly end: (index: number) => number };
  readonly getVideoPlaybackQuality: () => { readonly totalVideoFrames: number };
};
type Live = Heard & { readonly pictures: number; readonly behind: number };
type Heard = { readonly muted: boolean; readonly decoded: number };

async function startRecording(t: ExecutionContext, sound: { readonly g711: boolean }) {
  t.timeout(180_000);
  const server = await startGstServer({ file: await clipOf('h264'), audio: true, ...sound });
  t.teardown(server.stop);
  const dataDir = await tempDir(t, 'sound');
  const box = await startBox({ dataDir, httpPort: 0, password: PASSWORD, clock: systemClock, logTo: 'ignore' });
  t.teardown(() => box.stop());
  // The camera is a process of its own, which begins to send when it is asked for its pictures.
  const tested = await waitFor(
    'the camera to be there',
    async () => {
      const result = await box.api.call('POST', '/cameras/test', { url: server.url() });
      return typeof result === 'object' && result !== null && 'ok' in result && result.ok === true && result;
    },
    PATIENCE_MS,
  );
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
  const button = page.getByRole('button', { name: 'Sound of Porch: It is recorded, but browsers cannot play G.711' });
  await shows(t, async () => await button.getAttribute('aria-disabled'), 'true');
  await button.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('paragraph').filter({ hasText: 'Sound of Porch: It is recorded' }).waitFor();
  await shows(t, async () => await button.getAttribute('aria-pressed'), 'false');
  await playFrom(started, Date.now());
  await shows(
    t,
    async () => await page.getByRole('button', { name: 'Sound of Porch' }).count(),
    0,
    'there is none to be heard',
  );
  t.deepEqual(complaints, []);
  const footage = join(recording.dataDir, 'footage');
  // The oldest: the newest may have been made a moment ago.
  const [file] = (await readdir(footage, { recursive: true })).filter((name) => name.endsWith('.mp4')).toSorted();
  const shown = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0', join(footage, file ?? '')];
  const codecs = (await runProcess(t, 'ffprobe', ['-v', 'error', ...shown])).trim().split('\n');
  t.deepEqual(codecs.toSorted(), ['h264', 'pcm_mulaw']);
});

/** Chromium plays pictures only as far as it has sound: both go on together, or neither. */
async function hearLive(t: ExecutionContext, { page, recording }: Started): Promise<void> {
  const asked: string[] = [];
  page.on('websocket', (socket) => asked.push(new URL(socket.url()).search));
  await signIn(page, recording.url, '/live');
  const video = page.locator('.tile video');
  await plays(video);
  const state = async (): Promise<Live> =>
    await video.evaluate<Live, LiveVideo>((one) => ({
      muted: one.muted,
      decoded: one.webkitAudioDecodedByteCount,
      pictures: one.getVideoPlaybackQuality().totalVideoFrames,
      behind: one.buffered.length === 0 ? 0 : one.buffered.end(one.buffered.length - 1) - one.currentTime,
    }));
  t.like(await state(), { muted: true, decoded: 0 });
  await video.focus();
  await page.keyboard.press('s');
  await waitFor('the sound', async () => (await state()).decoded > 0, PATIENCE_MS);
  const before = await state();
  t.false(before.muted);
  await waitFor(
    'more pictures and more sound',
    async () => (await state()).pictures > before.pictures + 50 && (await state()).decoded > before.decoded,
    PATIENCE_MS,
  );
  t.log(`${(await state()).behind.toFixed(2)} s behind the newest`);
  await page.getByRole('button', { name: 'Sound of Porch', pressed: true }).click();
  await waitFor('silence', async () => (await state()).muted && (await state()).decoded === 0, PATIENCE_MS);
  await plays(video);
  t.deepEqual([...new Set(asked)], ['?stream=main', '?stream=main&audio=true'], 'without sound unless it is asked for');
  t.is(asked.at(-1), '?stream=main');
}

test('AAC sound is heard live and in playback once it is asked for, and silent again', async (t) => {
  const started = await startRecording(t, { g711: false });
  const { page, complaints } = started;
  await hearLive(t, started);
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

type Played = {
  readonly ranges: number;
  readonly seconds: number;
  readonly pictures: number;
  readonly decoded: number;
  readonly error: string | undefined;
};
/** In the browser: the whole view in one source buffer, played to its end at twice the speed. */
const PLAY = `async ({ mime, base64 }) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const video = Object.assign(document.createElement('video'), { muted: true, playbackRate: 2 });
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  document.body.replaceChildren(video);
  await new Promise((done) => source.addEventListener('sourceopen', done, { once: true }));
  const buffer = source.addSourceBuffer(mime);
  const appended = new Promise((done) => buffer.addEventListener('updateend', done, { once: true }));
  buffer.appendBuffer(bytes);
  await appended;
  const ranges = buffer.buffered.length;
  const seconds = ranges === 0 ? 0 : buffer.buffered.end(ranges - 1) - buffer.buffered.start(0);
  source.endOfStream();
  const ended = new Promise((done) => {
    for (const event of ['ended', 'error']) video.addEventListener(event, done);
    setTimeout(done, 20_000); // behind a hole it stands still for ever
  });
  video.defaultPlaybackRate = video.playbackRate = 2;
  await video.play();
  await ended;
  const pictures = video.getVideoPlaybackQuality().totalVideoFrames;
  return { ranges, seconds, pictures, decoded: video.webkitAudioDecodedByteCount, error: video.error?.message };
}`;

test('AAC and Opus with holes, and sound that never comes: every picture plays, in one piece', async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page } = await openPage(t, browser);
  const { audio } = await loadScene(0);
  if (audio === undefined) throw new Error('the simulated camera has sound');
  const aac: AudioTrack = { ...audio, codecString: 'mp4a.40.2' };
  const ogg = join(await tempDir(t, 'opus'), 'tone.ogg');
  const tone = ['-f', 'lavfi', '-i', 'sine=duration=3', '-c:a', 'libopus', '-frame_duration', '20', ogg];
  await runProcess(t, 'ffmpeg', ['-v', 'error', ...tone]);
  const opus: AudioTrack = {
    codec: 'opus',
    sampleRate: 48_000,
    channels: 1,
    config: new Uint8Array(0),
    codecString: 'opus',
  };
  const isLost = (index: number): boolean => index % 20 > 14;
  const aacFrames = { track: aac, frames: audio.frames, frameMs: 1_024_000 / audio.sampleRate };
  const sounds = {
    aac: { ...aacFrames, lost: isLost },
    opus: { track: opus, frames: packetsOfOgg(await readFile(ogg)), frameMs: 20, lost: isLost },
    none: { ...aacFrames, lost: () => true },
  };
  for (const [name, sound] of Object.entries(sounds)) {
    const messages = await recordLive(4000, sound);
    const { codec } = JSON.parse(String(messages[0])) as { readonly codec: string };
    const base64 = Buffer.concat(messages.filter((message) => typeof message !== 'string')).toString('base64');
    const mime = `video/mp4; codecs="${codec},${sound.track.codecString}"`;
    const played = await page.evaluate<Played>(`(${PLAY})(${JSON.stringify({ mime, base64 })})`);
    t.log(`${name}: ${JSON.stringify(played)}`);
    t.like(played, { ranges: 1, error: undefined, pictures: 100 }, name);
    t.true(played.seconds > 3.5 && played.decoded > 0, name);
  }
});
