/** Adding servers on the mock API: by address, by code in both directions, several at once; each step by keyboard, and what is refused. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { keepScreenshot, launch, type Look } from '../support/browser.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { aloneServers } from '../support/mock-servers-data.ts';
import { newcomer } from '../support/mock-servers.ts';
import { askedOf, button, openServers, type ServersPage } from '../support/servers-page.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const open = (t: ExecutionContext, options: MockOptions = {}, look: Look = {}): Promise<ServersPage> =>
  openServers(t, browser, options, look);

test.serial(
  'by keyboard alone: address, test without a password, fingerprint, account, test with it, added',
  async (t) => {
    const { page, dialog, servers } = await open(t);
    await button(page, 'Add server').focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.type('192.168.1.220');
    await page.keyboard.press('Enter');
    await dialog.getByText('It answers. Nothing secret was sent yet.').waitFor();
    t.deepEqual(askedOf(servers, 'POST /servers/test'), [{ host: '192.168.1.220', httpPort: 51_443 }]);
    for (let tabs = 0; tabs < 3; tabs += 1) await page.keyboard.press('Tab');
    await page.keyboard.type('owner');
    await page.keyboard.press('Tab');
    await page.keyboard.type('secret');
    for (let tabs = 0; tabs < 2; tabs += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await dialog.getByText('It can be added, with one remark.').waitFor();
    t.like(askedOf(servers, 'POST /servers/test').at(-1), { username: 'owner', password: 'secret' });
    await dialog.getByText('The clock of Attic is 5200 ms ahead of ours', { exact: false }).waitFor();
    await keepScreenshot(page, 'server-add');
    t.deepEqual(await axeFindings(page), []);
    await dialog.getByLabel('Security lock').focus();
    await page.keyboard.press(' ');
    await page.keyboard.press('Enter');
    await page.getByText('Attic was added').first().waitFor();
    await dialog.waitFor({ state: 'detached' });
    t.like(askedOf(servers, 'POST /servers')[0], { host: '192.168.1.220', lock: true, username: 'owner' });
    await button(page, 'Attic').waitFor();
  },
);

test.serial('the LAN search fills in address and port; another address takes the confirmation back', async (t) => {
  const { page, dialog } = await open(t);
  await button(page, 'Add server').click();
  await button(dialog, 'Search the LAN').click();
  await dialog.getByRole('button', { name: /^Garage/ }).click();
  await shows(t, async () => await dialog.getByLabel('Address or name').inputValue(), '192.168.1.222');
  await button(dialog, 'Test connection').click();
  await button(dialog, 'It is the same').click();
  await button(dialog, 'Add server').waitFor();
  await dialog.getByLabel('Address or name').fill('192.168.1.77');
  await button(dialog, 'Test connection').click();
  await dialog.getByText('It cannot be added like this.').waitFor();
  await dialog.getByText('192.168.1.77 port 51443 does not answer', { exact: false }).waitFor();
  await shows(t, async () => await button(dialog, 'It is the same').count(), 0);
});

test.serial(
  'management that is off is enabled from here; a wrong password is said in the words of the box',
  async (t) => {
    const { page, dialog, servers } = await open(t);
    await button(page, 'Add server').click();
    await dialog.getByLabel('Address or name').fill('192.168.1.66');
    await dialog.getByLabel('User name there').fill('owner');
    await dialog.getByLabel('Password there').fill('wrong');
    await button(dialog, 'Test connection').click();
    await button(dialog, 'It is the same').click();
    await dialog.getByText('It cannot be added like this.').waitFor();
    await button(dialog, 'Enable management there').click();
    await page.getByText('Porch can be managed now').first().waitFor();
    t.is(askedOf(servers, 'POST /servers/enable').length, 1);
    await button(dialog, 'Add server').click();
    await dialog.getByText('knows no such user with this password; nothing was changed.', { exact: false }).waitFor();
    await shows(t, async () => await dialog.isVisible(), true);
  },
);

test.serial('this box shows a code and tells who came in by it', async (t) => {
  const { page, dialog, servers } = await open(t);
  await button(page, 'Add server').click();
  await button(dialog, 'By pairing code').click();
  await button(dialog, 'Show a code').click();
  await dialog.getByText('7KQ4M-2ZT9C').waitFor();
  await dialog.getByText('Waiting for the other box').waitFor();
  t.deepEqual(await axeFindings(page), []);
  await keepScreenshot(page, 'server-code');
  newcomer(servers, 'Behind-NAT', '');
  await dialog.getByText('Behind-NAT has joined.').waitFor();
  t.pass();
});

test.serial('a recording server takes the code that another one shows', async (t) => {
  const servers = aloneServers(Date.now(), { kind: 'undefined', locked: false });
  const { page, dialog } = await open(t, { mode: 'recording', servers });
  await button(page, 'Enter pairing code').first().click();
  await dialog.getByLabel('Address of the other box').fill('192.168.1.9');
  await dialog.getByLabel('Pairing code').fill(' 7KQ4M-2ZT9C ');
  await button(dialog, 'Pair').click();
  await page.getByText('Cellar is paired with this box').first().waitFor();
  t.deepEqual(askedOf(servers, 'POST /servers/pair'), [{ host: '192.168.1.9', peerPort: 51_410, code: '7KQ4M-2ZT9C' }]);
});

test.serial(
  'several at once: chosen, one account, names by a rule as they are typed, results row by row, the rest again',
  async (t) => {
    const { page, dialog, servers } = await open(t);
    await button(page, 'Add several').click();
    for (const chip of ['Available', 'Update required', 'Management off', 'Other site', 'Incompatible', 'Added'])
      await dialog.getByText(chip, { exact: true }).first().waitFor();
    await button(dialog, 'Choose all').click();
    await dialog.getByText('4 chosen of 4 that can be added').waitFor();
    t.deepEqual(await axeFindings(page), []);
    await keepScreenshot(page, 'servers-batch');
    await button(dialog, 'Next').click();
    await shows(t, async () => await button(dialog, 'Next').isDisabled(), true, 'certificates were not compared');
    await dialog.getByLabel('User name there').fill('owner');
    await dialog.getByLabel('Password there').fill('secret');
    await dialog.getByLabel('I compared the fingerprints').check();
    t.deepEqual(await axeFindings(page), []);
    await button(dialog, 'Next').click();
    await dialog.getByLabel('Names', { exact: true }).selectOption('prefix-number');
    await dialog.getByLabel('Prefix').fill('Hall');
    await dialog.getByText('Hall-1', { exact: true }).waitFor();
    await dialog.getByLabel('Another name for Garage').fill('Spare-1');
    await dialog.getByText('Another server of the site, or of this list, is called Spare-1.').waitFor();
    await shows(t, async () => await button(dialog, 'Add 4 servers').isDisabled(), true);
    await dialog.getByLabel('Another name for Garage').fill('Werkstatt');
    t.deepEqual(await axeFindings(page), []);
    await dialog.getByLabel('Security lock').check();
    await button(dialog, 'Add 4 servers').click();
    await dialog.getByText('3 of 4 servers were added.').waitFor();
    await dialog.getByText('192.168.1.221 knows no such user with this password.').waitFor();
    t.deepEqual(await axeFindings(page), []);
    const [batch] = askedOf(servers, 'POST /servers/batch');
    t.like(batch, { naming: { kind: 'prefix-number', prefix: 'Hall' }, lock: true, username: 'owner' });
    await button(dialog, 'Try the others again').click();
    await dialog.getByText('An account for each').click();
    await dialog.getByLabel('User name there, Cellar').fill('carol');
    await dialog.getByLabel('Password there, Cellar').fill('other');
    await button(dialog, 'Next').click();
    await button(dialog, 'Add 1 server').click();
    await dialog.getByText('1 of 1 servers were added.').waitFor();
    const again = askedOf(servers, 'POST /servers/batch')[1];
    t.like(again, { rows: [{ host: '192.168.1.221', username: 'carol', password: 'other' }] });
    await button(dialog, 'Done').click();
    await button(page, 'Werkstatt').waitFor();
  },
);

test.serial('in the batch a box that is older gets the release of this host first', async (t) => {
  const { page, dialog, servers } = await open(t);
  await button(page, 'Add several').click();
  await dialog.getByText('Update required', { exact: true }).first().waitFor();
  await button(dialog, 'Update it first').first().click();
  await dialog.getByText('1 chosen of 5 that can be added').waitFor();
  await dialog.getByText('It is updated with the release kept here, then added.', { exact: false }).waitFor();
  await button(dialog, 'Next').click();
  await dialog.getByLabel('User name there').fill('owner');
  await dialog.getByLabel('Password there').fill('secret');
  await dialog.getByLabel('I compared the fingerprints').check();
  await button(dialog, 'Next').click();
  await button(dialog, 'Add 1 server').click();
  await dialog.getByText('of 1 servers were added.', { exact: false }).waitFor();
  t.like(askedOf(servers, 'POST /servers/batch')[0], { updateOlder: true });
});

test.serial(
  'in the batch a row is enabled in its place, and an address that was not found is added to the list',
  async (t) => {
    const { page, dialog, servers } = await open(t);
    await button(page, 'Add several').click();
    await dialog.getByRole('button', { name: 'Enable … Porch' }).click();
    await dialog.getByLabel('User name there, Porch').fill('owner');
    await dialog.getByLabel('Password there, Porch').fill('secret');
    await button(dialog, 'Enable management there').click();
    await dialog.getByText('of 5 that can be added', { exact: false }).waitFor();
    t.like(askedOf(servers, 'POST /servers/enable')[0], { host: '192.168.1.225', username: 'owner' });
    await dialog.getByLabel('Address or name').fill('192.168.1.77');
    await button(dialog, 'Add to the list').click();
    await dialog.getByText('does not answer', { exact: false }).waitFor();
    await dialog.getByLabel('Address or name').fill('10.1.1.1');
    await button(dialog, 'Add to the list').click();
    await dialog.getByText('1 chosen of 6 that can be added').waitFor();
    t.pass();
  },
);

/** Its answers are given from when `tell` is called. */
async function hold(page: Page, path: string): Promise<{ readonly tell: () => void }> {
  const told = Promise.withResolvers<void>();
  await page.route(`**/api/v1${path}`, async (route) => {
    await told.promise;
    await route.continue();
  });
  return { tell: () => told.resolve() };
}

test.serial('an address that is added while the LAN is searched stands beside what the search finds', async (t) => {
  const { page, dialog } = await open(t);
  const search = await hold(page, '/servers/search');
  const certificate = await hold(page, '/servers/test');
  await button(page, 'Add several').click();
  await dialog.getByLabel('Address or name').fill('10.1.1.1');
  const asked = page.waitForRequest('**/api/v1/servers/test');
  await button(dialog, 'Add to the list').click();
  await asked;
  search.tell();
  await dialog.getByText('0 chosen of 4 that can be added').waitFor();
  certificate.tell();
  await dialog.getByText('1 chosen of 5 that can be added').waitFor();
  await shows(t, async () => await dialog.getByText('Attic', { exact: true }).count(), 1);
});

test.serial('the next address that is typed while one is asked for its certificate stays', async (t) => {
  const { page, dialog } = await open(t);
  const certificate = await hold(page, '/servers/test');
  await button(page, 'Add several').click();
  const address = dialog.getByLabel('Address or name');
  await address.fill('10.1.1.1');
  const asked = page.waitForRequest('**/api/v1/servers/test');
  await button(dialog, 'Add to the list').click();
  await asked;
  await address.fill('10.1.1.2');
  certificate.tell();
  await dialog.getByRole('checkbox', { name: /^10\.1\.1\.1/ }).waitFor();
  await shows(t, async () => await address.inputValue(), '10.1.1.2');
});

test.serial(
  'what was chosen and can no longer be added when the LAN is searched again does not stand in the way',
  async (t) => {
    const { page, dialog } = await open(t);
    await button(page, 'Add several').click();
    await dialog.getByRole('checkbox', { name: /^Attic/ }).check();
    await dialog.getByRole('checkbox', { name: /^Cellar/ }).check();
    await page.route('**/api/v1/servers/search', async (route) => {
      const response = await route.fetch();
      const found = (await response.json()) as { readonly items: readonly { readonly name: string }[] };
      await route.fulfill({
        response,
        json: { ...found, items: found.items.map((one) => (one.name === 'Attic' ? { ...one, known: true } : one)) },
      });
    });
    await button(dialog, 'Search again').click();
    await dialog.getByText('1 chosen of 3 that can be added').waitFor();
    await shows(t, async () => await button(dialog, 'Next').isEnabled(), true);
  },
);

test.serial('a failover server adds several without naming them', async (t) => {
  const servers = aloneServers(Date.now(), { kind: 'undefined', locked: false });
  const { page, dialog } = await open(t, { mode: 'failover', servers });
  await button(page, 'Add several').first().click();
  await dialog.getByText('Attic').waitFor();
  await shows(t, async () => await dialog.getByText('Names', { exact: true }).count(), 0);
  await dialog.getByRole('checkbox', { name: /^Attic/ }).check();
  await button(dialog, 'Next').click();
  await dialog.getByLabel('User name there').fill('anna');
  await dialog.getByLabel('Password there').fill('secret');
  await dialog.getByLabel('I compared the fingerprints').check();
  await button(dialog, 'Add 1 server').click();
  await dialog.getByText('1 of 1 servers were added.').waitFor();
  t.deepEqual(Object.keys(askedOf(servers, 'POST /servers/batch')[0] ?? {}).toSorted(), [
    'password',
    'rows',
    'username',
  ]);
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const)
  test.serial(`adding at ${width} in light: nothing axe objects to, nothing wider than the screen`, async (t) => {
    const { page, dialog } = await open(t, {}, { theme: 'light', width, height });
    await button(page, 'Add server').click();
    await button(dialog, 'Search the LAN').click();
    await dialog.getByText('Attic').waitFor();
    t.deepEqual(await axeFindings(page), [], 'search');
    await dialog.getByLabel('Address or name').fill('10.1.1.1');
    await button(dialog, 'Test connection').click();
    await button(dialog, 'It is the same').waitFor();
    t.deepEqual(await axeFindings(page), [], 'test');
    await shows(t, async () => await isWiderThanScreen(page), false);
    await page.keyboard.press('Escape');
    await button(page, 'Add several').click();
    await dialog.getByText('Neighbour').waitFor();
    t.deepEqual(await axeFindings(page), [], 'batch');
    await shows(t, async () => await isWiderThanScreen(page), false);
  });

test.serial('a server is authorized again; another certificate than the known one is pointed out', async (t) => {
  const { page, dialog, servers } = await open(t);
  await button(page, 'Office-NAS').click();
  await button(dialog, 'Authorize again').click();
  await button(dialog, 'Test connection').click();
  await dialog.getByText('It shows another certificate than the one that is known here.', { exact: false }).waitFor();
  t.deepEqual(await axeFindings(page), []);
  await button(dialog, 'It is the same').click();
  await dialog.getByLabel('User name there').fill('owner');
  await dialog.getByLabel('Password there').fill('secret');
  await button(dialog, 'Authorize').click();
  await page.getByText('Office-NAS is authorized').first().waitFor();
  t.is(askedOf(servers, 'POST /servers/srv-5/authorize').length, 1);
});
