/** The playback page of the mock site, for browser tests: opened at a place, watched picture by picture. */
import type { ExecutionContext } from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { playbackLink, type PlaybackPlace } from '../../web/src/app/playback-link.ts';
import { openPage, type Look } from './browser.ts';
import { startMockApi, type MockApi } from './mock-api.ts';

export type Opened = { readonly api: MockApi; readonly page: Page; readonly complaints: readonly string[] };
type Options = Parameters<typeof startMockApi>[0] & { readonly look?: Look };

export async function openSite(t: ExecutionContext, browser: Browser, options: Options = {}): Promise<Opened> {
  const { look, ...mock } = options;
  const api = await startMockApi({ members: true, ...mock });
  t.teardown(() => api.close());
  return { api, ...(await openPage(t, browser, look)) };
}

/** Until the page has asked what is recorded: from then on it listens to keys. */
export const openAt = async ({ api, page }: Opened, place: PlaybackPlace): Promise<void> => {
  await page.goto('about:blank'); // what the page before has asked for is none of this one
  const told = page.waitForResponse(/\/site\/timeline\?/);
  await page.goto(`${api.url}${playbackLink(place)}`);
  await told;
};
export const playhead = (page: Page): Locator => page.getByRole('slider', { name: 'Playhead' });
/** Seconds, as the slider tells. */
export const playheadAt = async (page: Page): Promise<number> =>
  Number(await playhead(page).getAttribute('aria-valuenow'));
/** The address says it to the millisecond. */
export const addressOf = (page: Page): PlaybackPlace & { readonly query: URLSearchParams } => {
  const query = new URL(page.url()).searchParams;
  return { query, at: Date.parse(query.get('at') ?? '') };
};
export const shownVideos = (page: Page): Locator => page.locator('.stage video:not([hidden])');
export const tileOf = (page: Page, name: string): Locator =>
  page.locator('.stage .tile').filter({ has: page.getByText(name, { exact: true }) });

/** What stands on tiles beside their pictures, also for a moment only; told by `tileNotes`, with the name of the camera before it. */
const WATCH_NOTES = `globalThis.tileNotes = [];
  new MutationObserver(() => {
    for (const tile of document.querySelectorAll('.stage .tile')) {
      const note = tile.querySelector('.tile-note')?.textContent ?? '';
      const text = tile.querySelector('.tile-name').textContent + ': ' + note;
      if (note !== '' && !globalThis.tileNotes.includes(text)) globalThis.tileNotes.push(text);
    }
  }).observe(document.querySelector('.stage'), { subtree: true, childList: true, characterData: true });`;
export const watchNotes = (page: Page): Promise<unknown> => page.evaluate(`${WATCH_NOTES} undefined`);
export const tileNotes = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>('globalThis.tileNotes');

/**
 * Looks at the first tile each frame: how dark what is on screen is, and whether anything is. The tile is seen through the topmost
 * video that is not hidden, as a person would.
 */
const WATCH = `globalThis.watched = { frames: 0, black: 0, none: 0, sought: 0, darkest: 255 };
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [16, 9];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  requestAnimationFrame(function look() {
    const seen = [...document.querySelectorAll('.stage .tile:first-child video')].filter((video) => !video.hidden).at(-1);
    const count = globalThis.watched;
    count.frames += 1;
    if (seen === undefined || seen.getVideoPlaybackQuality().totalVideoFrames === 0) count.none += 1;
    else if (seen.readyState < 2) count.sought += 1;
    else {
      context.drawImage(seen, 0, 0, 16, 9);
      const data = context.getImageData(0, 0, 16, 9).data;
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
      const light = sum / (data.length / 4) / 3;
      count.darkest = Math.min(count.darkest, light);
      if (light < 8) count.black += 1;
    }
    if (globalThis.watched === count) requestAnimationFrame(look);
  });`;
export type Watched = {
  readonly frames: number;
  readonly black: number;
  /** Nothing at all was on screen. */
  readonly none: number;
  /** The last picture was on screen while another place was looked for. */
  readonly sought: number;
  readonly darkest: number;
};
export const watchTile = (page: Page): Promise<unknown> => page.evaluate(`${WATCH} undefined`);
export const watched = (page: Page): Promise<Watched> => page.evaluate<Watched>('globalThis.watched');

/** 60 frames a second take 16.7 ms each. */
export const SMOOTH_MS = 17.5;
const PAN_TRIES = 4;
/** The pan that was least disturbed by what else the machine does; no other is tried once one has a median below `enoughMs`. */
export async function quietestPan(page: Page, reach: number, enoughMs: number): Promise<Pan> {
  let best: Pan = { frames: 0, median: Infinity, p95: Infinity };
  for (let tries = 0; tries < PAN_TRIES && best.median >= enoughMs; tries += 1) {
    const times = (await panTimeline(page, reach)) ?? [];
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? Infinity;
    if (at(0.5) < best.median) best = { frames: times.length, median: at(0.5), p95: at(0.95) };
  }
  return best;
}
/** Milliseconds between frames. */
export type Pan = { readonly frames: number; readonly median: number; readonly p95: number };
export const wordsOfPan = ({ frames, median, p95 }: Pan): string =>
  `${frames} frames, median ${median.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`;

/** Drags the timeline to and fro for about 3 s; the times between frames in ms, in order of size. */
async function panTimeline(page: Page, reach: number): Promise<readonly number[] | undefined> {
  const field = await page.locator('.tl-field').boundingBox();
  if (field === null) return undefined;
  const frames = page.evaluate<
    number[]
  >(`new Promise((resolve) => { const all = []; let last = performance.now(); const end = last + 3000;
    requestAnimationFrame(function tick(now) { all.push(now - last); last = now; if (now < end) requestAnimationFrame(tick); else resolve(all.slice(2)); }); })`);
  const y = field.y + Math.min(200, field.height / 2);
  await page.mouse.move(field.x + 700, y);
  await page.mouse.down();
  for (let step = 0; step < 180; step += 1) await page.mouse.move(field.x + 700 + reach * Math.sin(step / 15), y);
  await page.mouse.up();
  return (await frames).toSorted((a, b) => a - b);
}
