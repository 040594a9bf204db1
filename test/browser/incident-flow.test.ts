/** A failure as somebody sees it who has the page of the failover server open, and of the failed server afterwards: real processes. */
import test from 'ava';
import type { Box } from '../../src/demo/demo-box.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { PATIENCE_MS, startPair } from '../support/protected-pair.ts';
import { signIn } from '../support/real-box.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

const urlOf = ({ port }: Box): string => `https://127.0.0.1:${port()}`;

test('a server is killed: the notice, the page that follows, and the same account at home', async (t) => {
  t.timeout(300_000);
  const pair = await startPair(t);
  await pair.ready();
  // Playback of the incident begins 4 s before the failure: there is something to see then.
  await pair.recordsFor(5000);
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  const listening = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/api/v1/events');
  await signIn(page, urlOf(pair.covering()));
  // The notice is an event: who does not listen yet is not told.
  await listening;
  await page.getByRole('link', { name: 'Events', exact: true }).click();
  await page.locator('tr[data-index]').first().waitFor();

  pair.kill();
  await page.getByText('Shop failed: Spare records its cameras.').locator('visible=true').first().waitFor();
  await page.getByRole('link', { name: 'Show the incident' }).click();
  const sentence = page.locator('.incident-sentence');
  const said = async (words: RegExp): Promise<unknown> =>
    await waitFor(
      `the page to say ${words.source}`,
      async () => words.test(((await sentence.textContent()) ?? '').replaceAll('\u00a0', ' ')),
      PATIENCE_MS,
    );
  await said(
    /^Shop stopped \d\d:\d\d:\d\d: .*\. Spare covered its camera from \d\d:\d\d:\d\d without a gap\. Spare still records it\./,
  );
  await pair.covered(5000);
  await keepScreenshot(page, 'incident-live');

  await pair.comeBack();
  await pair.over();
  await said(/Restored \d\d:\d\d:\d\d, 100 % returned\. Nothing is missing\.$/);
  const steps = await page.locator('.incident-what').allTextContents();
  for (const step of [
    'Last sign of life of Shop',
    'Spare keeps footage ready from here on',
    'Shop is back',
    'Closed with the last receipt',
  ])
    t.true(steps.includes(step), `${step} in ${steps.join(', ')}`);
  const bars = (await page.getByRole('img', { name: /^Door:/ }).getAttribute('aria-label')) ?? '';
  t.regex(bars, /^Door: recorded by Spare, returned \d.*, recorded by Shop \d/);
  const there = ((await sentence.textContent()) ?? '').replaceAll('\u00a0', ' ');

  // The failed server has no incident of its own: it asks the one that covered it.
  const { page: home, complaints: atHome } = await openPage(t, browser);
  await signIn(home, urlOf(pair.protectedBox()));
  await home.getByRole('link', { name: 'Incidents', exact: true }).click();
  await home.getByRole('link', { name: 'Shop', exact: true }).click();
  await home.locator('.incident-sentence').waitFor();
  const here = async (): Promise<string> =>
    ((await home.locator('.incident-sentence').textContent()) ?? '').replaceAll('\u00a0', ' ');
  await shows(t, here, there);
  await home.getByRole('link', { name: 'Play across the takeover', exact: true }).click();
  await home.locator('.stage video:not([hidden])').waitFor({ timeout: PATIENCE_MS });
  t.deepEqual([...complaints, ...atHome], []);
});
