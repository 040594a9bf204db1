/** Parts of the interface that are loaded when they are needed, and cannot be: the LAN was gone for a moment, or the box was updated. */
import test from 'ava';
import { launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { openAt, openSite, shownVideos } from '../support/playback-page.ts';
import { shows } from './shows.ts';

test('a player that could not be loaded is loaded when it is asked for again', async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const site = await openSite(t, browser, {});
  let refused = 0;
  await site.page.route(/epoch-video-.*\.js$/, async (route) => {
    refused += 1;
    await (refused === 1 ? route.abort() : route.continue());
  });
  await openAt(site, { at: site.api.state.began });
  await shows(t, () => refused > 1, true);
  await shows(t, async () => (await shownVideos(site.page).count()) > 0, true);
});

test('a page that could not be loaded says so, and is loaded by its button', async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/live`);
  const part = /health-page-.*\.js$/;
  let wasReloaded = false;
  await page.route(part, async (route) => await (wasReloaded ? route.continue() : route.abort()));
  await page.getByRole('link', { name: 'Health' }).click();
  await page.getByText('The box was probably updated').waitFor();
  page.on('framenavigated', () => (wasReloaded = true));
  await page.getByRole('button', { name: 'Reload' }).click();
  await shows(t, async () => await page.getByRole('heading', { name: 'Health', level: 1 }).count(), 1);
});

test('a page, or its German words, that a broken network kept away comes by itself', async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.addInitScript(() => localStorage.setItem('understudy.language', 'de'));
  await page.goto(`${api.url}/live`);
  await page.getByRole('link', { name: 'Ereignisse' }).waitFor();
  const all = /\/(api|assets)\//;
  await page.route(all, async (route) => await route.abort());
  await page.getByRole('link', { name: 'Ereignisse' }).click();
  await page.getByText('Das Gerät antwortet nicht, oder das Netz ist weg').waitFor();
  await page.unroute(all);
  await shows(t, async () => await page.getByRole('heading', { name: 'Ereignisse', level: 1 }).count(), 1);
  await page.getByText('Diese Seite ließ sich nicht laden').waitFor({ state: 'detached' });
});

test('charts whose part a broken network kept away are drawn when it is back', async (t) => {
  const browser = await launch();
  t.teardown(() => browser.close());
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const refused: string[] = [];
  const part = /draw-chart-.*\.js$/;
  await page.route(part, async (route) => {
    refused.push(route.request().url());
    await route.abort();
  });
  await page.goto(`${api.url}/health`);
  await shows(t, () => refused.length > 0, true);
  await page.unroute(part);
  await shows(t, async () => await page.locator('.chart canvas').count(), 3);
});
