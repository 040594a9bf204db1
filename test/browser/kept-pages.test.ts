/** Pages that the browser keeps for its Back button: they hold no connection, of which it has six for each server, and are up to date when shown again. */
import test from 'ava';
import { chromium } from 'playwright-core';
import { openPage } from '../support/browser.ts';
import { PASSWORD, PATIENCE_MS, signIn, startFreshBox } from '../support/real-box.ts';
import { createApiClient } from '../../src/cli/api-client.ts';
import { DEMO_USER, placeOf } from '../../src/demo/demo-box.ts';

/** Playwright switches the store of kept pages off; people have it. */
const browserThatKeepsPages = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
/** Far above what a page takes, below the minute for which connections were held. */
const OPENS_WITHIN_MS = 20_000;
const PLACES = ['incidents', 'cameras', 'exports', 'health', 'events', 'settings', 'incidents', 'cameras', 'events'];

test('pages opened one after the other by their address open at once, and going back shows what is new', async (t) => {
  t.timeout(240_000);
  const box = await startFreshBox(t);
  const api = createApiClient(() => {
    const { port = 0, fingerprint } = placeOf(box.dataDir) ?? {};
    return { host: '127.0.0.1', port, fingerprint, token: undefined };
  });
  await api.call('POST', '/setup', { username: DEMO_USER, password: PASSWORD, serverName: 'Before' });
  const browser = await browserThatKeepsPages();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  await signIn(page, box.url(), '/events');
  for (const place of PLACES) {
    await page.goto(`${box.url()}/${place}`, { timeout: OPENS_WITHIN_MS });
    await page.locator('h1').waitFor({ timeout: OPENS_WITHIN_MS });
  }
  await api.call('PATCH', '/server', { name: 'After' });
  await page.goBack({ waitUntil: 'commit' });
  await page.locator('.brand-text').getByText('After').waitFor({ timeout: PATIENCE_MS });
  await api.call('PATCH', '/server', { name: 'And after' });
  await page.locator('.brand-text').getByText('And after').waitFor({ timeout: PATIENCE_MS });
  t.deepEqual(complaints, []);
});
