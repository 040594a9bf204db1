/** The page Failover > Servers on the mock API, for tests of it. */
import type { ExecutionContext } from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { openPage, type Look } from './browser.ts';
import { startMockApi, type MockApi } from './mock-api.ts';
import type { MockOptions } from './mock-routes.ts';
import { mockServers, type MockServers } from './mock-servers-data.ts';

export type ServersPage = {
  readonly page: Page;
  readonly dialog: Locator;
  readonly servers: MockServers;
  readonly api: MockApi;
};
/** A host with servers in every state, unless something else is given. What a page complains about fails the test. */
export async function openServers(
  t: ExecutionContext,
  browser: Browser,
  options: MockOptions = {},
  look: Look = {},
): Promise<ServersPage> {
  const servers = options.servers ?? mockServers(Date.now());
  const api = await startMockApi({ media: false, members: true, mode: 'host', ...options, servers });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser, look);
  t.teardown(() => {
    if (complaints.length > 0) throw new Error(complaints.join());
  });
  await page.goto(`${api.url}/failover`);
  await page.locator('.servers-page').waitFor();
  return { page, servers, api, dialog: page.getByRole('dialog') };
}

export const button = (page: Page | Locator, name: string): Locator => page.getByRole('button', { name, exact: true });
export const rowOf = (page: Page, name: string): Locator =>
  page.locator('tr[data-index]').filter({ has: button(page, name) });
/** Beside the name, which would open the details. */
export const clickRow = (row: Locator, modifiers: ('Control' | 'Shift')[] = []): Promise<void> =>
  row.locator('td').nth(1).click({ modifiers });
/** Bodies of what was asked so. */
export const askedOf = ({ asked }: MockServers, call: string): readonly Readonly<Record<string, unknown>>[] =>
  asked.filter((one) => one.call === call).map(({ body }) => body);
