/** The page Failover > Activity on the mock API, for its browser tests: opened in a state, judged by axe. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { openPage, type Look } from './browser.ts';
import { knownMock, restorationMock, takeoverMock, watchMock, type MockActivity } from './mock-activity-data.ts';
import { startMockApi } from './mock-api.ts';
import type { MockOptions } from './mock-routes.ts';
import { SPARE } from './mock-site.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const findings = async (page: Page): Promise<unknown> => {
  await page.evaluate(AXE);
  return await page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.html.slice(0, 160))))`);
};

export async function openActivity(
  { t, browser }: { readonly t: ExecutionContext; readonly browser: Browser },
  options: MockOptions,
  look: Look = {},
): Promise<Page> {
  const api = await startMockApi({ media: false, members: true, ...options });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser, look);
  t.teardown(() => {
    if (complaints.length > 0) throw new Error(complaints.join());
  });
  await page.goto(`${api.url}/failover/activity`);
  await page.locator('.act-page').waitFor();
  return page;
}

/** Of a host that is no failover server itself. */
export const spare = knownMock({ ...SPARE, mode: 'failover', watched: false, host: '192.168.1.12' });
/** A takeover, a restoration that runs and one that is over. */
export const busy = (): Partial<MockActivity> => ({
  takeovers: [takeoverMock()],
  restorations: [
    restorationMock({ serverId: 'srv-9', serverName: 'Attic-NAS' }),
    restorationMock({
      id: 'restoration-0',
      state: 'done',
      startedAt: '2026-11-20T10:00:00.000Z',
      endedAt: '2026-11-20T10:12:00.000Z',
    }),
  ],
  servers: [
    knownMock({ connected: false, watch: watchMock({ state: 'taken-over', covered: 5, reason: 'connection-lost' }) }),
    knownMock({ id: 'srv-9', name: 'Attic-NAS', watch: watchMock({ state: 'restoring', cameras: 3 }) }),
    spare,
  ],
});
