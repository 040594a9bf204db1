/** Real processes: somebody watches live at the host while a recorder is killed, covered and started again. */
import test from 'ava';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { PATIENCE_MS, readBarCodesOf, signIn, waitForMotion } from '../support/real-box.ts';
import { killServer, nobodyOwns, recordedUntil, startSpares } from '../support/spares-site.ts';
import { shows } from './shows.ts';

/** What a viewer may lose beyond the moment at which the takeover is known. */
const BACK_WITHIN_MS = 3000;
/**
 * Looks each frame, by the clock of the page: how long after the tile of cam-1 says who covers it another picture is in it. What the page
 * itself stood still meanwhile does not count.
 */
const LOOK = `globalThis.back = new Promise((resolve) => {
  let told;
  let last = performance.now();
  let stood = 0;
  requestAnimationFrame(function look(now) {
    if (told !== undefined) stood += Math.max(0, now - last - 100);
    last = now;
    const tile = [...document.querySelectorAll('.tile')].find((one) => one.textContent.includes('cam-1'));
    const picture = globalThis.cornerOf(tile.querySelector('video')).join();
    if (told === undefined && tile.textContent.includes('Covered by Spare')) told = { at: now, picture };
    if (told !== undefined && picture !== '' && picture !== told.picture) resolve(now - told.at - stood);
    else requestAnimationFrame(look);
  });
}); undefined`;

test('a watcher loses a second or so, is told who covers, and has the recorder back by itself', async (t) => {
  t.timeout(235_000);
  const site = await startSpares(t, { spares: ['Spare'], camerasEach: 2, standbyLevel: 'hot' });
  const [recorder] = site.recorders;
  const [camera] = site.simulator.cameras;
  if (recorder === undefined || camera === undefined) throw new Error('both are needed');
  await recordedUntil(site, Date.now() + 2000);
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  await readBarCodesOf(page);
  await signIn(page, `https://127.0.0.1:${site.host.box().port()}`);
  await page.locator('.tile.live').nth(1).waitFor();
  const tile = page.locator('.tile').filter({ has: page.getByText('cam-1', { exact: true }) });
  const video = tile.locator('video');
  await waitForMotion(video, camera);
  await shows(t, async () => await page.locator('.tile-badge').count(), 0);

  await page.evaluate(LOOK);
  const killedAt = await killServer(recorder);
  await tile.getByText('Covered by Spare').waitFor();
  t.log(`told ${Date.now() - killedAt} ms after the kill`);
  const behind = await page.evaluate<number>('globalThis.back');
  t.log(`picture ${behind.toFixed(0)} ms after that`);
  t.true(behind < BACK_WITHIN_MS, `${behind} ms behind the badge`);
  await waitForMotion(video, camera);
  await page.locator('.tile.live').nth(1).waitFor();
  await page.locator('.rail').getByText('1 server covered').waitFor();
  await keepScreenshot(page, 'live-takeover');

  t.pass();
  await recorder.start();
  await nobodyOwns(site);
  await tile.getByText('Covered by Spare').waitFor({ state: 'detached' });
  await waitForMotion(video, camera);
  await page.locator('.tile.live').nth(1).waitFor();
  t.deepEqual(complaints, []);
});
