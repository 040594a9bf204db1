/** Live view over a site: who records in whose place, views, layouts, full screen; against the mock API, which can be brought into each state. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page, WebSocket } from 'playwright-core';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { startMockApi, type MockApi } from '../support/mock-api.ts';
import { HOST, MEMBER, SPARE } from '../support/mock-site.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

type Given = Parameters<typeof startMockApi>[0] & Look;
async function start(t: ExecutionContext, given: Given = {}): Promise<{ api: MockApi; page: Page }> {
  const api = await startMockApi({ members: true, ...given });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser, given);
  return { api, page };
}
const tile = (page: Page, name: string) => page.locator('.tile').filter({ has: page.getByText(name, { exact: true }) });

test.serial('a covered camera says by whom, one of a server that is away and not covered says that', async (t) => {
  const { api, page } = await start(t, { cameras: 9 });
  api.state.site.away = new Set([MEMBER.id]);
  api.state.site.coveredBy = new Map([
    ['cam-3', SPARE],
    ['cam-9', SPARE],
  ]);
  await page.goto(`${api.url}/live`);
  await tile(page, 'Garden').getByText('Covered by Spare-NAS').waitFor();
  await tile(page, 'Loading dock').getByText('Yard-NAS is away').waitFor();
  await tile(page, 'Garden').getByText('Yard-NAS', { exact: true }).waitFor();
  await shows(t, async () => await tile(page, 'Front door').locator('.tile-badge').count(), 0);
  await page.locator('.tile.live').nth(6).waitFor();
  await keepScreenshot(page, 'live-covered');
});

/** When the page lost the views of each camera, by its own clock. */
const NOTE_CLOSED = `globalThis.closedViews = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(...all) {
      super(...all);
      this.addEventListener('close', () => globalThis.closedViews.push({ url: this.url, at: performance.now() }));
    }
  };`;
/** Looks at the tile of Garden each frame: how long after its view was lost it is live again with new pictures, and says who covers it. */
const LOOK = `globalThis.back = new Promise((resolve) => {
  const began = performance.now();
  let pictures = 0;
  let last;
  requestAnimationFrame(function look(now) {
    const lost = globalThis.closedViews.find(({ url, at }) => at >= began && url.includes('/cam-3/'));
    const tile = [...document.querySelectorAll('.tile')].find((one) => one.textContent.includes('Garden'));
    const count = tile.querySelector('video').getVideoPlaybackQuality().totalVideoFrames;
    if (lost !== undefined && count !== last) pictures += 1;
    last = count;
    const isBack = pictures > 5 && tile.classList.contains('live') && tile.textContent.includes('Covered by Spare-NAS');
    if (isBack || now - began > 60_000) resolve(isBack ? (now - lost.at) / 1000 : Infinity);
    else requestAnimationFrame(look);
  });
}); undefined`;

test.serial('after a takeover the picture is back within 3 s, and the badge with it', async (t) => {
  const { api, page } = await start(t, { cameras: 4 });
  await page.addInitScript(NOTE_CLOSED);
  await page.goto(`${api.url}/live`);
  await page.locator('.tile.live').nth(3).waitFor();
  await waitFor('the page to listen', () => api.streams() > 0);
  api.state.site.coveredBy = new Map([['cam-3', SPARE]]);
  await page.evaluate(LOOK);
  api.dropLive();
  api.emit({ kind: 'camera', cameraId: 'cam-3' });
  await tile(page, 'Garden').getByText('Covered by Spare-NAS').waitFor();
  const seconds = await page.evaluate<number>('globalThis.back');
  t.log(`picture again after ${seconds.toFixed(2)} s`);
  t.true(seconds < 3, `${seconds.toFixed(2)} s`);
});

test.serial('a failover server shows for whom it covers; without a takeover it stands by', async (t) => {
  const { api, page } = await start(t, { cameras: 0, mode: 'failover', members: false });
  await page.goto(`${api.url}/live`);
  await page.getByRole('heading', { name: 'Standing by' }).waitFor();
  const { api: covering, page: second } = await start(t, { cameras: 3, mode: 'failover' });
  covering.state.site.coveredBy = new Map([['cam-3', HOST]]);
  await second.goto(`${covering.url}/live`);
  await tile(second, 'Garden').getByText('Covered for Yard-NAS').waitFor();
  t.pass();
});

test.serial('tiles play the sub-stream, a lone or enlarged one the main stream', async (t) => {
  const { api, page } = await start(t, { cameras: 4 });
  const asked: string[] = [];
  page.on('websocket', (socket) => asked.push(new URL(socket.url()).search));
  await page.goto(`${api.url}/live`);
  await page.locator('.tile.live').nth(3).waitFor();
  t.deepEqual(new Set(asked), new Set(['?stream=sub']));
  const main = { predicate: (socket: WebSocket) => socket.url().endsWith('?stream=main') };
  const enlarged = page.waitForEvent('websocket', main);
  await page.getByRole('button', { name: 'Enlarge Garden' }).click({ force: true });
  await enlarged;
  await page.locator('.tile').nth(1).waitFor({ state: 'detached' });
  await page.locator('.tile.live').waitFor();
  await page.getByRole('button', { name: 'Back to the grid' }).click({ force: true });
  await page.locator('.tile.live').nth(3).waitFor();
  // Enter on a picture is full screen; the arrows go from one to the next.
  await tile(page, 'Front door').locator('video').focus();
  await page.keyboard.press('ArrowRight');
  const full = page.waitForEvent('websocket', main);
  await page.keyboard.press('Enter');
  await page.locator('.tile:fullscreen').waitFor();
  await shows(t, async () => await page.evaluate('document.fullscreenElement.dataset.camera'), 'cam-2');
  t.regex((await full).url(), /cam-2\/live/);
  await tile(page, 'Driveway').and(page.locator('.live')).waitFor();
  await page.evaluate('document.exitFullscreen()');
});

test.serial('one camera is heard at a time, by its button or by S, and none that is not shown', async (t) => {
  const { api, page } = await start(t, { cameras: 4 });
  await page.goto(`${api.url}/live`);
  await page.locator('.tile.live').nth(3).waitFor();
  const sound = (name: string, pressed: boolean) => page.getByRole('button', { name: `Sound of ${name}`, pressed });
  const muted = async (): Promise<readonly boolean[]> =>
    await page
      .locator('.tile video')
      .evaluateAll<readonly boolean[], { readonly muted: boolean }>((videos) => videos.map((video) => video.muted));
  await shows(t, async () => await muted(), [true, true, true, true]);
  await tile(page, 'Garden').locator('video').focus();
  await page.keyboard.press('s');
  await sound('Garden', true).waitFor();
  await sound('Front door', false).focus();
  await page.keyboard.press('Enter');
  await sound('Front door', true).waitFor();
  await sound('Garden', false).waitFor();
  const onlyFirst = [false, true, true, true];
  await shows(t, muted, onlyFirst);
  await page.getByRole('button', { name: 'Enlarge Garden' }).click({ force: true });
  await page.locator('.tile').nth(1).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Back to the grid' }).click({ force: true });
  await page.locator('.tile.live').nth(3).waitFor();
  await shows(t, async () => await muted(), [true, true, true, true]);
});

test.serial('a view is made, arranged by keys and by dragging, kept, chosen and deleted', async (t) => {
  const { api, page } = await start(t, { cameras: 8 });
  await page.goto(`${api.url}/live`);
  await page.locator('.tile.live').first().waitFor();
  await page.getByRole('button', { name: 'New view' }).click();
  const list = page.getByRole('region', { name: 'Cameras of this view' });
  for (const name of ['Warehouse east', 'Warehouse west', 'Reception', 'Server room'])
    await list.getByRole('checkbox', { name }).uncheck();
  await page.getByLabel('Name of the view').fill('Entrances');
  await page.getByRole('button', { name: 'One large tile' }).click();
  const order = async (): Promise<readonly string[]> => await page.locator('.tile .tile-name').allTextContents();
  const isOrder = async (...names: readonly string[]): Promise<void> => await shows(t, order, names);
  await isOrder('Front door', 'Driveway', 'Garden', 'Loading dock');
  await tile(page, 'Garden').locator('video').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await isOrder('Garden', 'Front door', 'Driveway', 'Loading dock');
  const focused = async (): Promise<string> =>
    await page.evaluate<string>(`document.activeElement.getAttribute('aria-label')`);
  await shows(t, focused, 'Picture of Garden');
  await page.getByRole('button', { name: 'Move Front door back' }).click();
  await isOrder('Garden', 'Driveway', 'Front door', 'Loading dock');
  await tile(page, 'Loading dock').dragTo(tile(page, 'Garden'));
  await isOrder('Loading dock', 'Garden', 'Driveway', 'Front door');
  await tile(page, 'Loading dock').locator('video').focus();
  await page.keyboard.press('Delete');
  await isOrder('Garden', 'Driveway', 'Front door');
  await keepScreenshot(page, 'live-arrange');
  await page.getByRole('button', { name: 'Save view' }).click();
  await page.getByText('was saved in this browser').first().waitFor();
  await page.reload();
  await page.locator('.tile').nth(2).waitFor();
  await isOrder('Garden', 'Driveway', 'Front door');
  await page.getByLabel('View', { exact: true }).selectOption('All cameras');
  await page.locator('.tile').nth(7).waitFor();
  await page.getByLabel('View', { exact: true }).selectOption('Entrances');
  await page.getByRole('button', { name: 'Edit view' }).click();
  await page.getByRole('button', { name: 'Delete view' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete view' }).click();
  await page.locator('.tile').nth(7).waitFor();
  await shows(t, async () => await page.getByLabel('View', { exact: true }).count(), 0);
});

test.serial('cameras are filtered by server, and the address keeps it', async (t) => {
  const { api, page } = await start(t, { cameras: 9, media: false });
  await page.goto(`${api.url}/live`);
  await page.locator('.tile').nth(8).waitFor();
  await page.getByLabel('Server', { exact: true }).selectOption('Yard-NAS');
  const count = async (): Promise<number> => await page.locator('.tile').count();
  await page.locator('.tile').nth(3).waitFor({ state: 'detached' });
  await shows(t, count, 3);
  await page.reload();
  await page.locator('.tile').nth(2).waitFor();
  await shows(t, count, 3);
});
