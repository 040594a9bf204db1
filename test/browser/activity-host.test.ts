/** Failover > Activity on the mock API: who is who. The host and its role, a server that is replaced, a box that was, and the sign-in page of a former host. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { busy, findings, openActivity } from '../support/activity-page.ts';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { knownMock, watchMock } from '../support/mock-activity-data.ts';
import { startMockApi } from '../support/mock-api.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { MEMBER } from '../support/mock-site.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const open = (t: ExecutionContext, options: MockOptions, look?: Look): Promise<Page> =>
  openActivity({ t, browser }, options, look);

test.serial('a server is replaced in steps: by whom, before and after, its name, progress', async (t) => {
  const page = await open(t, { activity: busy() });
  await page.getByRole('button', { name: 'Replace …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replace Yard-NAS' });
  await dialog.getByText('It protects nobody any more then.').waitFor();
  await shows(
    t,
    async () => await dialog.getByRole('radio').count(),
    2,
    'the acting one, and another recording server',
  );
  await dialog.getByRole('button', { name: 'Compare' }).click();
  await dialog.getByText('night-guard').waitFor();
  await keepScreenshot(page, 'replace-compare');
  t.deepEqual(await findings(page), []);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.getByText('This is for good: Spare-NAS becomes Yard-NAS.').waitFor();
  const replace = dialog.getByRole('button', { name: 'Replace Yard-NAS' });
  await shows(t, async () => await replace.isDisabled(), true);
  await dialog.getByLabel('Type “Yard-NAS” to confirm').fill('Yard-NAS');
  await replace.click();
  await dialog.getByText('Identity passed, no way back').waitFor();
  await dialog.getByText('The old Yard-NAS has not heard of it yet').waitFor();
  await dialog.locator('form').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('heading', { name: 'Spare-NAS is Yard-NAS now.' }).waitFor();
});

test.serial('a replacement that was interrupted is shown with its problem, and can be looked into', async (t) => {
  const problem = 'Yard-NAS has not confirmed its cameras yet; it is tried again.';
  const replacement = {
    id: 'replacement-7',
    serverId: MEMBER.id,
    serverName: MEMBER.name,
    by: 'srv-4',
    byName: 'New-NAS',
    state: 'adopted' as const,
    startedAt: '2026-11-21T10:00:00.000Z',
    originalTold: true,
    problem,
  };
  const page = await open(t, { activity: { replacements: [replacement] } });
  await page.getByRole('heading', { name: 'New-NAS takes the place of Yard-NAS.' }).waitFor();
  await page.getByText(problem).waitFor();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('dialog').getByText(problem).waitFor();
  await shows(
    t,
    async () => await page.getByRole('dialog').locator('[aria-current="step"]').count(),
    2,
    'of the wizard, and of the replacement',
  );
});

test.serial('the host is gone: a banner says so, and its role is taken', async (t) => {
  const gone = {
    host: { id: 'srv-0', name: 'Old-Host', address: '192.168.1.9', httpPort: 51_443, connected: false },
    isHost: false,
    successors: [],
    here: { canTake: true, silentSeconds: 312, copyAt: '2026-11-21T10:00:00.000Z' },
  };
  const page = await open(t, {
    mode: 'failover',
    activity: { siteHost: gone, servers: [knownMock({ watch: watchMock({}) })] },
  });
  await page.getByText('The host, Old-Host, was not heard for 5:12.').waitFor();
  await keepScreenshot(page, 'host-gone');
  t.deepEqual(await findings(page), []);
  await page.getByRole('button', { name: 'Take the role …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Take the role of the host from Old-Host?' });
  await dialog.getByRole('button', { name: 'Take the role' }).click();
  await page.getByText('Hall-NAS, this server').waitFor();
  await shows(t, async () => await page.getByText('was not heard for').count(), 0);
});

test.serial('a host that is heard gives its role only for its name', async (t) => {
  const heard = {
    host: { id: 'srv-0', name: 'Old-Host', connected: true },
    isHost: false,
    successors: [],
    here: { canTake: true, silentSeconds: 0 },
  };
  const page = await open(t, {
    mode: 'failover',
    activity: { siteHost: heard, servers: [knownMock({ watch: watchMock({}) })] },
  });
  await page.getByRole('button', { name: 'Take the role …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Old-Host is still heard').waitFor();
  const take = dialog.getByRole('button', { name: 'Take the role' });
  await shows(t, async () => await take.isDisabled(), true);
  await dialog.getByRole('textbox').fill('Old-Host');
  await take.click();
  await page.getByText('Hall-NAS, this server').waitFor();
});

test.serial('a box in whose place another one is says so, and is set up anew only with its name', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const replacedBy = { id: 'srv-7', name: 'New-NAS', at: '2026-11-21T10:00:00.000Z' };
  await page.route('**/api/v1/server', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), replacedBy } });
  });
  await page.goto(`${api.url}/failover/activity`);
  await page.getByText(/^Hall-NAS was replaced by New-NAS on 21 Nov, 11:00:00, and records nothing\.$/).waitFor();
  await page.getByRole('button', { name: 'Set up anew …' }).click();
  const remove = page.getByRole('button', { name: 'Remove and set up anew' });
  await shows(t, async () => await remove.isDisabled(), true);
  t.deepEqual(await findings(page), []);
  await page.getByLabel('Type “Hall-NAS” to confirm').fill('Hall-NAS');
  await remove.click();
  await page.locator('.toast').getByText('This server can be set up anew').waitFor();
});

test.serial('the sign-in page of a former host says where the site is managed now', async (t) => {
  const api = await startMockApi({ media: false, signedIn: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const host = { name: 'Spare-NAS', address: 'fd00::12', httpPort: 51_443 };
  await page.route('**/api/v1/setup', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), host } });
  });
  await page.goto(`${api.url}/live`);
  await page.getByText('Spare-NAS is the host of the site now.').waitFor();
  await shows(
    t,
    async () => await page.getByRole('link', { name: 'Open Spare-NAS' }).getAttribute('href'),
    'https://[fd00::12]:51443/',
  );
  t.deepEqual(await findings(page), []);
  await keepScreenshot(page, 'sign-in-moved');
});
