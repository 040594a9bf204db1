/** Failover > Servers on the mock API: how servers are shown and chosen, in both themes, on a phone, by keyboard, in every mode of a box. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { keepScreenshot, launch, type Look } from '../support/browser.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { aloneServers, mockServers } from '../support/mock-servers-data.ts';
import { askedOf, button, clickRow, openServers, rowOf, type ServersPage } from '../support/servers-page.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const open = (t: ExecutionContext, options: MockOptions = {}, look: Look = {}): Promise<ServersPage> =>
  openServers(t, browser, options, look);
const namesShown = async (page: Page): Promise<readonly string[]> =>
  await page.locator('.server-name').allTextContents();

test.serial('counts by state and mode are filters that stand in the address; text searches within them', async (t) => {
  const { page } = await open(t);
  await shows(t, async () => (await namesShown(page)).length, 9);
  await page.getByRole('button', { name: 'Recording 6' }).click();
  await shows(t, async () => (await namesShown(page)).length, 6);
  await page.getByRole('searchbox').fill('ds923+');
  await page.getByText('6 of 9 servers').waitFor();
  t.regex(page.url(), /mode=recording/);
  await page.reload();
  await page.getByText('6 of 9 servers').waitFor();
  await page.getByRole('searchbox').fill('no such thing');
  await button(page, 'Show all servers').click();
  await page.getByText('9 servers', { exact: true }).waitFor();
  await page.getByText('Last heard 5 h ago · 192.168.1.25').waitFor();
  await page.getByText('Recorded by Spare-1').waitFor();
  await keepScreenshot(page, 'servers');
});

test.serial('Ctrl, Shift and the keyboard choose several; what is done tells server by server', async (t) => {
  const { page, servers } = await open(t);
  await clickRow(rowOf(page, 'Gate-NAS'));
  await clickRow(rowOf(page, 'Spare-1'), ['Shift']);
  await clickRow(rowOf(page, 'Old office'), ['Control']);
  await page.getByText('3 selected').waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await page.getByText('4 selected').waitFor();
  await page.keyboard.press('Control+a');
  await page.getByText('9 selected').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('2 selected').waitFor();
  await button(page, 'Lock (1)').click();
  await page.getByText('1 server locked').first().waitFor();
  t.deepEqual(askedOf(servers, 'POST /servers/bulk')[0]?.['ids'], ['srv-7']);
});

test.serial('the cameras of a server, and how it is updated, are one link away', async (t) => {
  const { page } = await open(t);
  await button(page, 'Yard-NAS').click();
  await page.getByRole('link', { name: 'Its 32 cameras' }).click();
  await shows(t, async () => await page.locator('tr[data-index]').count(), 5, 'those of the mock');
  await page.getByRole('button', { name: 'Only Yard-NAS' }).click();
  await shows(t, async () => await page.locator('tr[data-index]').count(), 16);
  t.false(page.url().includes('server='));
  await page.goBack();
  await rowOf(page, 'Gate-NAS').getByText('Cannot be protected').waitFor();
  await button(page, 'Gate-NAS').click();
  await page.getByText('It has frame grabber cards:', { exact: false }).waitFor();
  await page.keyboard.press('Escape');
  await button(page, 'Spare-2').click();
  await page.getByRole('link', { name: 'How updates are made' }).click();
  const card = page.getByRole('region', { name: 'Updates' });
  await card.getByText('This box runs version 0.1.0.').waitFor();
  await card.getByText('Older, 1 of 8: Spare-2 (0.0.9).').waitFor();
  await card.getByText('Newer, 1 of 8: Barn-NAS (0.2.0).', { exact: false }).waitFor();
  await card.getByText('the host last', { exact: false }).waitFor();
  await card.scrollIntoViewIfNeeded();
  await keepScreenshot(page, 'settings-updates');
});

test.serial('details of a server hold all that is known, with the way to its cameras and its own page', async (t) => {
  const { page } = await open(t);
  await rowOf(page, 'Yard-NAS').locator('td').nth(1).dblclick();
  const drawer = page.getByRole('dialog', { name: 'Yard-NAS' });
  for (const text of [
    'A failover server records its cameras now.',
    '31 of 32 are recorded',
    '12 ms ahead of this box',
    'DS923+',
  ])
    await drawer.getByText(text).waitFor();
  await shows(
    t,
    async () => await drawer.getByRole('link', { name: 'Its 32 cameras' }).getAttribute('href'),
    '/cameras?server=srv-2',
  );
  await shows(
    t,
    async () => await drawer.getByRole('link', { name: 'Open its own page' }).getAttribute('href'),
    'https://192.168.1.20:51443',
  );
  await shows(
    t,
    async () => await drawer.getByRole('link', { name: /Replace/ }).getAttribute('href'),
    '/failover/activity?replace=srv-2',
  );
  t.deepEqual(await axeFindings(page), []);
  await page.keyboard.press('Escape');
  await rowOf(page, 'Spare-2').getByText('older', { exact: true }).waitFor();
  await rowOf(page, 'Barn-NAS').getByText('newer', { exact: true }).waitFor();
  await button(page, 'Barn-NAS').click();
  await page.getByText('Barn-NAS runs 0.2.0, which is newer than 0.1.0 of this box.', { exact: false }).waitFor();
  await shows(
    t,
    async () => await page.getByRole('link', { name: 'Open its own page' }).getAttribute('href'),
    'https://barn.example.org:51443',
  );
  await page.keyboard.press('Escape');
  await button(page, 'Spare-2').click();
  await page.getByText('Spare-2 runs 0.0.9, which is older than 0.1.0 of this box.', { exact: false }).waitFor();
  await page.keyboard.press('Escape');
  await button(page, 'Spare-1').click();
  await page.getByRole('dialog').getByText('31 of 128 in use, 97 free').waitFor();
  await keepScreenshot(page, 'server-details');
});

test.serial('200 servers: few rows stand in the document, and End reaches the last by keyboard', async (t) => {
  const { page } = await open(t, { servers: mockServers(Date.now(), 200) });
  await page.getByText('201 servers', { exact: true }).waitFor();
  await shows(t, async () => (await page.locator('tr[data-index]').count()) < 60, true);
  await clickRow(page.locator('tr[data-index="1"]'));
  await page.keyboard.press('End');
  await waitFor('the last row to have the focus', async () => {
    const focused: unknown = await page.evaluate('document.activeElement?.dataset?.index');
    return focused === '200';
  });
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox').fill('nas-137');
  await page.getByText('1 of 201 servers').waitFor();
  await shows(t, async () => await namesShown(page), ['NAS-137']);
});

const HOSTILE = [
  '<img src=x onerror=window.hit=1>',
  'W'.repeat(32),
  '漢'.repeat(32),
  '"><script>window.hit=1</script>',
  'a{name}b$&',
  'ＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷＷ',
];
for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const)
  test.serial(`names with markup and very long ones stay text and break no layout at ${width}`, async (t) => {
    const { page } = await open(t, { servers: mockServers(Date.now(), 9, HOSTILE) }, { width, height });
    await shows(t, async () => await page.evaluate('window.hit'), undefined);
    await shows(t, async () => await isWiderThanScreen(page), false);
    t.true(HOSTILE.every((name) => name.length > 0));
    const missing = async (): Promise<readonly string[]> => {
      const shown = await namesShown(page);
      return HOSTILE.filter((name) => !shown.includes(name));
    };
    await shows(t, missing, []);
    await button(page, 'W'.repeat(32)).click();
    await page.getByRole('dialog').waitFor();
    await shows(t, async () => await isWiderThanScreen(page), false);
    await button(page.getByRole('dialog'), 'Detach').click();
    await page.getByText('Secure first').waitFor();
    await shows(t, async () => await isWiderThanScreen(page), false);
    await shows(t, async () => await page.evaluate('window.hit'), undefined);
  });

for (const theme of ['dark', 'light'] as const)
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const)
    test.serial(`servers and their dialogs at ${width}, ${theme}: nothing axe objects to`, async (t) => {
      const { page } = await open(t, {}, { theme, width, height });
      t.deepEqual(await axeFindings(page), []);
      await shows(t, async () => await isWiderThanScreen(page), false);
      await clickRow(rowOf(page, 'Spare-1'));
      t.deepEqual(await axeFindings(page), [], 'a row chosen');
      for (const name of ['Details', 'Edit', 'Detach', 'Disable']) {
        await button(page, name).click();
        await page.getByRole('dialog').waitFor();
        t.deepEqual(await axeFindings(page), [], name);
        await shows(t, async () => await isWiderThanScreen(page), false, name);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      if (theme === 'light' && width === 390) await keepScreenshot(page, 'servers-phone');
    });

for (const [mode, heading] of [
  ['recording', 'Nobody stands in for this box yet'],
  ['failover', 'Standing by, but for nobody yet'],
  ['host', 'This host manages no server yet'],
] as const)
  test.serial(`a box that is alone in mode ${mode} says what to do`, async (t) => {
    const site = { kind: mode === 'host' ? ('host' as const) : ('undefined' as const), locked: false };
    const { page } = await open(t, { mode, servers: aloneServers(Date.now(), site) });
    await page.getByRole('heading', { name: heading }).waitFor();
    t.deepEqual(await axeFindings(page), []);
    await shows(t, async () => await button(page, 'Add server').count(), mode === 'recording' ? 0 : 2);
    await shows(t, async () => await button(page, 'Enter pairing code').count(), mode === 'recording' ? 2 : 0);
    await button(page, 'Change mode').click();
    await page
      .getByRole('dialog')
      .getByRole('radio', { name: mode === 'failover' ? /^Recording/ : /^Failover/ })
      .check();
    t.deepEqual(await axeFindings(page), []);
    if (mode === 'recording') {
      await button(page.getByRole('dialog'), 'Change mode').click();
      await page.getByText('Hall-NAS is a failover server.').waitFor();
      await page.getByRole('heading', { name: 'Standing by, but for nobody yet' }).waitFor();
      await keepScreenshot(page, 'servers-first-steps');
    }
  });

test.serial('an operator sees and changes nothing; a member of a site is told where it is managed', async (t) => {
  const site = {
    kind: 'member' as const,
    locked: true,
    host: { id: 'far', name: 'Far-Host', address: '192.168.1.2', httpPort: 51_443, connected: true },
  };
  const { page } = await open(t, {
    mode: 'recording',
    role: 'operator',
    servers: { ...mockServers(Date.now()), site },
  });
  await page.getByText('Far-Host manages this site; servers are added there.').waitFor();
  await page.getByText('Far-Host locks this box', { exact: false }).waitFor();
  await shows(
    t,
    async () => await page.getByRole('link', { name: 'Open Far-Host' }).getAttribute('href'),
    'https://192.168.1.2:51443/failover',
  );
  await clickRow(rowOf(page, 'Office-NAS'));
  await button(page, 'Details').waitFor();
  for (const name of ['Edit', 'Disable', 'Detach', 'Add server', 'Change mode', 'Enter pairing code'])
    await shows(t, async () => await button(page, name).count(), 0, name);
});

test.serial('a box that goes away says so, keeps what was shown, and goes on by itself', async (t) => {
  const { page, api } = await open(t);
  api.pause();
  await page.getByText('What is shown may be old.', { exact: false }).waitFor();
  await shows(t, async () => (await namesShown(page)).length, 9);
  api.resume();
  await page.getByText('What is shown may be old.', { exact: false }).waitFor({ state: 'detached' });
  t.pass();
});

test.serial('in German', async (t) => {
  const { page } = await open(t, {}, { locale: 'de-DE' });
  await page.getByText('Wird gelöst').first().waitFor();
  await clickRow(rowOf(page, 'Spare-1'));
  await button(page, 'Lösen').click();
  await page.getByText('Spare-1 aus der Anlage lösen?').waitFor();
  await page.keyboard.press('Escape');
  await button(page, 'Mehrere hinzufügen').click();
  await page.getByText('Aktualisierung nötig').waitFor();
  t.pass();
});
