/** A browser whose clock is an hour off: what is newest is the box's, not the browser's. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { launch } from '../support/browser.ts';
import { openSite, playhead, playheadAt } from '../support/playback-page.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const HOUR_MS = 3_600_000;
const clockOff = (ms: number): string => `{
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length === 0 ? [Real.now() + ${ms}] : given)); }
    static now() { return Real.now() + ${ms}; }
  };
}`;

for (const [words, off] of [
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
] as const) {
  test(`a browser an hour ${words} opens playback where the box is now, and "newest" leads there`, async (t) => {
    const { api, page, complaints } = await openSite(t, browser, { media: false });
    await page.addInitScript(clockOff(off));
    await page.goto(`${api.url}/playback`);
    await playhead(page).waitFor();
    const secondsAgo = async (): Promise<number> => Date.now() / 1000 - (await playheadAt(page));
    await shows(t, async () => Math.abs((await secondsAgo()) - 60) < 45, true, 'it opens a minute ago');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('n');
    await shows(t, async () => Math.abs((await secondsAgo()) - 6) < 10, true, 'newest is a few seconds ago');
    t.deepEqual(complaints, []);
  });
}
