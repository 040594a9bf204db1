/** Footage that this browser cannot decode is explained, and what is recorded beside it in another codec is offered. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { launch } from '../support/browser.ts';
import { openAt, openSite, tileOf } from '../support/playback-page.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const HEVC = { id: 'cam-8', name: 'Server room' };
const MINUTE = 60_000;

test.serial('an H.265 camera whose sub-stream is recorded in H.264 offers that one, and plays it', async (t) => {
  const site = await openSite(t, browser, { members: false });
  const { api, page, complaints } = site;
  api.state.cameras = api.state.cameras.map((one) => (one.id === HEVC.id ? { ...one, recordSub: true } : one));
  await openAt(site, { cameras: [HEVC.id, 'cam-1'], at: api.state.began - 5 * MINUTE });
  const can = await page.evaluate<boolean>(`MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L120.90"')`);
  t.false(can, 'Debian has a Chromium without H.265; else this test needs another browser');
  const tile = tileOf(page, HEVC.name);
  const words = tile.getByText('This stream is H.265, which this browser cannot decode.', { exact: false });
  await words.waitFor();
  const picture = tile.locator('video:not([hidden]):not(.scrub)');
  await shows(t, async () => await picture.count(), 0, 'no picture stands behind the words');
  const asked = page.waitForRequest(/\/site\/cameras\/cam-8\/playlists\?.*stream=sub/);
  await tile.getByRole('button', { name: 'Show the sub-stream' }).click();
  await asked;
  await picture.waitFor();
  await words.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  const timeOf = async (): Promise<number> =>
    await picture.evaluate((video) => (video as unknown as { readonly currentTime: number }).currentTime);
  const before = await timeOf();
  await shows(t, async () => (await timeOf()) > before, true, 'its pictures move');
  t.deepEqual(complaints, []);
});

test.serial('one whose sub-stream is not recorded offers an export instead', async (t) => {
  const site = await openSite(t, browser, { members: false });
  await openAt(site, { cameras: [HEVC.id], at: site.api.state.began - 5 * MINUTE });
  const tile = tileOf(site.page, HEVC.name);
  await tile.getByText('This stream is H.265', { exact: false }).waitFor();
  await shows(t, async () => await tile.getByRole('button', { name: 'Show the sub-stream' }).count(), 0);
  await tile.getByRole('button', { name: 'Export' }).click();
  await site.page.getByRole('dialog').getByText(HEVC.name).waitFor();
  t.pass();
});
