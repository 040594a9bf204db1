/** Many tabs of one box: a browser opens six connections to it, and a tab that nobody looks at holds none. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { BrowserContext, Page } from 'playwright-core';
import { launch } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { PATIENCE_MS } from '../support/real-box.ts';
import { waitFor } from '../support/wait-for.ts';

const PLACES = ['live', 'failover', 'cameras', 'exports', 'health', 'events', 'incidents', 'settings'];

/** A browser without a screen shows every tab: they are told instead, as a tab strip would. */
const VISIBILITY = `Object.defineProperty(document, 'hidden', { get: () => globalThis.isAway === true });
globalThis.turn = (isAway) => {
  globalThis.isAway = isAway;
  document.dispatchEvent(new Event('visibilitychange'));
};`;
const turn = async (page: Page, isAway: boolean): Promise<void> => await page.evaluate(`turn(${isAway})`);
async function openTab(context: BrowserContext, inBackground: boolean): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.addInitScript(`globalThis.isAway = ${inBackground}; ${VISIBILITY}`);
  return page;
}
const streamsAre = async (t: ExecutionContext, look: () => number, wanted: number): Promise<void> => {
  await waitFor(`${wanted} streams of events`, () => look() === wanted, PATIENCE_MS);
  t.pass();
};

test('eight tabs load one after the other, and two more in the background; a tab that is shown again tells what is new', async (t) => {
  t.timeout(235_000);
  const api = await startMockApi({ media: false, members: true });
  t.teardown(() => api.close());
  const browser = await launch();
  t.teardown(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB' });
  const loads = async (page: Page, place: string): Promise<void> => {
    await page.goto(`${api.url}/${place}`);
    await page.locator('h1').waitFor();
    await page.locator('.brand-text').getByText('Hall-NAS').waitFor();
  };
  const tabs: Page[] = [];
  for (const place of PLACES) {
    const page = await openTab(context, false);
    const last = tabs.at(-1);
    if (last !== undefined) await turn(last, true);
    await loads(page, place);
    tabs.push(page);
  }
  await streamsAre(t, api.streams, 1);

  for (const place of ['cameras', 'events']) await loads(await openTab(context, true), place);
  await streamsAre(t, api.streams, 1);

  const [first] = tabs;
  const last = tabs.at(-1);
  if (first === undefined || last === undefined) throw new Error('no tab');
  api.state.name = 'Attic-NAS';
  await turn(last, true);
  await turn(first, false);
  await first.locator('.brand-text').getByText('Attic-NAS').waitFor();
  await streamsAre(t, api.streams, 1);
  // By its stream of events.
  api.state.name = 'Barn-NAS';
  api.emit({ kind: 'server' });
  await first.locator('.brand-text').getByText('Barn-NAS').waitFor();
});
