/** Every page in both themes and on a phone: nothing axe or the security policy objects to, nothing wider than the screen. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { MEMBER, SPARE } from '../support/mock-site.ts';
import { shows } from './shows.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
type Finding = { readonly id: string; readonly target: string };
const findings = async (page: Page): Promise<readonly Finding[]> => {
  await page.evaluate(AXE);
  return page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => ({ id, target: node.target.join(' ') + ' ' + node.html.slice(0, 120) }))))`);
};

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const PAGES = [
  { name: 'live', ready: '.tile.live' },
  { name: 'playback', ready: '.stage video:not([hidden])' },
  { name: 'cameras', ready: 'tr[data-index]' },
  { name: 'failover', ready: '.first-steps' },
  { name: 'failover/activity', ready: '.act-page' },
  { name: 'incidents', ready: 'tr[data-index]' },
  { name: 'exports', ready: 'tr[data-index]' },
  { name: 'snapshots', ready: '.snapshots li' },
  { name: 'health', ready: '.chart canvas' },
  { name: 'events', ready: 'tr[data-index]' },
  { name: 'failover/protection', ready: '.matrix, .empty h2' },
  { name: 'failover/settings', ready: '.fo-cards .card' },
  { name: 'settings', ready: '.list li' },
  { name: 'settings/trust', ready: 'details' },
] as const;

for (const theme of ['dark', 'light'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    test.serial(
      `every page at ${width} x ${height}, ${theme}: accessible, within the policy, not wider than the screen`,
      async (t) => {
        const api = await startMockApi();
        t.teardown(() => api.close());
        const { page, complaints } = await openPage(t, browser, { theme, width, height });
        for (const { name, ready } of PAGES) {
          await page.goto(`${api.url}/${name}`);
          await page.locator(ready).first().waitFor();
          t.deepEqual(await findings(page), [], name);
          await shows(
            t,
            async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
            true,
            `${name} is wider than the screen`,
          );
        }
        t.deepEqual(complaints, []);
      },
    );
  }
}

const OF_A_SITE = ['live', 'cameras', 'health', 'events', 'settings'] as const;
for (const [theme, width, height] of [
  ['dark', 1440, 900],
  ['light', 390, 844],
] as const) {
  test.serial(`pages of a site with a server away at ${width} x ${height}, ${theme}: the same`, async (t) => {
    const api = await startMockApi({ members: true });
    t.teardown(() => api.close());
    api.state.site.away = new Set([MEMBER.id]);
    api.state.site.coveredBy = new Map([['cam-3', SPARE]]);
    const { page, complaints } = await openPage(t, browser, { theme, width, height });
    for (const { name, ready } of PAGES.filter((one) => OF_A_SITE.some((wanted) => wanted === one.name))) {
      await page.goto(`${api.url}/${name}`);
      await page.locator(ready).first().waitFor();
      await page.getByText('1 server covered').filter({ visible: true }).first().waitFor();
      t.deepEqual(await findings(page), [], name);
      await shows(
        t,
        async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
        true,
        `${name} is too wide`,
      );
    }
    t.deepEqual(complaints, []);
  });
}

test.serial('dialogs in both themes are accessible', async (t) => {
  const api = await startMockApi();
  t.teardown(() => api.close());
  for (const theme of ['dark', 'light'] as const) {
    const { page } = await openPage(t, browser, { theme });
    await page.goto(`${api.url}/cameras`);
    await page.getByRole('button', { name: 'Add camera' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Lobby');
    await page.getByLabel('Address of the main stream').fill('rtsp://192.168.1.77/main');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText('Key frame').waitFor();
    t.deepEqual(await findings(page), [], `add, ${theme}`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Find cameras' }).click();
    await page.getByText('P3245-LVE').waitFor();
    t.deepEqual(await findings(page), [], `discover, ${theme}`);
    if (theme === 'dark') await keepScreenshot(page, 'camera-discover');
  }
});
