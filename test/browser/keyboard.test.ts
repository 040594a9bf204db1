/** Walks without a pointer: first run, users, snapshots, exports, replacing a server, detaching one; on the mock API. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { busy } from '../support/activity-page.ts';
import { launch, openPage } from '../support/browser.ts';
import { escapesTo, hasFocus, pressOn, staysInDialog, tabTo } from '../support/keyboard.ts';
import { startMockApi, type MockApi } from '../support/mock-api.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { mockServers } from '../support/mock-servers-data.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

type Walk = { readonly api: MockApi; readonly page: Page; readonly dialog: Locator };
async function start(t: ExecutionContext, path: string, options: MockOptions = {}): Promise<Walk> {
  const api = await startMockApi({ media: false, ...options });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}${path}`);
  return { api, page, dialog: page.getByRole('dialog') };
}
const button = (within: Page | Locator, name: string | RegExp): Locator =>
  within.getByRole('button', { name, exact: true });

test.serial('the first run, from the owner to live view', async (t) => {
  const { api, page } = await start(t, '/', { setupNeeded: true, signedIn: false });
  await page.getByLabel('User name').and(page.locator(':focus')).waitFor();
  await page.keyboard.type('anna');
  await page.keyboard.press('Tab');
  await page.keyboard.type('correct horse battery');
  await pressOn(t, page, button(page, 'Create owner and go on'));
  await page.getByRole('heading', { name: 'What shall this box be?' }).waitFor();
  await hasFocus(t, page);
  await tabTo(t, page, page.getByRole('radio').first());
  await page.keyboard.press('ArrowDown');
  await shows(t, async () => await page.getByRole('radio', { name: 'Failover server' }).isChecked(), true);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Where shall it record?' }).or(button(page, 'Record here')).first().waitFor();
  await hasFocus(t, page);
  await pressOn(t, page, page.getByRole('radio').first(), 'Space');
  await pressOn(t, page, button(page, 'Record here'));
  await page.getByText('P3245-LVE').waitFor();
  await hasFocus(t, page);
  await pressOn(t, page, button(page, 'Add 2 cameras'));
  await pressOn(t, page, button(page, 'Go to live view'));
  await page.locator('.tile').first().waitFor();
  t.is(api.state.cameras.length, 2);
});

test.serial('users and tokens: dialogs keep the focus and give it back', async (t) => {
  const { page, dialog } = await start(t, '/settings');
  const add = button(page, 'Add user');
  await pressOn(t, page, add);
  await dialog.getByLabel('User name').and(page.locator(':focus')).waitFor();
  await staysInDialog(t, page);
  await escapesTo(t, page, add);
  const anna = button(page, 'anna').and(page.locator('main button'));
  await pressOn(t, page, anna);
  await staysInDialog(t, page);
  await escapesTo(t, page, anna);
  const trash = button(page, 'Delete: home automation');
  await pressOn(t, page, trash);
  await staysInDialog(t, page);
  await escapesTo(t, page, trash);
  await pressOn(t, page, trash);
  await pressOn(t, page, button(dialog, 'Delete'));
  await page.getByText('Token home automation deleted').first().waitFor();
  await hasFocus(t, page);
});

test.serial('a snapshot is taken with a note, and deleted after the question', async (t) => {
  const { api, page, dialog } = await start(t, '/snapshots');
  await tabTo(t, page, page.getByLabel('Note'));
  await page.keyboard.type('Who is that?');
  await page.keyboard.press('Enter');
  await page.locator('.snapshots li').getByText('Who is that?').waitFor();
  await hasFocus(t, page);
  const trash = button(page, /^Delete the snapshot/).first();
  await pressOn(t, page, trash);
  await staysInDialog(t, page);
  await escapesTo(t, page, trash);
  await pressOn(t, page, trash);
  await pressOn(t, page, button(dialog, 'Delete'));
  await dialog.waitFor({ state: 'detached' });
  await shows(t, () => api.state.snapshots.length, 2);
  await hasFocus(t, page);
});

test.serial('an export: its files are reached, its deletion asks; another one is made in playback', async (t) => {
  const { api, page, dialog } = await start(t, '/exports');
  await tabTo(t, page, page.getByRole('link', { name: 'cam-1.mp4' }));
  const trash = button(page, 'Delete: Front door');
  await pressOn(t, page, trash);
  await staysInDialog(t, page);
  await escapesTo(t, page, trash);
  await page.keyboard.press('Enter');
  // What is there no more is not asked for again.
  await page.route(/\/exports\/exp-1$/, async (route) => {
    api.state.exports.length = 0;
    await route.fulfill({ status: 204 });
  });
  await pressOn(t, page, button(dialog, 'Delete'));
  await dialog.waitFor({ state: 'detached' });
  await trash.waitFor({ state: 'detached' });
  await hasFocus(t, page);
  await page.goto(`${api.url}/playback?cameras=cam-1`);
  const open = button(page, 'Export');
  await pressOn(t, page, open);
  await staysInDialog(t, page);
  await escapesTo(t, page, open);
  await page.keyboard.press('Enter');
  await pressOn(t, page, button(dialog, 'Export'));
  await page.getByRole('heading', { name: 'Exports' }).waitFor();
  await hasFocus(t, page);
});

test.serial('a server is replaced, step by step, and the focus stays in the wizard', async (t) => {
  const { page, dialog } = await start(t, '/failover/activity', { members: true, activity: busy() });
  const open = button(page, 'Replace …');
  await pressOn(t, page, open);
  await dialog.getByText('It protects nobody any more then.').waitFor();
  await staysInDialog(t, page);
  await escapesTo(t, page, open);
  await page.keyboard.press('Enter');
  await tabTo(t, page, dialog.getByRole('radio').first());
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await pressOn(t, page, button(dialog, 'Compare'));
  await dialog.getByText('night-guard').waitFor();
  await staysInDialog(t, page);
  await pressOn(t, page, button(dialog, 'Go on'));
  await tabTo(t, page, dialog.getByRole('textbox'));
  await page.keyboard.type('Yard-NAS');
  await pressOn(t, page, button(dialog, 'Replace Yard-NAS'));
  await dialog.getByText('Identity passed, no way back').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await hasFocus(t, page);
});

/** Down the table to that server, and on to what is done with it. */
async function detachIn(t: ExecutionContext, page: Page, name: string): Promise<{ row: Locator; detach: Locator }> {
  const row = page.locator('tr[data-index]').filter({ has: button(page, name) });
  await tabTo(t, page, page.locator('tr[data-index="0"]'));
  const index = Number(await row.getAttribute('data-index'));
  for (let at = 0; at < index; at += 1) await page.keyboard.press('ArrowDown');
  await page.locator(`tr[data-index="${index}"]:focus`).waitFor();
  await page.keyboard.press('Space');
  const detach = button(page, 'Detach');
  await detach.waitFor();
  for (let stop = 0; stop < 30; stop += 1) {
    if (await detach.and(page.locator(':focus')).count()) break;
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('Enter');
  return { row, detach };
}
const site = (): MockOptions => ({ members: true, mode: 'host', servers: mockServers(Date.now()) });

test.serial('a server is chosen in the table and detached; Escape leads back', async (t) => {
  const { page, dialog } = await start(t, '/failover', site());
  const { row, detach } = await detachIn(t, page, 'Office-NAS');
  await dialog.getByText('Detach Office-NAS from the site?').waitFor();
  await staysInDialog(t, page);
  await escapesTo(t, page, detach);
  await page.keyboard.press('Enter');
  await pressOn(t, page, button(dialog, 'Detach'));
  await dialog.waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  await hasFocus(t, page);
});

test.serial('one with footage that is not home is detached at once when its name is typed', async (t) => {
  const { page, dialog } = await start(t, '/failover', site());
  const { row, detach } = await detachIn(t, page, 'Spare-1');
  await dialog.getByText('Detach Spare-1 from the site?').waitFor();
  await tabTo(t, page, dialog.getByRole('radio').first());
  await page.keyboard.press('ArrowDown');
  const name = dialog.getByLabel('Type Spare-1 to confirm');
  await name.waitFor();
  await staysInDialog(t, page);
  await tabTo(t, page, name);
  await page.keyboard.type('Spare');
  await page.keyboard.press('Enter');
  await shows(t, async () => await row.count(), 1, 'half a name ends nothing');
  await page.keyboard.type('-1');
  await shows(t, async () => await button(dialog, 'Detach').isDisabled(), false);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  await hasFocus(t, page);
  await detach.waitFor({ state: 'detached' });
});
