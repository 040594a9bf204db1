/** The pages of incidents in a browser, on a mock API of a failover server. */
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import type { IncidentReport } from '../../src/failover/incident-report.ts';
import { openPage, type Look } from './browser.ts';
import { startMockApi, type MockApi } from './mock-api.ts';

export type Shown = { readonly api: MockApi; readonly page: Page; readonly complaints: readonly string[] };
export type ShowIncidents = (
  t: ExecutionContext,
  reports: readonly IncidentReport[],
  path: string,
  look?: Look,
) => Promise<Shown>;

/** In the browser that is there when a page is shown. */
export const createShow =
  (browser: () => Browser): ShowIncidents =>
  async (t, reports, path, look = {}) => {
    const api = await startMockApi({ media: false, mode: 'failover', incidents: { reports } });
    t.teardown(() => api.close());
    const { page, complaints } = await openPage(t, browser(), look);
    await page.goto(`${api.url}${path}`);
    return { api, page, complaints };
  };
export const pathOf = ({ id }: IncidentReport): string => `/incidents/srv-1/${id}`;
export const sentenceOf = async (page: Page): Promise<string> =>
  ((await page.locator('.incident-sentence').textContent()) ?? '').replaceAll('\u00a0', ' ');
/** Polls: the page asks again by itself. */
export async function until(page: Page, text: string): Promise<void> {
  await page.getByText(text, { exact: false }).first().waitFor();
}
