/** The page of playback on the mock of a site: its timeline, links, keys, times of the clock, exports over servers. */
import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { keepScreenshot, launch } from '../support/browser.ts';
import {
  addressOf,
  openAt,
  openSite,
  quietestPan,
  SMOOTH_MS,
  wordsOfPan,
  playhead,
  playheadAt,
  shownVideos,
  tileOf,
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
const MINUTE = 60_000;

/** A swatch of the legend without its colours: whether each pixel is on the bright or on the dark side of its own middle. */
const PATTERNS = `[...document.querySelectorAll('.tl-legend canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const light = Array.from({ length: data.length / 4 }, (_, at) => data[at * 4] * 0.3 + data[at * 4 + 1] * 0.6 + data[at * 4 + 2] * 0.1);
  const [low, high] = [Math.min(...light), Math.max(...light)];
  return high - low < 8 ? 'plain' : light.map((value) => (value > (low + high) / 2 ? '#' : '.')).join('');
})`;

test.serial(
  'who recorded, what came back, what is missing and what nobody knows differ without any colour',
  async (t) => {
    for (const theme of ['dark', 'light'] as const) {
      const site = await openSite(t, browser, { media: false, look: { theme } });
      site.api.state.site.away = new Set(['srv-2']);
      await openAt(site, { cameras: [], at: site.api.state.began });
      const legend = site.page.getByRole('list', { name: 'What the timeline shows' });
      await legend.getByText('unknown: its server is away').waitFor();
      // Its words stand there a frame before its colours.
      const patterns = await waitFor(
        'the legend to be painted',
        async () => {
          const painted = await site.page.evaluate<readonly string[]>(PATTERNS);
          return painted.slice(1).some((pattern) => pattern !== 'plain') && painted;
        },
        PATIENCE_MS,
      );
      t.is(patterns.length, 5);
      t.is(patterns[0], 'plain');
      t.is(new Set(patterns).size, 5, theme);
      t.false(patterns.slice(1).includes('plain'), theme);
      await keepScreenshot(site.page, `playback-site-${theme}`);
    }
  },
);

test.serial(
  'cameras stand under their servers, are found by both names, folded, and nine of them play in step',
  async (t) => {
    const site = await openSite(t, browser);
    const { page } = site;
    await openAt(site, { cameras: ['cam-1'], at: site.api.state.began - 5 * MINUTE });
    const names = page.getByRole('list', { name: 'Cameras to play' });
    await names.getByText('Garden', { exact: true }).waitFor();
    await names.getByRole('button', { name: /^Yard-NAS/ }).click();
    await names.getByText('Garden', { exact: true }).waitFor({ state: 'detached' });
    await page.keyboard.press('f');
    await page.keyboard.type('yard dock');
    await names.getByText('Loading dock', { exact: true }).waitFor();
    await shows(t, async () => await names.getByRole('checkbox').count(), 1);
    await page.keyboard.press('Escape');
    await names.getByRole('checkbox').nth(9).waitFor();
    for (const [index, box] of (await names.getByRole('checkbox').all()).entries())
      if (index > 0 && index < 9) await box.check();
    await waitFor('nine tiles', async () => (await page.locator('.stage .tile').count()) === 9, PATIENCE_MS);
    await shownVideos(page).nth(7).waitFor();
    await names.getByRole('checkbox').nth(9).click();
    await page.getByText('At most 9 cameras play in step.', { exact: false }).first().waitFor();
    await shows(t, async () => await page.locator('.stage .tile').count(), 9);
    await keepScreenshot(page, 'playback-nine');
  },
);

test.serial('a link opens exactly what it says, and the address follows what is done', async (t) => {
  const site = await openSite(t, browser);
  const { api, page } = site;
  const at = Math.floor(api.state.began / 1000) * 1000 - 10 * MINUTE;
  await openAt(site, {
    cameras: ['cam-9', 'cam-2'],
    at,
    speed: 4,
    from: at - MINUTE,
    to: at + MINUTE,
    span: 6 * 60 * MINUTE,
  });
  await shownVideos(page).nth(1).waitFor();
  await shows(t, async () => await playheadAt(page), at / 1000);
  await shows(t, async () => await page.getByLabel('Speed').inputValue(), '4');
  await shows(t, async () => await page.getByRole('button', { name: '6 h' }).getAttribute('aria-pressed'), 'true');
  await shows(t, async () => await page.locator('.stage .tile-name').allInnerTexts(), ['Stairwell', 'Driveway']);
  await shows(t, async () => await page.locator('.marks button').count(), 3);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('>');
  await page.keyboard.press('o');
  await waitFor(
    'the address',
    () => addressOf(page).query.get('out') === new Date(at + 1000).toISOString(),
    PATIENCE_MS,
  );
  t.is(addressOf(page).at, at + 1000);
  t.is(addressOf(page).query.get('speed'), '8');
  t.is(addressOf(page).query.get('cameras'), 'cam-9,cam-2');
  // The same address in a page of its own shows the same.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await shownVideos(other).nth(1).waitFor();
  await shows(t, async () => await playheadAt(other), at / 1000 + 1);
  await shows(t, async () => await other.getByLabel('Speed').inputValue(), '8');
  await shows(
    t,
    async () => await other.locator('.marks button').allInnerTexts(),
    await page.locator('.marks button').allInnerTexts(),
  );
});

async function goTo(page: Page, text: string): Promise<void> {
  await page.keyboard.press('g');
  await page.getByRole('dialog', { name: 'Go to time' }).getByLabel('Date and time').fill(text);
}

test.serial('a time is gone to in the zone that is said, also where the clocks change', async (t) => {
  const site = await openSite(t, browser, { media: false });
  const { page } = site;
  await openAt(site, { cameras: [], at: Date.parse('2026-10-26T12:00:00Z'), span: 30 * MINUTE });
  await playhead(page).waitFor();
  const dialog = page.getByRole('dialog', { name: 'Go to time' });
  await goTo(page, '2026-10-25T02:30');
  await dialog.getByText('Times of Europe/Berlin', { exact: false }).waitFor();
  await dialog.getByText('this time comes twice', { exact: false }).waitFor();
  await keepScreenshot(page, 'playback-twice');
  await dialog.getByLabel('02:30:00, the second one (CET)').check();
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await shows(t, async () => await playheadAt(page), Date.parse('2026-10-25T01:30:00Z') / 1000);
  await showsText(t, async () => await playhead(page).getAttribute('aria-valuetext'), /02:30:00 CET/);
  await goTo(page, '2026-10-25T02:30');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await shows(
    t,
    async () => await playheadAt(page),
    Date.parse('2026-10-25T00:30:00Z') / 1000,
    'the first one, unless asked otherwise',
  );
  await goTo(page, '2026-03-29T02:30');
  await dialog.getByText('this time does not exist. The next one is 03:00:00 CEST', { exact: false }).waitFor();
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await shows(t, async () => await playheadAt(page), Date.parse('2026-03-29T01:00:00Z') / 1000);
});

test.serial('? lists the keys, and every key listed does something', async (t) => {
  const site = await openSite(t, browser, { media: false });
  const { page } = site;
  await openAt(site, { cameras: ['cam-1', 'cam-2'], at: site.api.state.began - 10 * MINUTE });
  await playhead(page).waitFor();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys of playback' });
  await dialog.waitFor();
  await keepScreenshot(page, 'playback-keys');
  const keys = await dialog.locator('kbd').allInnerTexts();
  t.true(keys.length >= 26);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const names: Readonly<Record<string, string>> = {
    Space: ' ',
    '←': 'ArrowLeft',
    '→': 'ArrowRight',
    'Page ↑': 'PageUp',
    'Page ↓': 'PageDown',
  };
  const wanted = keys.map((key) => names[key] ?? (/^[A-Z]$/.test(key) ? key.toLowerCase() : key));
  const ignored = await page.evaluate<readonly string[]>(`${JSON.stringify(wanted)}.filter((key) =>
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })))`);
  t.deepEqual(ignored, []);
});

test.serial(
  'an export of several cameras is cut where the footage lies, and all servers are listed with their hashes',
  async (t) => {
    const site = await openSite(t, browser);
    const { api, page } = site;
    const { start } = api.state.playback.takeover;
    await openAt(site, { cameras: ['cam-3', 'cam-1'], at: start - 3000, from: start - MINUTE, to: start + MINUTE });
    await shownVideos(page).nth(1).waitFor();
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog', { name: 'Export footage of 2 cameras' });
    for (const line of ['Yard-NAS: Garden', 'Hall-NAS: Front door', 'Spare-NAS: Garden'])
      await dialog.getByText(line).waitFor();
    await dialog.getByText('1.2 s are missing in this range').waitFor();
    await keepScreenshot(page, 'export-dialog');
    await dialog.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('heading', { name: 'Exports' }).waitFor();
    for (const server of ['Yard-NAS', 'Spare-NAS'])
      await page.getByRole('row', { name: new RegExp(`Garden.*${server}`) }).waitFor();
    const link = page.getByRole('row', { name: /Garden.*Spare-NAS/ }).getByRole('link', { name: 'cam-3.mp4' });
    await showsText(t, async () => await link.getAttribute('href'), /^\/api\/v1\/servers\/srv-3\/api\/exports\//);
    await page.getByText('SHA-256').first().click();
    await page.locator('.hash').first().waitFor();
    await keepScreenshot(page, 'exports');
    api.state.site.away = new Set(['srv-2']);
    await page.reload();
    await page
      .getByText('Exports of Yard-NAS cannot be seen now: Yard-NAS is not connected', { exact: false })
      .waitFor();
    // Cameras and servers are asked for beside the exports: until then a row has no names.
    await page.getByRole('row', { name: /Garden.*Spare-NAS/ }).waitFor();
    await shows(t, async () => await page.getByRole('row', { name: /Garden.*Spare-NAS/ }).count(), 1);
  },
);

test.serial('a month of sixty-four cameras is panned at sixty frames a second', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, browser, { media: false, cameras: 64 });
  const { page } = site;
  const days = new Set<string>();
  page.on('response', (response) => {
    const { pathname, searchParams } = new URL(response.url());
    if (pathname.endsWith('/site/timeline')) days.add(searchParams.get('day') ?? '');
  });
  await openAt(site, { cameras: [], at: site.api.state.began });
  await playhead(page).waitFor();
  await page.getByRole('button', { name: '30 d' }).click();
  await waitFor('a month of days', () => days.size >= 30, PATIENCE_MS);
  await waitFor('all days', async () => (await page.locator('.tl-loading').count()) === 0, PATIENCE_MS);
  const pan = await quietestPan(page, 60, SMOOTH_MS);
  t.log(`pan of 30 days, 64 cameras: ${wordsOfPan(pan)}`);
  t.true(pan.median < SMOOTH_MS, wordsOfPan(pan));
  await keepScreenshot(page, 'playback-month');
});

test.serial('names of any length and script, and a phone, break nothing', async (t) => {
  const site = await openSite(t, browser, { look: { width: 390, height: 844 } });
  const { api, page } = site;
  const names = ['駐車場北側入口カメラ第一号機屋上東', '<b onclick=alert(1)>Dock</b> & gate', 'W'.repeat(32)];
  api.state.cameras = api.state.cameras.map((camera, index) => ({ ...camera, name: names[index] ?? camera.name }));
  await openAt(site, { cameras: ['cam-1', 'cam-2', 'cam-3'], at: api.state.playback.takeover.start + MINUTE });
  await tileOf(page, names[2] ?? '')
    .getByText('by Spare-NAS')
    .waitFor();
  await tileOf(page, names[1] ?? '').waitFor();
  await shows(t, async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  await keepScreenshot(page, 'playback-phone');
});
