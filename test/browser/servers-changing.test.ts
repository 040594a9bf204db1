/** Failover > Servers on the mock API: servers are changed and let go, whatever others do meanwhile. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser } from 'playwright-core';
import { axeFindings } from '../support/axe.ts';
import { keepScreenshot, launch, type Look } from '../support/browser.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { takeoverMock } from '../support/mock-activity-data.ts';
import { askedOf, button, clickRow, openServers, rowOf, type ServersPage } from '../support/servers-page.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const open = (t: ExecutionContext, options: MockOptions = {}, look: Look = {}): Promise<ServersPage> =>
  openServers(t, browser, options, look);

test.serial(
  'detaching a server that covers: what is at risk, secured first, its name typed to do it all the same',
  async (t) => {
    const { page, servers } = await open(t, { activity: { takeovers: [takeoverMock()] } });
    await clickRow(rowOf(page, 'Spare-1'));
    await clickRow(rowOf(page, 'Office-NAS'), ['Control']);
    await button(page, 'Detach').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Detach 2 servers from the site?').waitFor();
    await dialog.getByText(/5 cameras are covered since .*: \S+ h of footage in all/).waitFor();
    await shows(t, async () => await dialog.getByRole('radio', { name: /^Secure first/ }).isChecked(), true);
    await keepScreenshot(page, 'server-detach');
    await button(dialog, 'Detach').click();
    await page.getByText('Spare-1 is detached when its footage is home: ', { exact: false }).first().waitFor();
    await dialog.waitFor({ state: 'detached' });
    // The list is asked for anew beside what the dialog says.
    await rowOf(page, 'Office-NAS').waitFor({ state: 'detached' });
    await shows(t, async () => await rowOf(page, 'Office-NAS').count(), 0, 'the other one has left');
    await rowOf(page, 'Spare-1').getByText('Detached when its footage is home').waitFor();
    await clickRow(rowOf(page, 'Spare-1'));
    await button(page, 'Detach').click();
    await dialog.getByRole('radio', { name: /^Now, without waiting/ }).check();
    await dialog.getByLabel('Type Spare-1 to confirm').fill('spare-1');
    await shows(t, async () => await button(dialog, 'Detach').isDisabled(), true, 'case counts');
    await dialog.getByLabel('Type Spare-1 to confirm').fill('Spare-1');
    await button(dialog, 'Detach').click();
    await page.getByText('Spare-1 was detached from this site.').first().waitFor();
    await dialog.waitFor({ state: 'detached' });
    t.deepEqual(askedOf(servers, 'POST /servers/bulk').at(-1)?.['confirm'], ['Spare-1']);
  },
);

test.serial('a detach that waits is shown with its reason, taken back, or ended with the name typed', async (t) => {
  const { page, servers } = await open(t);
  await rowOf(page, 'Container-7').getByText('Leaves the site when it returns').waitFor();
  await button(page, 'Container-7').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText(/It is to leave the site since/).waitFor();
  await button(drawer, 'Detach').click();
  await page.getByText('It is away and does not know yet', { exact: false }).waitFor();
  await shows(t, async () => await button(drawer, 'Detach').isDisabled(), true);
  await page.keyboard.press('Escape');
  await clickRow(rowOf(page, 'Container-7'));
  await button(page, 'Keep in site').click();
  await page.getByText('1 server stays in the site').first().waitFor();
  t.is(askedOf(servers, 'POST /servers/srv-9/detach/cancel').length, 1);
  await rowOf(page, 'Container-7').getByText('Offline').waitFor();
});

test.serial('two people edit one server: both versions are shown, and one of them is chosen', async (t) => {
  const { page, servers } = await open(t);
  servers.conflict = { host: '10.0.0.9' };
  await clickRow(rowOf(page, 'Office-NAS'));
  await button(page, 'Edit').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Office/1');
  await dialog.getByText('A name must not contain /').waitFor();
  await dialog.getByLabel('Name', { exact: true }).fill('Büro');
  await dialog.getByRole('textbox', { name: 'Address' }).fill('10.0.0.7');
  await button(dialog, 'Save').click();
  await dialog.getByText('Somebody else changed this server', { exact: false }).waitFor();
  await dialog.getByRole('cell', { name: '10.0.0.9' }).waitFor();
  t.deepEqual(await axeFindings(page), []);
  await button(dialog, 'Save mine').click();
  await dialog.waitFor({ state: 'detached' });
  await rowOf(page, 'Büro').waitFor();
  t.deepEqual(
    servers.asked.map(({ call }) => call),
    ['PATCH /servers/srv-5', 'PATCH /servers/srv-5', 'POST /servers/srv-5/rename'],
  );
});

test.serial('the address of a server that covers is changed with its name typed only', async (t) => {
  const { page } = await open(t);
  await clickRow(rowOf(page, 'Spare-1'));
  await button(page, 'Edit').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Address' }).fill('10.0.0.7');
  await shows(t, async () => await button(dialog, 'Save').isDisabled(), true);
  await dialog.getByLabel('Type Spare-1 to confirm').fill('Spare-1');
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  t.pass();
});
