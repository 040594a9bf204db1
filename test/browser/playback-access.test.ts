/** Playback and exports of a site in both themes, on a desk and on a phone: nothing axe objects to, in any of their states. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { launch } from '../support/browser.ts';
import { openAt, openSite, shownVideos, tileOf } from '../support/playback-page.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const MINUTE = 60_000;

for (const look of [
  { theme: 'dark', width: 1440, height: 900 },
  { theme: 'light', width: 1440, height: 900 },
  { theme: 'dark', width: 390, height: 844 },
  { theme: 'light', width: 390, height: 844 },
] as const) {
  test.serial(`playback of a site is accessible: ${look.theme}, ${look.width} pixels wide`, async (t) => {
    t.timeout(120_000);
    const site = await openSite(t, browser, { look });
    const { api, page, complaints } = site;
    const check = async (what: string): Promise<void> => {
      // axe takes rows that are scrolled out of sight for covered by what stands there instead.
      await page.evaluate(`document.querySelector('.tl-scroll')?.scrollTo(0, 0)`);
      t.deepEqual(await axeFindings(page), [], what);
      await shows(t, async () => await isWiderThanScreen(page), false, `${what} is wider than the screen`);
    };
    const at = api.state.playback.takeover.start + MINUTE;
    await openAt(site, { cameras: ['cam-3', 'cam-1', 'cam-8'], at, from: at, to: at + MINUTE });
    await shownVideos(page).nth(1).waitFor();
    await tileOf(page, 'Garden').getByText('by Spare-NAS').waitFor();
    await page.locator('.stage').getByText('This stream is H.265', { exact: false }).waitFor();
    await check('playing what a failover server recorded');
    for (const [key, name] of [
      ['?', 'Keys of playback'],
      ['g', 'Go to time'],
      ['e', 'Export footage of 3 cameras'],
    ] as const) {
      await page.keyboard.press(key);
      const dialog = page.getByRole('dialog', { name });
      await dialog.waitFor();
      if (key === 'e') await dialog.getByText('Where it lies').waitFor();
      await check(name);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    await page.keyboard.press('t');
    await check('gaps as a table');
    api.state.site.away = new Set(['srv-2']);
    await openAt(site, { cameras: ['cam-3'], at: api.state.began - MINUTE });
    await tileOf(page, 'Garden').getByText('Yard-NAS is not connected').waitFor();
    await check('a server is away');
    await page.goto(`${api.url}/exports`);
    await page.getByText('Exports of Yard-NAS cannot be seen now', { exact: false }).waitFor();
    await check('exports');
    t.deepEqual(complaints, []);
  });
}
