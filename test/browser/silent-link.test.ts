/** A cable that is pulled out while a page is open: nothing is refused, nothing is closed, nothing comes any more. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { startSilentLink } from '../support/silent-link.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

test('a page says that the box has fallen silent, and shows what is so now when the link is back', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const link = await startSilentLink(t, api.url);
  const { page } = await openPage(t, browser);
  await page.goto(`${link.url}/cameras`);
  await page.getByText('Front door').first().waitFor();
  link.silence();
  const since = performance.now();
  const banner = page.getByText('Connection to the box lost');
  await banner.waitFor();
  t.log(`told after ${((performance.now() - since) / 1000).toFixed(1)} s`);
  const [first] = api.state.cameras;
  if (first === undefined) return t.fail('no camera');
  first.name = 'Back door';
  link.mend();
  await banner.waitFor({ state: 'detached' });
  await page.getByText('Back door').first().waitFor();
  return t.pass();
});
