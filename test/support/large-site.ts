/** A site of 64 cameras, 30 days and 24 servers on the mock API, and the views that a person goes through on it. */
import type { Page } from 'playwright-core';
import { busy } from './activity-page.ts';
import { startMockApi, type MockApi } from './mock-api.ts';
import { iso, mockExport } from './mock-data.ts';
import { incidentMock } from './mock-incidents.ts';
import { mockServers } from './mock-servers-data.ts';

const CAMERAS = 64;
const DAYS = 30;
const DAY_MS = 86_400_000;

/** Each day four exports and an incident of all cameras. */
export async function startLargeSite(): Promise<MockApi> {
  const now = Date.now();
  const days = Array.from({ length: DAYS }, (_, day) => now - (day + 1) * DAY_MS);
  const api = await startMockApi({
    media: false,
    members: true,
    mode: 'host',
    cameras: CAMERAS,
    servers: mockServers(now, 24),
    activity: busy(),
    incidents: { reports: days.map((at) => incidentMock(at, 'closed', { cameras: CAMERAS })) },
  });
  for (const start of days) {
    const range = { start: iso(start), end: iso(start + 60_000), now: start };
    for (let camera = 1; camera <= 4; camera += 1)
      api.state.exports.push(mockExport(`exp-${start}-${camera}`, `cam-${camera}`, range));
  }
  return api;
}

export type View = {
  readonly name: string;
  readonly href: string;
  /** Of the first paint of what the view is about. */
  readonly ready: string;
  /** The main thing done there, in so many steps. */
  readonly act: string;
  readonly steps?: number;
  readonly does: (page: Page) => Promise<unknown>;
};
const typing = (label: string, text: string) => async (page: Page) => {
  await page.getByLabel(label).focus();
  await page.keyboard.type(text);
};
const aSecond = { act: 'nothing, for a second', does: (page: Page) => page.waitForTimeout(1000) };

export const VIEWS: readonly View[] = [
  {
    name: 'Cameras',
    href: '/cameras',
    ready: 'tr[data-index]',
    act: 'choosing all',
    does: async (page) => {
      await page.locator('tr[data-index="0"]').focus();
      await page.keyboard.press('Control+a');
    },
  },
  {
    name: 'Playback',
    href: '/playback',
    ready: '.tl-field',
    act: 'from a day to 30 days',
    steps: 6,
    does: async (page) => {
      await page.getByRole('slider', { name: 'Playhead' }).focus();
      for (let step = 0; step < 6; step += 1) await page.keyboard.press('-');
    },
  },
  {
    name: 'Incidents',
    href: '/incidents',
    ready: 'tr[data-index]',
    act: 'one of 64 cameras',
    does: (page) => page.locator('tr[data-index] a').first().click(),
  },
  {
    name: 'Servers',
    href: '/failover',
    ready: 'tr[data-index]',
    act: 'the details of a server',
    does: (page) => page.getByRole('button', { name: 'Office-NAS', exact: true }).press('Enter'),
  },
  // Of 200 servers in protection.test.ts.
  { name: 'Protection', href: '/failover/protection', ready: 'main .card, main tr[data-index]', ...aSecond },
  { name: 'Activity', href: '/failover/activity', ready: '.act-page .card', ...aSecond },
  { name: 'Failover settings', href: '/failover/settings', ready: 'main form', ...aSecond },
  {
    name: 'Exports',
    href: '/exports',
    ready: 'tr[data-index]',
    act: 'what is asked before one is deleted',
    does: (page) => page.getByRole('button', { name: 'Delete: Front door' }).first().press('Enter'),
  },
  { name: 'Health', href: '/health', ready: '.chart canvas', ...aSecond },
  {
    name: 'Events',
    href: '/events',
    ready: 'tr[data-index]',
    act: 'searching, each letter',
    steps: 4,
    does: typing('Search', 'gate'),
  },
  {
    name: 'Settings',
    href: '/settings',
    ready: '.list li',
    act: 'an account for some of 64 cameras',
    does: async (page) => {
      await page.getByRole('button', { name: 'Add user' }).press('Enter');
      await page.getByLabel('May see all cameras').press('Space');
    },
  },
  { name: 'Live', href: '/live', ready: '.tile', ...aSecond },
];

/** Goes through all once: what is measured then is the views, not that their scripts are read for the first time. */
export async function visitAll(page: Page, url: string): Promise<void> {
  await page.goto(`${url}${NEUTRAL}`);
  for (const view of VIEWS) await visit(page, view);
}

const NEUTRAL = '/settings/trust';
/** To a page with nothing but text, without loading anything anew. */
export async function visitNeutral(page: Page): Promise<void> {
  await page.evaluate(following(NEUTRAL));
  await page.locator('main details').first().waitFor();
}
export async function visit(page: Page, { href, ready }: View): Promise<void> {
  await page.evaluate(following(href));
  await page.locator(`a[href="${href}"][aria-current="page"]`).first().waitFor(); // not what the view before shows
  await page.locator(ready).first().waitFor();
}
/** In the page: a plain click on a link there, from wherever. */
export const following = (href: string): string =>
  `Object.assign(document.body.appendChild(document.createElement('a')), { href: '${href}', hidden: true }).click()`;
