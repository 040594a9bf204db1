/** Health over the site: one line a server, one of them looked at, one that is away; on the mock API. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import type { Server } from '../../src/api/contract/server.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { MEMBER, SPARE } from '../support/mock-site.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

test.serial('every server has its line; the one chosen is looked at, by its own answers', async (t) => {
  const api = await startMockApi({ members: true, media: false });
  t.teardown(() => api.close());
  api.state.site.coveredBy = new Map([['cam-3', SPARE]]);
  const { page, complaints } = await openPage(t, browser);
  const clocks = [
    { id: MEMBER.id, clockOffsetMs: 3400 },
    { id: SPARE.id, clockOffsetMs: -40 },
  ];
  await page.route(/\/api\/v1\/servers(\?|$)/, (route) => route.fulfill({ json: { items: clocks } }));
  await page.goto(`${api.url}/health`);
  const rows = page.locator('tr[data-index]');
  await rows.nth(2).waitFor();
  await rows.filter({ hasText: 'Yard-NAS' }).getByText('Covered by Spare-NAS').waitFor();
  await rows.filter({ hasText: 'Spare-NAS' }).getByText('Covering', { exact: true }).waitFor();
  await rows.filter({ hasText: 'Yard-NAS' }).getByText('1 of 5 covered').waitFor();
  await rows.filter({ hasText: 'Spare-NAS' }).getByText('1 for Yard-NAS').waitFor();
  await rows.filter({ hasText: 'Hall-NAS' }).getByText('10 of 11').waitFor();
  await rows.filter({ hasText: 'Yard-NAS' }).getByText('92 %', { exact: true }).waitFor();
  await rows.filter({ hasText: 'Yard-NAS' }).locator('.warn').getByText('3.4 s ahead', { exact: true }).waitFor();
  await rows.filter({ hasText: 'Spare-NAS' }).getByText('in step', { exact: true }).waitFor();
  await shows(
    t,
    async () => await page.locator('.health-servers progress.short').count(),
    1,
    'only a load above 80 % has a colour',
  );
  await page.getByText('The recorder reacts within').waitFor({ state: 'hidden' });
  await page.getByText('Technical details').click();
  await page.getByText('1.4 ms, 99 times of 100').waitFor();
  await page.getByText('Technical details').click();
  await page.locator('.chart canvas').nth(2).waitFor();
  await page.getByText('0 lost, 0 reconnections').waitFor();
  await keepScreenshot(page, 'health-site');
  await page.getByRole('button', { name: 'Spare-NAS' }).click();
  await page.getByRole('heading', { name: 'Health of Spare-NAS' }).waitFor();
  await page.getByText('Nothing is wrong with this box.').waitFor();
  await page.getByText('No camera of its own.').waitFor();
  t.is(new URL(page.url()).searchParams.get('server'), SPARE.id);
  t.deepEqual(complaints, []);
});

test.serial('a server that is away is said to be so in the words of the API, and comes back by itself', async (t) => {
  const api = await startMockApi({ members: true, media: false });
  t.teardown(() => api.close());
  api.state.site.away = new Set([MEMBER.id]);
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/health?server=${MEMBER.id}`);
  await page.locator('tr[data-index]').filter({ hasText: 'Yard-NAS' }).getByText('Offline').waitFor();
  await page.locator('tr[data-index]').filter({ hasText: 'Yard-NAS' }).getByText('unknown, away').waitFor();
  await shows(
    t,
    async () => await page.locator('.health-servers progress').count(),
    2,
    'nor is its load of before told as that of now',
  );
  await page.getByText('Yard-NAS is not connected since', { exact: false }).waitFor();
  await shows(t, async () => await page.getByText('No volume').count(), 0, 'nothing is said of what is not known');
  api.state.site.away = new Set();
  await page.getByText('/volume1/understudy').first().waitFor();
  await page.getByText('Yard-NAS is not connected', { exact: false }).waitFor({ state: 'detached' });
});

test.serial('a box that stands alone shows itself', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/health`);
  await page.getByText('/volume1/understudy').first().waitFor();
  await shows(t, async () => await page.getByRole('heading', { name: 'Servers of the site' }).count(), 0);
});

test.serial('what is built in and reached by nobody else is told, of a recording server only', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  let cards: readonly string[] = [];
  await page.route(/\/api\/v1\/server$/, async (route) => {
    const box = (await (await route.fetch()).json()) as Server;
    await route.fulfill({ json: { ...box, platform: { ...box.platform, frameGrabbers: cards } } });
  });
  await page.goto(`${api.url}/health`);
  await page.getByText('can be protected by a failover server').waitFor();
  cards = ['109e:036e'];
  await page.locator('dd.warn').getByText('frame grabber cards (109e:036e)', { exact: false }).waitFor();
  t.pass();
});
