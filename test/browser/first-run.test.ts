/** First run on a slow box: what comes late never runs into what somebody types. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const TYPED = '/volume3/footage';

test('suggested folders that come late are there before the field, and a typed one stays', async (t) => {
  const api = await startMockApi({ media: false, signedIn: false, setupNeeded: true });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser);
  let answer = (): void => undefined;
  const isTime = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  await page.route('**/api/v1/volumes/suggestions', async (route) => {
    asked += 1;
    await isTime;
    await route.continue();
  });
  await page.goto(`${api.url}/live`);
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create owner' }).click();
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await shows(t, () => asked, 1);
  const folder = page.getByLabel('Folder');
  // What a person, or a test, does who is faster than the box: as soon as there is a field.
  const early = await folder.isVisible();
  if (early) await folder.press('/');
  answer();
  await page.getByRole('radio', { name: '/volume1' }).waitFor();
  if (early) await folder.pressSequentially(TYPED.slice(1));
  else await folder.fill(TYPED);
  await shows(t, async () => await folder.inputValue(), TYPED);
  await page.getByRole('button', { name: 'Record here' }).click();
  await page.getByText('P3245-LVE').waitFor();
  t.deepEqual(complaints, []);
});

test('without any suggestion, or an answer, a folder can still be typed', async (t) => {
  for (const [status, said] of [
    [200, /^No mounted file system/],
    [500, /./],
  ] as const) {
    const api = await startMockApi({ media: false, signedIn: false, setupNeeded: true });
    t.teardown(() => api.close());
    const { page } = await openPage(t, browser);
    await page.route('**/api/v1/volumes/suggestions', (route) => route.fulfill({ status, json: { items: [] } }));
    await page.goto(`${api.url}/live`);
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Create owner' }).click();
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await page.locator('.notice').filter({ hasText: said }).waitFor();
    await page.getByLabel('Folder').fill(TYPED);
    await page.getByRole('button', { name: 'Record here' }).click();
    await shows(t, async () => await page.getByText('P3245-LVE').isVisible(), true, `${status}`);
  }
});
