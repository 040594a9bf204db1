/** Failover > Settings: timeouts within their limits, two who edit, backups, share, what the site decides, licences. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import type { FailoverSettings } from '../../src/site/failover-settings.ts';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { NO_BACKUP, overlay } from '../support/mock-protection.ts';
import { camerasOf, createProtectionSite, ID, smallSite } from '../support/mock-protection-data.ts';
import type { ProtectionSite } from '../support/mock-protection-data.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const PATIENCE_MS = 30_000;
const until = async (what: string, look: () => boolean): Promise<void> =>
  void (await waitFor(what, () => look() || undefined, PATIENCE_MS));
async function show(
  t: ExecutionContext,
  site: ProtectionSite,
  look: Look & { readonly query?: string } = {},
): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser, look);
  await overlay(page, site);
  await page.goto(`${api.url}/failover/settings${look.query ?? ''}`);
  return { page, complaints };
}
const settingsAt = (site: ProtectionSite, id: string): FailoverSettings =>
  site.settings.get(id) ?? failoverSettingsSchema.parse({});
/** As another administrator does it. */
const changeAt = (site: ProtectionSite, id: string, change: Partial<FailoverSettings>): void =>
  void site.settings.set(id, { ...settingsAt(site, id), ...change });
const card = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
const save = (page: Page): Locator =>
  page.getByRole('group', { name: 'Changes' }).getByRole('button', { name: /^Save/ });

for (const theme of ['dark', 'light'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    test.serial(`accessible at ${width} x ${height}, ${theme}: every view`, async (t) => {
      const site = withLicences(smallSite());
      for (const [query, ready] of [
        ['', 'Keep alive'],
        ['?view=site', 'For every failover server'],
        ['?view=licences', 'Seats of failover servers'],
      ] as const) {
        const { page, complaints } = await show(t, site, { theme, width, height, query });
        await page.getByText(ready, { exact: true }).first().waitFor();
        if (query === '') await page.getByText('/volume1/understudy').waitFor();
        t.deepEqual(await axeFindings(page), [], query);
        await shows(t, async () => await isWiderThanScreen(page), false, query);
        const name = query === '' ? 'server' : query.replace('?view=', '');
        if (theme === (width > 720 ? 'dark' : 'light'))
          await keepScreenshot(page, `failover-settings-${name}${width > 720 ? '' : '-phone'}`);
        t.deepEqual(complaints, []);
      }
    });
  }
}

test.serial('a timeout out of its limits is refused with them named, before anything is sent', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  const keepAlive = page.getByLabel('Keep alive', { exact: true });
  await keepAlive.fill('12');
  await page.getByText('Expected 30 to 300 seconds (30 s to 5 min).').waitFor();
  await save(page).click();
  await page.getByText('1 field is out of its limits.').first().waitFor();
  const underHands = async (): Promise<string> => await page.locator('input:focus').inputValue();
  await shows(t, underHands, '12', 'the field is under the hands');
  t.deepEqual(site.asked, []);
  await keepScreenshot(page, 'failover-settings-limits');
  await keepAlive.fill('60');
  await page.getByText('= 1 min').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Settings of Hall-Spare saved').first().waitFor();
  t.is(settingsAt(site, ID.f1).timeouts.keepAlive, 60);
  t.deepEqual(site.asked, [`PATCH /servers/${ID.f1}/failover-settings`]);
  await page.getByRole('group', { name: 'Changes' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Back to 30 s' }).click();
  await shows(t, async () => await keepAlive.inputValue(), '30');
});

test.serial('what is not saved is not lost by a link, by "back", by another server, by closing the tab', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  const level = page.getByLabel('Drill every');
  await level.waitFor();
  const places = page.getByRole('navigation', { name: 'Settings of failover' });
  await places.getByRole('link', { name: 'Licences' }).click();
  await places.getByRole('link', { name: 'Servers' }).click();
  await level.fill('9');
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  const stay = async (): Promise<void> => {
    await dialog.getByText('1 change is not saved.', { exact: false }).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await shows(t, async () => await level.inputValue(), '9');
    await shows(t, () => new URL(page.url()).search, '');
  };
  await places.getByRole('link', { name: 'Site policy' }).click();
  await dialog.waitFor();
  await keepScreenshot(page, 'failover-settings-leave');
  await stay();
  await page.goBack();
  await stay();
  const picker = page.getByLabel('Settings of', { exact: true });
  const before = await picker.inputValue();
  await picker.selectOption(ID.r1);
  await stay();
  await shows(t, async () => await picker.inputValue(), before, 'it shows whose settings these are');
  const closing = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const question = await closing;
  t.is(question.type(), 'beforeunload');
  await question.dismiss();
  await page.goBack();
  await dialog.getByRole('button', { name: 'Leave without saving' }).click();
  await page.getByText('No licence, no limits').waitFor();
  await shows(t, () => new URL(page.url()).search, '?view=licences', 'where "back" leads');
  t.deepEqual(site.asked, []);
  await page.goForward();
  await level.waitFor();
  await level.fill('11');
  await save(page).click();
  await page.getByText('Settings of Hall-Spare saved').first().waitFor();
  await places.getByRole('link', { name: 'Site policy' }).click();
  await shows(t, () => new URL(page.url()).search, '?view=site', 'nobody asks when all is saved');
});

test.serial('what the box refuses is said in its words', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  await page.getByLabel('Address for browsers').fill('nas.example');
  await page.route('**/failover-settings', (route) =>
    route.request().method() === 'PATCH'
      ? route.fulfill({
          status: 409,
          contentType: 'application/problem+json',
          body: JSON.stringify({
            status: 409,
            code: 'failover/site-policy',
            detail: 'automaticTakeover: the host Head office decides this for the whole site.',
          }),
        })
      : route.fallback(),
  );
  await save(page).click();
  await page
    .getByRole('alert')
    .getByText('the host Head office decides this for the whole site.', { exact: false })
    .waitFor();
  await shows(
    t,
    async () => await page.getByLabel('Address for browsers').inputValue(),
    'nas.example',
    'what was typed stays',
  );
});

test.serial('two who edit: yours and theirs are told, and what is saved is what was chosen', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  await page.getByLabel('Calm before it goes back').fill('240');
  await page.getByLabel('Take over automatically').uncheck();
  changeAt(site, ID.f1, { holdDownSeconds: 600, footagePolicy: 'keep' });
  await save(page).click();
  const notice = page.locator('.notice').filter({ hasText: 'Somebody else changed these settings meanwhile' });
  await notice.waitFor();
  await notice.getByRole('button', { name: 'Yours: 240', pressed: true }).waitFor();
  await notice.getByText('When the server is back: Keep it here').waitFor();
  const isInSight = async (): Promise<boolean> => ((await notice.boundingBox())?.y ?? -1) >= 0;
  await waitFor(
    'the notice above the form to come into sight',
    async () => (await isInSight()) || undefined,
    PATIENCE_MS,
  );
  await keepScreenshot(page, 'failover-settings-met');
  t.is(settingsAt(site, ID.f1).holdDownSeconds, 600, 'nothing is saved yet');
  await notice.getByRole('button', { name: 'Theirs: 600' }).click();
  await save(page).click();
  await page.getByText('Settings of Hall-Spare saved').first().waitFor();
  const { holdDownSeconds, footagePolicy, automaticTakeover } = settingsAt(site, ID.f1);
  t.deepEqual([holdDownSeconds, footagePolicy, automaticTakeover], [600, 'keep', false]);
  await notice.waitFor({ state: 'detached' });
});

test.serial('what another one changes shows by itself while nothing is being edited here', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  await page.getByLabel('Drill every').waitFor();
  changeAt(site, ID.f1, { drillDays: 7 });
  await waitFor(
    'the change',
    async () => (await page.getByLabel('Drill every').inputValue()) === '7' || undefined,
    PATIENCE_MS,
  );
  t.pass();
});

test.serial('backups: by hand with their result, and the problem of one that fails', async (t) => {
  const site = smallSite();
  site.servers = [
    ...site.servers,
    { id: ID.r3, name: `${NO_BACKUP}-NAS`, mode: 'recording', cameras: camerasOf('Mute', 2) },
  ];
  const { page } = await show(t, site);
  const row = (name: string): Locator => card(page, 'Settings backups').getByRole('listitem').filter({ hasText: name });
  await row('NAS-2').getByText('backed up 2 h ago').waitFor();
  await row('NAS-10').getByText('never backed up').waitFor();
  await row('NAS-10').getByRole('button', { name: 'Back up now' }).click();
  await row('NAS-10')
    .getByText(/^Backed up .*\d\d:\d\d:\d\d/)
    .waitFor();
  await row('NAS-10')
    .getByText(/backed up (just now|\d+ s ago)/)
    .waitFor();
  await row('Mute-NAS').getByRole('button', { name: 'Back up now' }).click();
  await row('Mute-NAS').getByText('Mute-NAS is not connected; its settings cannot be fetched.').waitFor();
  await page.getByLabel('Daily at (UTC)').fill('25:00');
  await page.getByText('Expected a time of day in UTC such as 03:30.').waitFor();
  await page.getByLabel('Daily at (UTC)').fill('02:30');
  const there = new Date(new Date().setUTCHours(2, 30)).toLocaleTimeString('en-GB', {
    timeZone: 'Europe/Berlin',
    hour: '2-digit',
    minute: '2-digit',
  });
  await card(page, 'Settings backups').getByText(`${there} where you are`).waitFor();
  await card(page, 'Settings backups').scrollIntoViewIfNeeded();
  await keepScreenshot(page, 'failover-settings-backups');
  t.true(
    site.asked.includes(`POST /servers/${ID.f1}/api/servers/${ID.r1}/backup`) ||
      site.asked.includes(`POST /servers/${ID.f1}/api/servers/${ID.r2}/backup`),
  );
});

test.serial(
  'a recording server names its share, changes it without its password, and returns directly again',
  async (t) => {
    const site = smallSite();
    const { page } = await show(t, site, { query: `?server=${ID.r1}` });
    await page.getByText('NAS-2 is in CMS mode Recording.', { exact: false }).waitFor();
    const share = card(page, 'Return share');
    await share.getByText('No share is named', { exact: false }).waitFor();
    await share.getByRole('button', { name: 'Name a share' }).click();
    await share.getByLabel('Host', { exact: true }).fill('nas-2.lan');
    await share.getByLabel('Share', { exact: true }).fill('returns');
    await share.getByLabel('User name').fill('backup');
    await share.getByLabel('Password').fill('secret words');
    await share.getByRole('button', { name: 'Save' }).click();
    await share.getByText('\\\\nas-2.lan\\returns').waitFor();
    t.is(site.shares.get(ID.r1)?.volumeId, 'vol-1');
    await keepScreenshot(page, 'failover-settings-share');
    await share.getByRole('button', { name: 'Return directly again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Return directly again' }).click();
    await share.getByText('No share is named', { exact: false }).waitFor();
    t.is(site.shares.size, 0);
  },
);

test.serial('the policy of the site stands over each server, and is told where it does', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site, { query: '?view=site' });
  await page.getByLabel('Take over automatically').selectOption('no');
  await page.getByLabel('Priority High').selectOption('hot');
  await page.getByText('Hot costs the stream twice', { exact: false }).waitFor();
  // Meanwhile somebody else decides the same, otherwise.
  site.file = { ...site.file, hostId: ID.host, policy: { automaticTakeover: true, standbyLevels: {} } };
  await save(page).click();
  await page.getByRole('button', { name: 'Yours: Off', pressed: true }).waitFor();
  await page.getByRole('button', { name: 'Theirs: On' }).waitFor();
  await keepScreenshot(page, 'failover-settings-policy-met');
  await save(page).click();
  await page.getByText('The policy of the site was saved').first().waitFor();
  t.deepEqual(site.file.policy, { automaticTakeover: false, standbyLevels: { high: 'hot' } });
  await page.getByRole('link', { name: 'Servers' }).last().click();
  await page
    .getByText('The host Head office decides for the whole site: Take over automatically.', { exact: false })
    .waitFor();
  const isDisabled = async (): Promise<boolean> => await page.getByLabel('Take over automatically').isDisabled();
  await shows(t, isDisabled, true);
  await shows(t, async () => await page.getByLabel('Restore automatically').isDisabled(), false);
});

test.serial('a member shows what its host decides, a lone box what to do', async (t) => {
  const member = smallSite({ ownId: ID.f1, isHost: false, host: { id: ID.host, name: 'Head office' } });
  const { page } = await show(t, member, { query: '?view=site' });
  await page.getByText('The policy is decided at the host Head office', { exact: false }).waitFor();
  const isDisabled = async (): Promise<boolean> => await page.getByLabel('Take over automatically').isDisabled();
  await shows(t, isDisabled, true);
  const alone = createProtectionSite({ servers: [{ id: ID.f1, name: 'Spare', mode: 'failover' }] });
  const { page: second } = await show(t, alone, { query: '?view=site' });
  await second.getByRole('heading', { name: 'This box belongs to no site' }).waitFor();
  await second.goto(second.url().replace('?view=site', ''));
  await second.getByText('It protects no server yet', { exact: false }).waitFor();
  await shows(
    t,
    async () => await second.getByLabel('Settings of', { exact: true }).count(),
    0,
    'there is one server only',
  );
});

function withLicences(site: ProtectionSite): ProtectionSite {
  const more = { keyId: '06e3fd8fda29bb60', addedAt: '2026-01-02T00:00:00.000Z' };
  const soon = new Date(Date.now() + 12 * 86_400_000).toISOString();
  site.licences = {
    host: { id: ID.host, name: 'Head office' },
    items: [
      {
        id: 'B-7',
        holder: 'Bakery Müller',
        seats: { failoverServers: 2, coveredCameras: 90 },
        state: 'in-force',
        ...more,
      },
      {
        id: 'B-8',
        holder: 'Bakery Müller',
        seats: { coveredCameras: 8 },
        state: 'in-force',
        expiresAt: soon,
        serverId: ID.f2,
        ...more,
      },
      {
        id: 'B-1',
        holder: '',
        seats: {},
        state: 'untrusted',
        problem: 'Its signature is wrong: the file is damaged.',
        ...more,
      },
    ],
    covering: [
      { serverId: ID.f1, name: 'Hall-Spare', seats: 45, used: 3 },
      { serverId: ID.f2, name: 'Yard-Spare', seats: 8, used: 8 },
    ],
    recording: [{ serverId: ID.r1, name: 'NAS-2', used: 12 }],
    issuers: ['06e3fd8fda29bb60'],
  };
  return site;
}

test.serial(
  'licences: what each gives, who has which seats, adding one by file, clear refusals, removing one',
  async (t) => {
    const site = withLicences(smallSite());
    const { page } = await show(t, site, { query: '?view=licences' });
    await page.getByText('2 failover servers, 90 covered cameras').waitFor();
    await page.getByText('Its signature is wrong: the file is damaged.').waitFor();
    await page.getByText('Expires soon').waitFor();
    await card(page, 'Seats of failover servers').getByText('8 of 8 · full').waitFor();
    await page.getByRole('button', { name: 'Add licence' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add licence' });
    const directory = await tempDir(t, 'licence');
    await writeFile(join(directory, 'broken.txt'), 'no licence at all');
    await writeFile(join(directory, 'good.txt'), 'licence C-1');
    await writeFile(join(directory, 'large.txt'), 'x'.repeat(20_000));
    await dialog.getByLabel('Licence file').setInputFiles(join(directory, 'large.txt'));
    await dialog.getByText('large.txt is too large for a licence', { exact: false }).waitFor();
    await dialog.getByLabel('Licence file').setInputFiles(join(directory, 'broken.txt'));
    await dialog.getByRole('button', { name: 'Add licence' }).click();
    await dialog.getByText('Ask its issuer for it again. Nothing was changed.', { exact: false }).waitFor();
    await keepScreenshot(page, 'failover-settings-licence-refused');
    await dialog.getByLabel('Licence file').setInputFiles(join(directory, 'good.txt'));
    await dialog.getByRole('button', { name: 'Add licence' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.licence').filter({ hasText: 'C-1' }).waitFor();
    await page.getByRole('button', { name: 'Remove B-7' }).click();
    await page
      .getByRole('dialog')
      .getByText('Whatever is recorded or covered now goes on.', { exact: false })
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.locator('.licence').filter({ hasText: 'B-7' }).waitFor({ state: 'detached' });
    await until('three of them', () => site.licences.items.length === 3);
    t.deepEqual(
      site.licences.items.map(({ id }) => id),
      ['B-8', 'B-1', 'C-1'],
    );
  },
);
