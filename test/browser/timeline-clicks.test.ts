/** Clicks on the timeline of footage that is recorded for real: each brings the picture of its time, far and near; panning keeps up. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launch, openPage } from '../support/browser.ts';
import { quietestPan, wordsOfPan } from '../support/playback-page.ts';
import {
  framesOff,
  isPictureOf,
  PATIENCE_MS,
  readBarCodesOf,
  recordedUntil,
  shownNumber,
  signIn,
  startRecordingBox,
} from '../support/real-box.ts';
import { waitFor } from '../support/wait-for.ts';

/** Beside one frame of rounding: the wall clock of a picture is estimated from its arrival. */
const FRAMES_OFF = 2;
const CLICKS = 40;
/** A recorder runs beside it. */
const STEADY_MS = 34;

test('every click on the timeline brings the picture of that time; panning keeps up on real footage', async (t) => {
  t.timeout(240_000);
  const box = await startRecordingBox(t, [{ id: 'street' }, { id: 'garden' }], ['Street', 'Garden']);
  const [camera] = box.simulator.cameras;
  if (camera === undefined) throw new Error('no camera');
  await recordedUntil(box, Date.now());
  // A whole second: the edges of the timeline are then whole seconds too, which is all that the slider tells of them.
  const begin = Math.ceil(Date.now() / 1000) * 1000;
  await recordedUntil(box, begin + 50_000);
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  await readBarCodesOf(page);
  const playlists = playlistsOf(page);
  await signIn(page, box.url, `/playback?at=${new Date(begin + 20_000).toISOString()}`);
  const video = page.locator('.stage video:not([hidden])');
  await video.waitFor();
  await page.getByRole('button', { name: '10 min' }).click();
  await clickThrough(t, { page, video, camera, begin, playlists, complaints });
  await page.getByRole('button', { name: '24 h' }).click();
  const pan = await quietestPan(page, 300, STEADY_MS);
  t.log(`pan of real footage: ${wordsOfPan(pan)}`);
  t.true(pan.median < STEADY_MS, wordsOfPan(pan));
  t.deepEqual(complaints, []);
});

type Clicked = {
  readonly page: Page;
  readonly video: Locator;
  readonly camera: SimulatedCamera;
  readonly begin: number;
  /** For what is told of a click without its picture. */
  readonly playlists: readonly string[];
  readonly complaints: readonly string[];
};
/** Back and forth within what was recorded: near and far, in the buffer and out of it. */
async function clickThrough(t: ExecutionContext, clicked: Clicked): Promise<void> {
  const { page, begin } = clicked;
  const head = page.getByRole('slider', { name: 'Playhead' });
  const edge = async (name: string): Promise<number> => Number(await head.getAttribute(name));
  const span = async (): Promise<number> => (await edge('aria-valuemax')) - (await edge('aria-valuemin'));
  await waitFor('ten minutes', async () => (await span()) === 600, PATIENCE_MS);
  const field = await page.locator('.tl-field').boundingBox();
  if (field === null) throw new Error('no timeline');
  const start = await edge('aria-valuemin');
  const off: number[] = [];
  for (let click = 0; click < CLICKS; click += 1) {
    const wanted = begin / 1000 + 1 + ((click * 29) % 46);
    // A pixel is half a second: the picture is held against the time of the pixel, not against the slider, which tells whole seconds.
    const x = Math.round(field.x + ((wanted - start) / 600) * field.width);
    const at = (start + ((x - field.x) / field.width) * 600) * 1000;
    await page.mouse.click(x, field.y + 40);
    off.push(await pictureOf(clicked, head, click, at));
  }
  t.log(`${CLICKS} clicks, frames off: ${off.join(' ')}`);
}

/** Until the slider and the picture are where was clicked; how many frames the picture is off. */
async function pictureOf(clicked: Clicked, head: Locator, click: number, at: number): Promise<number> {
  const { video, camera } = clicked;
  let seen = {};
  const look = async () => {
    const slider = Number(await head.getAttribute('aria-valuenow'));
    const shown = (await video.count()) === 1 ? await shownNumber(video) : undefined;
    const distance = shown === undefined ? undefined : framesOff(camera, at, shown);
    seen = { slider, shown, distance };
    const settled = Math.abs(slider - at / 1000) < 0.501 && isPictureOf(distance, FRAMES_OFF);
    return settled ? { distance } : undefined;
  };
  try {
    return (await waitFor(`the picture of click ${click}`, look, PATIENCE_MS)).distance;
  } catch (error) {
    throw new Error(`waited in vain: ${await stateOf(clicked, { click, at, ...seen })}`, { cause: error });
  }
}

/** What the page, its videos and its playlists are like: a click without its picture explains itself. */
async function stateOf({ page, playlists, complaints }: Clicked, seen: object): Promise<string> {
  const videos = await page.evaluate(`[...document.querySelectorAll('.stage video')].map((video) => ({
    hidden: video.hidden, currentTime: video.currentTime, readyState: video.readyState, seeking: video.seeking, paused: video.paused,
    error: video.error?.message, buffered: Array.from({ length: video.buffered.length }, (_, at) => [video.buffered.start(at), video.buffered.end(at)]) }))`);
  const stage = await page.locator('.stage').first().innerText();
  return JSON.stringify({ ...seen, videos, stage, complaints, playlist: playlists.at(-1) }, undefined, 1);
}

/** The playlists that the page was given, as they come. */
function playlistsOf(page: Page): readonly string[] {
  const texts: string[] = [];
  page.on('response', (response) => {
    if (response.url().includes('.m3u8'))
      response.text().then(
        (text) => texts.push(text),
        () => undefined,
      );
  });
  return texts;
}
