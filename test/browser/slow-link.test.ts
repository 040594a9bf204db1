/** A link of 400 kbit/s and 400 ms: pages say that they wait, nothing is taken for dead, nothing is done twice, live view says what is wrong. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { following, visitNeutral, VIEWS, type View } from '../support/large-site.ts';
import { startMockApi, type MockApi } from '../support/mock-api.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const BYTES_PER_SECOND = 400_000 / 8;
const LATENCY_MS = 400;
async function slow(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  const throughput = { downloadThroughput: BYTES_PER_SECOND, uploadThroughput: BYTES_PER_SECOND };
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: LATENCY_MS, ...throughput });
}
async function open(t: ExecutionContext, api: MockApi, path: string): Promise<Page> {
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await slow(page);
  await page.goto(`${api.url}${path}`);
  return page;
}

/** Looks at each frame until `ready` is there: what was claimed to be empty or away, and how long there was neither content nor a sign of waiting. */
const watching = (ready: string): string => `new Promise((resolve) => {
  const claims = new Set();
  let [bare, last] = [0, performance.now()];
  requestAnimationFrame(function look(now) {
    const main = document.getElementById('main');
    const shows = (what) => main !== null && main.querySelector(what) !== null;
    for (const { textContent } of main?.querySelectorAll('.empty h2, .banner') ?? []) claims.add(textContent);
    const isBare = !shows('[aria-busy="true"], .spinner, .card, .empty') && !shows(${JSON.stringify(ready)});
    // A machine that stood still between two frames is no page that stayed bare.
    if (isBare) bare += Math.min(now - last, 100);
    last = now;
    if (shows(${JSON.stringify(ready)})) resolve({ claims: [...claims], bare });
    else requestAnimationFrame(look);
  });
})`;
type Seen = { readonly claims: readonly string[]; readonly bare: number };
/** Until a page that waits must say so. */
const BARE_MS = 600;

test.serial('each view says that it waits, and claims neither to be empty nor that the box is away', async (t) => {
  const page = await open(t, await startMockApi({ media: false, members: true }), '/settings/trust');
  await page.locator('main details').first().waitFor();
  let broken = 0;
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED') broken += 1;
  });
  const go = async ({ href, ready }: Pick<View, 'href' | 'ready'>): Promise<Seen> => {
    await visitNeutral(page);
    await page.locator('.banner').waitFor({ state: 'detached' });
    const before = broken;
    await page.evaluate(following(href));
    const seen = await page.evaluate<Seen>(watching(ready));
    // Interfaces that come and go on this machine break off what is on its way: that link is not slow, it is gone.
    return broken === before ? seen : await go({ href, ready });
  };
  for (const view of VIEWS) {
    const { name } = view;
    const seen = await go(view);
    t.log(`${name}: bare for ${seen.bare.toFixed(0)} ms; ${seen.claims.join()}`);
    t.deepEqual(seen.claims, [], name);
    t.true(seen.bare <= BARE_MS, `${name} was bare for ${seen.bare.toFixed(0)} ms`);
  }
});

test.serial('what is confirmed twice on a slow link is done once', async (t) => {
  const api = await startMockApi({ media: false });
  const page = await open(t, api, '/exports');
  const deletions: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'DELETE') deletions.push(request.url());
  });
  await page.getByRole('button', { name: 'Delete: Front door' }).click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true });
  await confirm.dblclick();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await shows(t, () => deletions.length, 1);
});

test.serial(
  'live view says that the link is too slow, and offers the sub-stream where the main stream was chosen',
  async (t) => {
    const api = await startMockApi();
    t.teardown(() => api.close());
    const { page } = await openPage(t, browser);
    await page.goto(`${api.url}/live`);
    const tile = page.locator('.tile[data-camera="cam-1"]');
    await page.locator('.tile.live[data-camera="cam-1"]').waitFor();
    await tile.getByRole('button', { name: 'Enlarge Front door' }).click({ force: true });
    await page.locator('.tile.live[data-camera="cam-1"]').waitFor();
    api.stallLive();
    await tile.getByText('the link to this browser may be too slow', { exact: false }).waitFor();
    const asked = page.waitForEvent('websocket', { predicate: (socket) => /cam-1\/.*stream=sub/.test(socket.url()) });
    await tile.getByRole('button', { name: 'Show the sub-stream' }).click();
    await asked;
    t.pass();
  },
);
