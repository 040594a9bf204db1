/** Dialogs that no other file looks at, over every room of pages, judged by axe in both themes and on a phone. */
import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { busy } from '../support/activity-page.ts';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { mockServers } from '../support/mock-servers-data.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

/** What is done in the page, and what the dialog shows then. */
type Step = { readonly name: string; readonly go: (page: Page) => Promise<void> };
/** Steps within one dialog follow one another; Escape closes it. */
type Opened = { readonly path: string; readonly steps: readonly [Step, ...Step[]] };
type Room = { readonly name: string; readonly given?: MockOptions; readonly dialogs: readonly Opened[] };

const press =
  (name: string | RegExp) =>
  async (page: Page): Promise<void> =>
    await page.getByRole('button', { name, exact: true }).first().click();
const inDialog =
  (name: string) =>
  async (page: Page): Promise<void> =>
    await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
const one = (path: string, name: string, go: Step['go']): Opened => ({ path, steps: [{ name, go }] });

const ROOMS: readonly Room[] = [
  {
    name: 'settings',
    dialogs: [
      one('/settings', 'add a user', async (page) => {
        await press('Add user')(page);
        await page.getByRole('dialog').getByLabel('May see all cameras').uncheck();
      }),
      one('/settings', 'edit a user', press('anna')),
      one('/settings', 'delete a token', press('Delete: home automation')),
      one('/settings', 'remove a volume', press(/^Remove: /)),
      one('/settings', 'change the role', press('Change the role')),
    ],
  },
  {
    name: 'footage',
    dialogs: [
      one('/exports', 'delete an export', press('Delete: Front door')),
      one('/snapshots', 'delete a snapshot', press(/^Delete the snapshot/)),
      {
        path: '/playback?cameras=cam-1',
        steps: [
          { name: 'export', go: press('Export') },
          {
            name: 'export, times in the wrong order',
            go: async (page) => await page.getByRole('dialog').getByLabel('To').fill('2026-01-01T00:00:00'),
          },
        ],
      },
    ],
  },
  {
    name: 'cameras',
    dialogs: [
      one('/cameras', 'edit a camera', press('Front door')),
      one('/cameras', 'edit several', async (page) => {
        await page.locator('tr[data-index="1"]').focus();
        await page.keyboard.press('Control+a');
        await press('Edit')(page);
      }),
      one('/cameras', 'delete several', async (page) => {
        await page.locator('tr[data-index="1"]').focus();
        await page.keyboard.press('Control+a');
        await press('Delete')(page);
      }),
    ],
  },
  {
    name: 'servers',
    given: { members: true, mode: 'host', servers: mockServers(Date.now()) },
    dialogs: [
      {
        path: '/failover',
        steps: [
          { name: 'add a server', go: press('Add server') },
          {
            name: 'add a server, tested',
            go: async (page) => {
              await page.getByLabel('Address or name').fill('192.168.1.220');
              await inDialog('Test connection')(page);
              await page.getByText('It answers. Nothing secret was sent yet.').waitFor();
            },
          },
        ],
      },
      {
        path: '/failover',
        steps: [
          {
            name: 'add several',
            go: async (page) => {
              await press('Add several')(page);
              await inDialog('Choose all')(page);
            },
          },
          { name: 'add several, accounts', go: inDialog('Next') },
          {
            name: 'add several, names',
            go: async (page) => {
              const dialog = page.getByRole('dialog');
              await dialog.getByLabel('User name there').fill('owner');
              await dialog.getByLabel('Password there').fill('secret');
              await dialog.getByLabel('I compared the fingerprints').check();
              await inDialog('Next')(page);
            },
          },
          {
            name: 'add several, results',
            go: async (page) => {
              await inDialog('Add 4 servers')(page);
              await page.getByText('3 of 4 servers were added.').waitFor();
            },
          },
        ],
      },
    ],
  },
  {
    name: 'activity',
    given: { members: true, activity: busy() },
    dialogs: [
      {
        path: '/failover/activity',
        steps: [
          {
            name: 'replace',
            go: async (page) => {
              await press('Replace …')(page);
              await page.getByText('It protects nobody any more then.').waitFor();
            },
          },
          {
            name: 'replace, compared',
            go: async (page) => {
              await inDialog('Compare')(page);
              await page.getByText('night-guard').waitFor();
            },
          },
          { name: 'replace, confirmed', go: inDialog('Go on') },
          {
            name: 'replace, under way',
            go: async (page) => {
              await page.getByLabel('Type “Yard-NAS” to confirm').fill('Yard-NAS');
              await inDialog('Replace Yard-NAS')(page);
              await page.getByRole('dialog').getByText('Identity passed, no way back').waitFor();
            },
          },
        ],
      },
      one('/failover/activity', 'stop a restoration', press('Stop …')),
    ],
  },
];

for (const look of [
  { theme: 'dark', width: 390, height: 844 },
  { theme: 'light', width: 1440, height: 900 },
] as const)
  for (const { name, given = {}, dialogs } of ROOMS)
    test.serial(`dialogs of ${name} are accessible: ${look.theme}, ${look.width} pixels wide`, async (t) => {
      const api = await startMockApi({ media: false, ...given });
      t.teardown(() => api.close());
      const { page, complaints } = await openPage(t, browser, look);
      for (const [index, { path, steps }] of dialogs.entries()) {
        if (dialogs[index - 1]?.path !== path) await page.goto(`${api.url}${path}`);
        for (const step of steps) {
          await step.go(page);
          await page.getByRole('dialog').waitFor();
          t.deepEqual(await axeFindings(page, 'dialog[open]'), [], step.name);
          await shows(t, async () => await isWiderThanScreen(page), false, `${step.name} is wider than the screen`);
        }
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      t.deepEqual(complaints, []);
    });
