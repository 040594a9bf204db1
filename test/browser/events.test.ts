/** The log over the site: all servers merged, one of them chosen, one that is away; on the mock API. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { HOST, MEMBER, SPARE } from '../support/mock-site.ts';
import { waitFor } from '../support/wait-for.ts';
import { settles } from '../support/settles.ts';
import { shows, showsText } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

test.serial('at a host the logs of all its servers are one, and older entries follow in order', async (t) => {
  const api = await startMockApi({ members: true, media: false });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser);
  await page.goto(`${api.url}/events`);
  const rows = page.locator('tr[data-index]');
  const takeover = rows.filter({ hasText: 'Takeover: the connection was lost' }).first();
  await takeover.waitFor();
  await showsText(t, async () => await takeover.textContent(), /Spare-NAS/, 'which server wrote it');
  await rows.filter({ hasText: 'Yard-NAS' }).filter({ hasText: 'Garden' }).first().waitFor();
  await page.getByText('Choose a server to save its log').waitFor();
  await keepScreenshot(page, 'events-site');
  const count = async (): Promise<number> => Number(await page.locator('table').getAttribute('aria-rowcount'));
  const before = await count();
  await page.getByRole('button', { name: 'Older entries' }).click();
  await page.locator(`table:not([aria-rowcount="${before}"])`).waitFor();
  t.true((await count()) > before);
  await waitFor('the page to listen', () => api.streams() > 0);
  api.emit({
    kind: 'log',
    entry: { id: 'log-new', at: new Date().toISOString(), severity: 'info', code: 'test', message: 'Just written' },
  });
  await rows.first().getByText('Just written').waitFor();
  t.deepEqual(complaints, []);
});

test.serial('one server is chosen: its entries, its cameras, its files', async (t) => {
  const api = await startMockApi({ members: true, media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/events?cameraId=cam-1`);
  const cameras = page.getByLabel('Camera', { exact: true });
  const rows = page.locator('tr[data-index]');
  await rows.first().waitFor();
  const choices = async (): Promise<number> => await cameras.locator('option').count();
  const hrefOf = async (name: string): Promise<string | null> =>
    await page.getByRole('link', { name }).getAttribute('href');
  const server = (): string | null => new URL(page.url()).searchParams.get('server');
  await shows(t, choices, 17, 'all of the site');
  await page.getByLabel('Server').selectOption('Yard-NAS');
  await page.waitForURL(`**/events?server=${MEMBER.id}`);
  await rows.filter({ hasNotText: 'Yard-NAS' }).first().waitFor({ state: 'detached' });
  await shows(t, choices, 6, 'its own, and all');
  await cameras.selectOption({ label: 'Garden' });
  await rows.filter({ hasNotText: 'Garden' }).first().waitFor({ state: 'detached' });
  await rows.first().waitFor();
  const ofGarden = `/api/v1/servers/${MEMBER.id}/api/log/export?format=csv&cameraId=cam-3`;
  await shows(t, async () => await hrefOf('CSV'), ofGarden);
  await page.getByLabel('Server').selectOption('Hall-NAS (this box)');
  const ofAll = '/api/v1/log/export?format=json';
  const href = await settles(ofAll, async () => await hrefOf('JSON'));
  t.is(href, ofAll, 'a camera of another server is not asked for any more');
  await shows(t, server, HOST.id);
  await page.getByLabel('Server').selectOption('Spare-NAS');
  await rows.filter({ hasText: 'Takeover' }).first().waitFor();
  await shows(t, server, SPARE.id);
});

test.serial('a server that is away is named, and its entries come when it is back', async (t) => {
  const api = await startMockApi({ members: true, media: false });
  t.teardown(() => api.close());
  api.state.site.away = new Set([MEMBER.id]);
  const { page } = await openPage(t, browser, { width: 390, height: 844 });
  await page.goto(`${api.url}/events`);
  const missing = page.getByText('What Yard-NAS wrote down is missing here', { exact: false });
  await missing.waitFor();
  await page.locator('tr[data-index]').filter({ hasText: 'Takeover' }).first().waitFor();
  await keepScreenshot(page, 'events-site-phone');
  api.state.site.away = new Set();
  await missing.waitFor({ state: 'detached' });
  await page.locator('tr[data-index]').filter({ hasText: '(Yard-NAS)' }).first().waitFor();
  await shows(t, async () => await page.getByText('is missing here', { exact: false }).count(), 0);
});

test.serial('a box that stands alone offers no servers', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/events`);
  await page.locator('tr[data-index]').first().waitFor();
  await shows(t, async () => await page.getByLabel('Server', { exact: true }).count(), 0);
  await shows(
    t,
    async () => await page.getByRole('link', { name: 'CSV' }).getAttribute('href'),
    '/api/v1/log/export?format=csv',
  );
});
