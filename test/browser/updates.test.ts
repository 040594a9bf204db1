/** Settings, Updates: a release is added, installed, taken back; the servers of a host get it one after another; on the mock API. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { MAX_PART_BYTES } from '../../src/site/release-limits.ts';
import { axeFindings } from '../support/axe.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { keptMock, mockUpdates } from '../support/mock-updates.ts';
import type { MockUpdates } from '../support/mock-updates.ts';
import { tempDir } from '../support/temp-dir.ts';
import { clickRow, openServers, rowOf } from '../support/servers-page.ts';
import { shows, showsText } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

type Opened = { readonly page: Page; readonly card: Locator; readonly state: MockUpdates };
async function open(
  t: ExecutionContext,
  state: MockUpdates,
  more: { readonly members?: boolean } = {},
): Promise<Opened> {
  const api = await startMockApi({ media: false, updates: state, ...more });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/settings#updates`);
  const card = page.getByRole('region', { name: 'Updates' });
  await card.getByText('This box runs version 0.1.0.').waitFor();
  return { page, card, state };
}

test.serial('a release is sent in parts, kept, and refused in the words of the box', async (t) => {
  const { page, card, state } = await open(t, mockUpdates());
  await card.getByText('No release is kept here.').waitFor();
  const path = join(await tempDir(t), 'understudy.release');
  await writeFile(path, Buffer.alloc(MAX_PART_BYTES + 5, 7));
  const field = card.locator('input[type=file]');
  state.refusal = {
    status: 422,
    code: 'updates/key',
    detail: 'This release is signed by key 0123, which this server does not trust.',
  };
  await field.setInputFiles(path);
  await card.getByText('which this server does not trust', { exact: false }).waitFor();
  state.refusal = undefined;
  state.asked.length = 0;
  await field.setInputFiles(path);
  await page.getByText('Release 0.2.0 was added').first().waitFor();
  t.deepEqual(state.asked, [
    { at: 0, received: MAX_PART_BYTES },
    { at: MAX_PART_BYTES, received: MAX_PART_BYTES + 5 },
  ]);
  const list = card.getByRole('list', { name: 'Releases kept on this box' });
  await shows(t, async () => await list.getByRole('listitem').count(), 1);
  await list.getByRole('button', { name: 'Remove 0.2.0' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove 0.2.0' }).click();
  await card.getByText('No release is kept here.').waitFor();
});

test.serial(
  'a place is named, looked at, and one of its releases fetched; what it answers wrongly is said',
  async (t) => {
    const { page, card, state } = await open(t, mockUpdates());
    const group = card.getByRole('group', { name: 'Fetch a release' });
    await group.getByText('from a web server that you name').waitFor();
    await group.getByRole('button', { name: 'Name a place' }).click();
    state.published = 'https://example.org/x could not be fetched: the answer is 404 Not Found.';
    await group.getByRole('textbox', { name: 'Address of the release list' }).fill(' https://example.org/x ');
    await group.getByRole('button', { name: 'Save' }).click();
    await group.getByText('the answer is 404 Not Found.').waitFor();
    await group.getByText('https://example.org/x', { exact: true }).waitFor();
    await shows(t, async () => await page.getByRole('status').filter({ hasText: '404' }).count(), 0);

    const listed = (version: string, beside: 'newer' | 'older', kept = false) => ({
      version,
      bytes: 7_618_641,
      builtAt: '2026-11-24T00:00:00.000Z',
      beside,
      kept,
    });
    state.published = [listed('0.3.0', 'newer'), listed('0.2.0', 'newer'), listed('0.0.9', 'older')];
    await group.getByRole('button', { name: 'Look for releases' }).click();
    const offers = group.getByRole('list', { name: 'Releases that can be fetched' }).getByRole('listitem');
    await shows(t, async () => await offers.count(), 2);
    await keepScreenshot(page, 'settings-releases-fetch');
    await group.getByRole('button', { name: 'Fetch 0.3.0' }).click();
    await group.getByRole('progressbar', { name: 'Fetching 0.3.0' }).waitFor();
    await shows(t, async () => await group.getByRole('button', { name: 'Fetch 0.2.0' }).isDisabled(), true);
    t.deepEqual(await axeFindings(page), []);
    await group.getByRole('button', { name: 'Cancel' }).click();
    await group.getByRole('button', { name: 'Fetch 0.2.0' }).click();
    await group.getByRole('progressbar', { name: 'Fetching 0.2.0' }).waitFor();
    t.deepEqual(state.asked, ['0.3.0', '0.2.0']);
    const { fetching: _fetching, ...online } = state.seen.online ?? { source: '', releases: [] };
    const releases = online.releases.map((one) => (one.version === '0.2.0' ? { ...one, kept: true } : one));
    state.seen = { ...state.seen, releases: [keptMock('0.2.0')], online: { ...online, releases } };
    await card.getByRole('button', { name: 'Install 0.2.0' }).waitFor();
    await shows(t, async () => await offers.count(), 1);
  },
);

test.serial('installing asks, shows what it does, and the new release offers to load its page', async (t) => {
  const { page, card, state } = await open(t, mockUpdates({ releases: [keptMock('0.2.0')] }));
  await card.getByRole('button', { name: 'Install 0.2.0' }).click();
  const dialog = page.getByRole('dialog', { name: 'Install release 0.2.0?' });
  await dialog.getByText('Failover servers that protect this box record first', { exact: false }).waitFor();
  await dialog.getByRole('button', { name: 'Install 0.2.0' }).click();
  await card.getByText('Release 0.2.0 is being unpacked. Recording goes on.').waitFor();
  t.deepEqual(state.asked, ['0.2.0']);
  state.seen = { ...state.seen, installing: { version: '0.2.0', phase: 'restarting' } };
  await card.getByText('This box restarts with release 0.2.0.', { exact: false }).waitFor();
  const { installing: _done, ...rest } = state.seen;
  state.seen = { ...rest, trial: { before: '0.1.0', since: '2026-11-24T01:00:00.000Z' } };
  await card.getByText('is being tried: if it does not record', { exact: false }).waitFor();
  const { trial: _over, ...after } = state.seen;
  const at = '2026-11-24T01:01:00.000Z';
  state.seen = {
    ...after,
    last: {
      from: '0.1.0',
      to: '0.2.0',
      at,
      result: 'rolled-back',
      reason: 'It recorded 0 streams; 4 were recorded before.',
    },
  };
  await card.getByText('0.2.0 was not kept, 0.1.0 runs', { exact: false }).waitFor();
  await card.getByText('It recorded 0 streams; 4 were recorded before.', { exact: false }).waitFor();
  await card.getByRole('button', { name: 'Install 0.2.0' }).waitFor();
});

test.serial('where nothing can start another release, that is said instead', async (t) => {
  const unable = 'This server was not started by bin/understudy.';
  const { card } = await open(t, mockUpdates({ releases: [keptMock('0.2.0')], unable }));
  await card.getByText(unable).waitFor();
  await shows(t, async () => await card.getByRole('button', { name: 'Install 0.2.0' }).count(), 0);
});

test.serial('a host gives it to its servers, one after another, and who waits can be left out', async (t) => {
  const state = mockUpdates({ releases: [keptMock('0.2.0')] });
  const { page, card } = await open(t, state, { members: true });
  const group = card.getByRole('group', { name: 'Update the servers of the site' });
  await group.waitFor();
  const boxes = await group.getByRole('checkbox').count();
  t.true(boxes >= 2);
  await keepScreenshot(page, 'settings-releases');
  t.deepEqual(await axeFindings(page), []);
  await group.getByRole('checkbox').last().uncheck();
  await group.getByRole('button', { name: `Update ${boxes - 1} to 0.2.0` }).click();
  await page.getByRole('dialog').getByText('One after another:', { exact: false }).waitFor();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: `Update ${boxes - 1} to 0.2.0` })
    .click();
  const rows = card.getByRole('list', { name: 'Updates of the servers' });
  await showsText(t, async () => await rows.getByRole('listitem').first().textContent(), /gets 0\.2\.0/);
  state.seen = {
    ...state.seen,
    servers: [
      {
        serverId: 'a',
        name: '<b>Hall</b>',
        version: '0.2.0',
        phase: 'failed',
        sentBytes: 0,
        bytes: 1,
        problem: 'It recorded nothing.',
      },
      {
        serverId: 'b',
        name: 'Spare',
        version: '0.2.0',
        phase: 'waiting',
        sentBytes: 0,
        bytes: 1,
        problem: 'It covers Hall.',
      },
    ],
  };
  await rows.getByText('<b>Hall</b>').waitFor();
  await rows.getByText('It recorded nothing.').waitFor();
  await rows.getByText('It covers Hall.').waitFor();
  await card.getByRole('button', { name: 'Leave out those that wait' }).click();
  await rows.getByText('was left out').waitFor();
});

test.serial('servers that are selected on their page are the ones chosen, and others can be added', async (t) => {
  const updates = mockUpdates({ releases: [keptMock('0.2.0')] });
  const { page } = await openServers(t, browser, { updates });
  await clickRow(rowOf(page, 'Spare-2'));
  await clickRow(rowOf(page, 'Office-NAS'), ['Control']);
  await clickRow(rowOf(page, 'Container-7'), ['Control']);
  await page.getByRole('link', { name: 'Update… (2)' }).click();
  const group = page.getByRole('group', { name: 'Update the servers of the site' });
  const chosen = async (): Promise<string> => {
    const labels = group.locator('label').filter({ has: page.getByRole('checkbox', { checked: true }) });
    return (await labels.allTextContents()).map((label) => label.trim()).join(', ');
  };
  await shows(t, chosen, 'Office-NAS (0.1.0), Spare-2 (0.0.9)');
  await group.getByRole('checkbox', { name: 'Yard-NAS (0.1.0)' }).check();
  await group.getByRole('checkbox', { name: 'Office-NAS (0.1.0)' }).uncheck();
  await shows(t, chosen, 'Yard-NAS (0.1.0), Spare-2 (0.0.9)');
  await group.getByRole('button', { name: 'Update 2 to 0.2.0' }).waitFor();
});
