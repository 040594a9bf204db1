/** Cameras over the site: whose they are, changed at their own server, found with a picture each, two people at one camera; on the mock API. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page, Request } from 'playwright-core';
import { axeFindings } from '../support/axe.ts';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { startMockApi, type MockApi } from '../support/mock-api.ts';
import { MEMBER, SPARE } from '../support/mock-site.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

type Given = Parameters<typeof startMockApi>[0] & Look;
type Sent = { readonly method: string; readonly path: string; readonly body: unknown };
async function start(
  t: ExecutionContext,
  given: Given = {},
): Promise<{ api: MockApi; page: Page; changes: readonly Sent[] }> {
  const api = await startMockApi({ members: true, media: false, ...given });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser, given);
  const changes: Sent[] = [];
  page.on('request', (request: Request) => {
    if (request.method() === 'GET') return;
    const path = new URL(request.url()).pathname.replace('/api/v1', '');
    changes.push({ method: request.method(), path, body: request.postDataJSON() as unknown });
  });
  return { api, page, changes };
}
const rows = (page: Page) => page.locator('tr[data-index]');
const rowOf = (page: Page, name: string) => rows(page).filter({ has: page.getByRole('button', { name, exact: true }) });

/** Driveway, and Garden at another server. */
async function editBoth(page: Page): Promise<void> {
  await rowOf(page, 'Driveway').locator('td').nth(1).click();
  await rowOf(page, 'Garden')
    .locator('td')
    .nth(1)
    .click({ modifiers: ['Control'] });
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
}

test.serial(
  'each camera shows its server and who covers it, and the list is filtered by server and state',
  async (t) => {
    const { api, page } = await start(t);
    api.state.site.away = new Set([MEMBER.id]);
    api.state.site.coveredBy = new Map([['cam-3', SPARE]]);
    const [tight] = api.state.volumes;
    if (tight !== undefined)
      api.state.volumes = [{ ...tight, forecast: { daysFit: 5.2, daysWanted: 14, bytesPerDay: 2e11 } }];
    await page.goto(`${api.url}/cameras`);
    await rowOf(page, 'Garden').getByText('covered by Spare-NAS').waitFor();
    await rowOf(page, 'Loading dock').getByText('last known').waitFor();
    await rowOf(page, 'Front door').getByText('14 days wanted, 5.2 will fit').waitFor();
    await keepScreenshot(page, 'cameras-site');
    await page.getByLabel('Server', { exact: true }).selectOption('Yard-NAS');
    await rows(page).nth(5).waitFor({ state: 'detached' });
    await shows(t, async () => await rows(page).count(), 5);
    await page.getByLabel('State', { exact: true }).selectOption('Failed');
    await rows(page).nth(1).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Loading dock', exact: true }).click();
    await page.getByRole('dialog').getByText('cannot be changed now').waitFor();
    await shows(t, async () => await page.getByRole('dialog').getByRole('button', { name: 'Save' }).isDisabled(), true);
  },
);

test.serial(
  'a camera is changed at its own server, several at each of theirs; what one refuses is said by its name',
  async (t) => {
    const { api, page, changes } = await start(t);
    await page.goto(`${api.url}/cameras`);
    await page.getByRole('button', { name: 'Garden', exact: true }).click();
    await page.getByLabel('Failover priority').selectOption('low');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Garden was saved').first().waitFor();
    t.like(changes.at(-1), { method: 'PATCH', path: '/servers/srv-2/api/cameras/cam-3' });
    await editBoth(page);
    await page.getByLabel('Standby level').selectOption('cold');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('2 cameras changed').first().waitFor();
    const change = { standbyLevel: 'cold' };
    t.deepEqual(changes.slice(-2), [
      { method: 'PATCH', path: '/cameras', body: { ids: ['cam-2'], change } },
      { method: 'PATCH', path: '/servers/srv-2/api/cameras', body: { ids: ['cam-3'], change } },
    ]);
    api.state.site.away = new Set([MEMBER.id]);
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByText('Yard-NAS: Yard-NAS is not connected', { exact: false }).first().waitFor();
  },
);

test.serial('two people at one camera: what differs is shown, and one decides', async (t) => {
  const { api, page, changes } = await start(t);
  let beaten = true;
  await page.route('**/api/v1/cameras/cam-1', async (route) => {
    if (route.request().method() !== 'PATCH' || !beaten) return await route.continue();
    beaten = false;
    api.state.cameras = api.state.cameras.map((camera) =>
      camera.id === 'cam-1' ? { ...camera, priority: 'never', retention: { maxDays: 30 } } : camera,
    );
    const detail = 'Somebody else changed this camera meanwhile: read it again, then repeat the change.';
    const json = { type: 'about:blank', title: 'Changed', status: 412, code: 'camera/changed', detail };
    return await route.fulfill({ status: 412, json, contentType: 'application/problem+json' });
  });
  await page.goto(`${api.url}/cameras`);
  await page.getByRole('button', { name: 'Front door', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Keep for days').fill('21');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByRole('alert').getByText('Somebody else changed').waitFor();
  const differing = dialog.locator('.clash tbody tr');
  const differences = ['Failover priority\tHigh\tNever', 'Keep for days\t21\t30'];
  await shows(t, async () => await differing.allInnerTexts(), differences);
  await keepScreenshot(page, 'camera-clash');
  await dialog.getByRole('button', { name: 'Take theirs' }).click();
  await shows(t, async () => await dialog.getByLabel('Keep for days').inputValue(), '30');
  await dialog.getByLabel('Keep for days').fill('25');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  t.like(changes.at(-1), { body: { retention: { maxDays: 25 }, priority: 'never' } });
});

test.serial('fewer days than are kept are asked about, for one camera and for several', async (t) => {
  const { api, page, changes } = await start(t);
  await page.goto(`${api.url}/cameras`);
  await page.getByRole('button', { name: 'Front door', exact: true }).click();
  await page.getByLabel('Keep for days').fill('3');
  await page.getByLabel('Keep for days').press('Enter');
  const question = page.getByRole('dialog', { name: 'Delete footage older than 3 days?' });
  await question.getByText('Up to 11 days are kept now.', { exact: false }).waitFor();
  await keepScreenshot(page, 'camera-shorten');
  t.deepEqual(await axeFindings(page), []);
  await question.getByRole('button', { name: 'Cancel' }).click();
  await question.waitFor({ state: 'detached' });
  t.deepEqual(changes, []);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await question.getByRole('button', { name: 'Save and delete older footage' }).click();
  await page.getByText('Front door was saved').first().waitFor();
  t.is(changes.length, 1);
  t.like(changes[0], { path: '/cameras/cam-1', body: { retention: { maxDays: 3 } } });

  await editBoth(page);
  await page.getByLabel('Keep for days').fill('5');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const both = page.getByRole('dialog', { name: 'Delete footage older than 5 days?' });
  await both.getByText('Driveway, Garden').waitFor();
  t.is(changes.length, 1);
  await both.getByRole('button', { name: 'Save and delete older footage' }).click();
  await page.getByText('2 cameras changed').first().waitFor();
  t.like(changes.at(-1), { body: { change: { retention: { maxDays: 5 } } } });
});

test.serial('saved before it is known what is changed, it waits for that: nobody is overwritten unseen', async (t) => {
  const { api, page } = await start(t);
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>();
  const sent: (string | undefined)[] = [];
  await page.route('**/api/v1/cameras/cam-1', async (route) => {
    const request = route.request();
    if (request.method() === 'PATCH') sent.push(request.headers()['if-match']);
    if (request.method() !== 'GET') return await route.continue();
    const response = await route.fetch();
    await new Promise<void>(ask);
    return await route.fulfill({ response, headers: { ...response.headers(), etag: '"7"' } });
  });
  await page.goto(`${api.url}/cameras`);
  await page.getByRole('button', { name: 'Front door', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Keep for days').fill('21');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  const answer = await asked;
  t.deepEqual(sent, []);
  answer();
  await dialog.waitFor({ state: 'detached' });
  t.deepEqual(sent, ['"7"']);
});

test.serial(
  'cameras are found from the server that shall record them, with shared credentials and a picture each',
  async (t) => {
    const { api, page, changes } = await start(t, { media: true });
    await page.goto(`${api.url}/cameras`);
    await page.getByRole('button', { name: 'Find cameras' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('P3245-LVE').waitFor();
    await dialog.getByLabel('Recorded by').selectOption('Yard-NAS');
    await dialog.getByLabel('Camera user name').fill('admin');
    await dialog.getByLabel('Camera password').fill('secret of cameras');
    await dialog.getByRole('button', { name: 'Search' }).click();
    await dialog.getByLabel('Picture of P3245-LVE').waitFor();
    const asked = changes.filter(({ path }) => path === '/servers/srv-2/api/cameras/test');
    t.like(asked[0]?.body, { url: 'rtsp://192.168.1.31:554/stream2', username: 'admin' }, 'the smallest profile');
    await dialog.getByRole('button', { name: 'Add 2 cameras' }).click();
    await page.getByText('2 cameras added').first().waitFor();
    t.is(changes.filter(({ method, path }) => method === 'POST' && path === '/servers/srv-2/api/cameras').length, 2);
  },
);
