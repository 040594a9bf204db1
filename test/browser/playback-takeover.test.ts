/** Playback of what several servers recorded, on the mock of a site: across a takeover and back, a server that goes away, key frames, single frames. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { keepScreenshot, launch } from '../support/browser.ts';
import {
  addressOf,
  openAt,
  openSite,
  playhead,
  playheadAt,
  shownVideos,
  tileNotes,
  tileOf,
  watched,
  watchNotes,
  watchTile,
} from '../support/playback-page.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows, showsText } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
/** An upper bound on a slow machine. */
const PATIENCE_MS = 60_000;
const SECOND = 1000;

test.serial('playing across a takeover and back shows no black picture, and says who recorded', async (t) => {
  const site = await openSite(t, browser);
  const { api, page, complaints } = site;
  const { start, end } = api.state.playback.takeover;
  await openAt(site, { cameras: ['cam-3'], at: start - 4 * SECOND });
  await shownVideos(page).first().waitFor();
  await shows(t, async () => await page.getByText('by Spare-NAS').count(), 0);
  await watchTile(page);
  await page.keyboard.press('Space');
  await waitFor(
    'the other side of the takeover',
    async () => (await playheadAt(page)) > start / SECOND + 4,
    PATIENCE_MS,
  );
  await page.getByText('by Spare-NAS').waitFor();
  await keepScreenshot(page, 'playback-takeover');
  const there = await watched(page);
  await page.keyboard.press('Space');
  await openAt(site, { cameras: ['cam-3'], at: end - 4 * SECOND });
  await shownVideos(page).first().waitFor();
  await watchTile(page);
  await page.keyboard.press('Space');
  await waitFor('the owner again', async () => (await playheadAt(page)) > end / SECOND + 3, PATIENCE_MS);
  await page.getByText('by Spare-NAS').waitFor({ state: 'detached' });
  const back = await watched(page);
  t.log(`there: ${JSON.stringify(there)}, back: ${JSON.stringify(back)}`);
  for (const { frames, black, none } of [there, back]) {
    t.true(frames > 30);
    t.is(black, 0);
    t.is(none, 0);
  }
  t.deepEqual(complaints, []);
});

test.serial("one camera's gap is said on its tile and stops no other", async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  const { start } = api.state.playback.takeover;
  await openAt(site, { cameras: ['cam-3', 'cam-1'], at: start - 2 * SECOND });
  await shownVideos(page).nth(1).waitFor();
  // It stands there for 1.2 s, which may pass while this process does not run.
  await watchNotes(page);
  await page.keyboard.press('Space');
  await waitFor('both to go on', async () => (await playheadAt(page)) > start / SECOND + 3, PATIENCE_MS);
  await shows(t, async () => await tileNotes(page), ['Garden: Missing 1.2 s: the service was down']);
  await shows(t, async () => await tileOf(page, 'Front door').getByText('Missing').count(), 0);
  await tileOf(page, 'Garden').getByText('by Spare-NAS').waitFor();
  await shows(t, async () => await tileOf(page, 'Front door').getByText('by Spare-NAS').count(), 0);
});

test.serial('a server that goes away while playing is named, others go on, and it plays again by itself', async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  const began = api.state.playback.takeover.end + 10 * SECOND;
  await openAt(site, { cameras: ['cam-3', 'cam-1'], at: began, speed: 4 });
  await shownVideos(page).nth(1).waitFor();
  api.state.site.away = new Set(['srv-2']);
  api.emit({ kind: 'cameras' });
  await page.keyboard.press('Space');
  await tileOf(page, 'Garden').getByText('Yard-NAS is not connected').waitFor();
  const then = await playheadAt(page);
  await waitFor('the other camera to go on', async () => (await playheadAt(page)) > then + 5, PATIENCE_MS);
  await page.getByRole('list', { name: 'Cameras to play' }).getByText('not connected').waitFor();
  await keepScreenshot(page, 'playback-away');
  api.state.site.away = new Set();
  api.emit({ kind: 'cameras' });
  await tileOf(page, 'Garden').getByText('Yard-NAS is not connected').waitFor({ state: 'detached' });
  await shownVideos(page).nth(1).waitFor();
  t.pass();
});

test.serial('alone, a camera whose server is away holds the clock until it is back', async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  api.state.site.away = new Set(['srv-2']);
  await openAt(site, { cameras: ['cam-3'], at: api.state.playback.takeover.end + 10 * SECOND, play: true });
  await tileOf(page, 'Garden').getByText('Yard-NAS is not connected').waitFor();
  const held = await playheadAt(page);
  await page.waitForTimeout(1500);
  await shows(t, async () => await playheadAt(page), held);
  await showsText(t, async () => await playhead(page).getAttribute('aria-valuetext'), /Yard-NAS is not connected/);
  api.state.site.away = new Set();
  api.emit({ kind: 'cameras' });
  await waitFor('the clock to go on', async () => (await playheadAt(page)) > held + 2, PATIENCE_MS);
});

test.serial('the picture follows the pointer while the playhead is dragged', async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  await openAt(site, { cameras: ['cam-1'], at: api.state.began - 30 * 60 * SECOND, span: 600 * SECOND });
  await shownVideos(page).first().waitFor();
  const field = await page.locator('.tl-field').boundingBox();
  if (field === null) return t.fail('no timeline');
  await page.mouse.move(field.x + 600, field.y + 12);
  await page.mouse.down();
  await page.locator('.stage video.scrub:not([hidden])').waitFor();
  const position = (): Promise<number> =>
    page.locator('.stage video.scrub').evaluate((video) => (video as unknown as { currentTime: number }).currentTime);
  const seen: number[] = [];
  const perPixel = 600 / field.width;
  for (const x of [600, 640, 620, 560, 565]) {
    await page.mouse.move(field.x + x, field.y + 12);
    const base = seen.length === 0 ? undefined : (seen[0] ?? 0) + (x - 600) * perPixel;
    await waitFor(
      `the picture at ${x}`,
      async () => base === undefined || Math.abs((await position()) - base) < 0.6,
      PATIENCE_MS,
    );
    seen.push(await position());
  }
  // Far away another part of the footage is asked for; the pointer is followed all the same.
  const before = await position();
  await page.mouse.move(field.x + 60, field.y + 12);
  await waitFor('the picture far away', async () => Math.abs((await position()) - before) > 1, PATIENCE_MS);
  await page.mouse.up();
  await page.locator('.stage video.scrub:not([hidden])').waitFor({ state: 'detached' });
  await shows(t, async () => await shownVideos(page).count(), 1);
  return t.log(`positions ${seen.map((at) => at.toFixed(2)).join(' ')}`);
});

test.serial('frames are stepped one by one, there and back', async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  const at = api.state.began - 30 * 60 * SECOND;
  await openAt(site, { cameras: ['cam-1'], at });
  await shownVideos(page).first().waitFor();
  const times: number[] = [];
  for (const key of ['.', '.', '.', ',', ',']) {
    const before = addressOf(page).at ?? 0;
    await page.keyboard.press(key);
    times.push(
      await waitFor(
        'another frame',
        () => {
          const now = addressOf(page).at ?? 0;
          return now === before ? undefined : now;
        },
        PATIENCE_MS,
      ),
    );
  }
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  t.log(`steps of ${steps.join(', ')} ms`);
  // 25 frames a second; the address is rounded to a millisecond.
  for (const [index, step] of steps.entries())
    t.true(Math.abs(Math.abs(step) - 40) <= 2 && step > 0 === index < 2, `${step} ms`);
});

test.serial('a stream that the browser cannot decode is explained, with a way out', async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  await openAt(site, { cameras: ['cam-8'], at: api.state.began - 60 * SECOND });
  await page.getByText('This stream is H.265, which this browser cannot decode.', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Export it instead' }).click();
  await page.getByRole('dialog', { name: 'Export footage of 1 camera' }).waitFor();
  t.pass();
});
