/** Several cameras added at once from what was found on the network: how far it is, and what came of it. */
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

test('while several cameras are added their number is told, and all are there in the end', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const before = api.state.cameras.length;
  const { page } = await openPage(t, browser);
  const held: (() => void)[] = [];
  await page.route('**/api/v1/**/cameras', async (route) => {
    if (route.request().method() === 'POST') await new Promise<void>((resolve) => held.push(resolve));
    await route.continue();
  });
  await page.goto(`${api.url}/cameras`);
  await page.getByRole('button', { name: 'Find cameras' }).click();
  const add = page.getByRole('button', { name: /^Add \d cameras$/ });
  await add.waitFor();
  const total = Number(/\d/.exec((await add.textContent()) ?? '')?.[0]);
  t.true(total > 1, 'the mock finds several');
  await add.click();
  for (let done = 0; done < total; done += 1) {
    await page.getByText(`Adding: ${done} of ${total}`).waitFor();
    await shows(t, async () => held.length, done + 1);
    held[done]?.();
  }
  await page.getByText(`Adding: `).waitFor({ state: 'detached' });
  await shows(t, async () => api.state.cameras.length, before + total);
});
