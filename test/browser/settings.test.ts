/** Settings: the certificate to trust, integrations, the role of the box, whose accounts count; on the mock API. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { FINGERPRINT } from '../support/mock-data.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi, type MockApi } from '../support/mock-api.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

async function start(t: ExecutionContext): Promise<{ api: MockApi; page: Page; complaints: readonly string[] }> {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  return { api, ...(await openPage(t, browser)) };
}

test.serial('the certificate is compared, downloaded and trusted step by step', async (t) => {
  const { api, page, complaints } = await start(t);
  await page.goto(`${api.url}/settings`);
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Trust this box' }).click();
  const field = page.locator('.fingerprint').first();
  const shown = await waitFor('the fingerprint', async () => (await field.innerText()) || undefined);
  t.is(shown.replaceAll(':', '').toLowerCase(), FINGERPRINT);
  await shows(t, async () => await page.locator('details[open]').count(), 1, 'that of this platform');
  await page.getByText('Windows: Chrome and Edge').click();
  await page.getByText('Trusted Root Certification Authorities', { exact: false }).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download certificate' }).click();
  t.is((await download).suggestedFilename(), 'understudy.crt');
  await keepScreenshot(page, 'settings-trust');
  t.deepEqual(complaints, []);
});

test.serial('metrics are opened, and names under which the box is reached are kept', async (t) => {
  const { api, page } = await start(t);
  await page.goto(`${api.url}/settings`);
  await shows(
    t,
    async () => await page.getByRole('link', { name: '/metrics', exact: false }).getAttribute('href'),
    '/metrics',
    'beside the API, not below it',
  );
  await page.getByLabel('Metrics are open').check();
  await page.getByText('Saved').first().waitFor();
  await page.getByLabel('Names of this box').fill('cams.example.lan\nnvr.lan');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.getByRole('region', { name: 'Integrations' }).getByRole('button', { name: 'Save' }).click();
  t.deepEqual((await sent).postDataJSON(), { allowedHosts: ['cams.example.lan', 'nvr.lan'] });
  await page.reload();
  await page.getByLabel('Metrics are open').waitFor();
  await shows(t, async () => await page.getByLabel('Metrics are open').isChecked(), true);
});

test.serial('an account is given some cameras of the site, and a password of its own', async (t) => {
  const { api, page } = await start(t);
  const told = Promise.withResolvers<void>();
  await page.route(/\/site\/cameras(\?|$)/, async (route) => {
    await told.promise;
    await route.continue();
  });
  await page.goto(`${api.url}/settings`);
  await page.getByRole('button', { name: 'Add user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('User name').fill('bert');
  await dialog.getByLabel('Password').fill('correct horse battery');
  await shows(
    t,
    async () => await dialog.getByLabel('May see all cameras').isDisabled(),
    true,
    'which ones is not known yet',
  );
  told.resolve();
  await dialog.getByLabel('May see all cameras').uncheck();
  for (const name of ['Garden', 'Roof']) await dialog.getByLabel(name, { exact: true }).uncheck();
  const made = page.waitForRequest((request) => request.method() === 'POST');
  await page.route('**/api/v1/users', async (route) =>
    route.request().method() === 'POST' ? await route.fulfill({ status: 201, json: {} }) : await route.continue(),
  );
  await dialog.getByRole('button', { name: 'Add user' }).click();
  const sent = (await made).postDataJSON() as { readonly role: string; readonly cameraIds: readonly string[] };
  t.is(sent.role, 'viewer');
  t.deepEqual(sent.cameraIds.length, 14);
  t.false(sent.cameraIds.includes('cam-3') || sent.cameraIds.includes('cam-15'));
  await page.getByRole('button', { name: 'anna', exact: true }).click();
  await dialog.getByLabel('New password').fill('another horse battery');
  await shows(
    t,
    async () => await dialog.getByRole('button', { name: 'Save' }).isDisabled(),
    true,
    'one own needs the present one',
  );
  await dialog.getByLabel('Your present password').fill('correct horse battery');
  await page.route('**/api/v1/users/u1', (route) => route.fulfill({ status: 200, json: {} }));
  const changed = page.waitForRequest((request) => request.method() === 'PATCH');
  await dialog.getByRole('button', { name: 'Save' }).click();
  t.deepEqual((await changed).postDataJSON(), {
    password: 'another horse battery',
    currentPassword: 'correct horse battery',
  });
});

test.serial('the role is changed; what would end by it asks for the name of the box first', async (t) => {
  const { api, page } = await start(t);
  const detail = 'This server records 16 cameras of its own; as a failover server it stops. Confirm with its name.';
  await page.route('**/api/v1/server/mode', async (route) => {
    const sent = route.request().postDataJSON() as { readonly confirm?: string };
    if (sent.confirm === 'Hall-NAS') return await route.continue();
    const json = { type: 'about:blank', title: 'Conflict', status: 409, code: 'server/records', detail };
    return await route.fulfill({ status: 409, json, contentType: 'application/problem+json' });
  });
  await page.goto(`${api.url}/settings`);
  await page.getByRole('button', { name: 'Change the role' }).click();
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Change the role' });
  await shows(t, async () => await save.isDisabled(), true, 'nothing is changed yet');
  await dialog.getByLabel('CMS mode').selectOption('Failover server');
  await save.click();
  await dialog.getByRole('alert').getByText(detail).waitFor();
  await shows(t, async () => await save.isDisabled(), true);
  await dialog.getByLabel('Type the name of this box', { exact: false }).fill('Hall-NAS');
  await save.click();
  await dialog.waitFor({ state: 'detached' });
  await page.locator('.box-kind').getByText('Failover server').waitFor();
  t.is(api.state.mode, 'failover');
});

test.serial('a token is deleted only after it is said what ends by it', async (t) => {
  const { api, page } = await start(t);
  await page.goto(`${api.url}/settings`);
  const trash = page.getByRole('button', { name: 'Delete: home automation' });
  await trash.click();
  const dialog = page.getByRole('dialog', { name: 'Delete token home automation?' });
  await dialog.getByText(/is refused from now on.*It was used \d+ (s|min) ago\./).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await trash.click();
  const sent = page.waitForRequest((request) => request.method() === 'DELETE');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  t.regex((await sent).url(), /\/tokens\/t1$/);
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Token home automation deleted').first().waitFor();
});

test.serial('a member says that the accounts of the site live at its host, and leads there', async (t) => {
  const { api, page } = await start(t);
  await page.route('**/api/v1/server', async (route) => {
    const response = await route.fetch();
    const host = { id: 'h', name: 'Lobby-NAS', address: '192.168.1.9', httpPort: 51443, connected: true };
    const box = (await response.json()) as object;
    return await route.fulfill({ response, json: { ...box, site: { kind: 'member', host, locked: true } } });
  });
  await page.goto(`${api.url}/settings`);
  await page.getByText('Changes are made at Lobby-NAS').waitFor();
  const link = page.getByRole('link', { name: 'Users of the site' });
  await shows(t, async () => await link.getAttribute('href'), 'https://192.168.1.9:51443/settings');
  await page.locator('.rail').getByText('Managed by Lobby-NAS').waitFor();
});
