/** Who covers whom: the matrix, priorities and standby levels, capacity, readiness, what if, lists; also with 200 servers. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { overlay } from '../support/mock-protection.ts';
import { cameraOf, camerasOf, createProtectionSite, ID, smallSite } from '../support/mock-protection-data.ts';
import type { ProtectionSite } from '../support/mock-protection-data.ts';
import { planOf } from '../support/mock-protection-views.ts';
import { measured } from '../support/page-time.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows, showsText } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const PATIENCE_MS = 30_000;
type Shown = { readonly page: Page; readonly complaints: readonly string[]; readonly url: string };
async function show(
  t: ExecutionContext,
  site: ProtectionSite,
  look: Look & { readonly query?: string } = {},
): Promise<Shown> {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser, look);
  await overlay(page, site);
  await page.goto(`${api.url}/failover/protection${look.query ?? ''}`);
  return { page, complaints, url: api.url };
}
const rowOf = (page: Page, name: string): Locator =>
  page.locator('tr[data-index]').filter({ has: page.getByRole('rowheader', { name, exact: false }) });
const cameraIn = (site: ProtectionSite, serverId: string, name: string) =>
  site.servers.find(({ id }) => id === serverId)?.cameras?.find((camera) => camera.name === name);
const until = async (what: string, look: () => boolean): Promise<void> =>
  void (await waitFor(what, () => look() || undefined, PATIENCE_MS));

test.serial('the whole in a sentence, then servers and cameras against failover servers', async (t) => {
  const site = smallSite();
  const yard = cameraIn(site, ID.r1, 'Yard');
  if (yard === undefined) throw new Error('no camera');
  const owner = planOf(site)
    .servers.find(({ serverId }) => serverId === ID.r1)
    ?.cameras.find(({ name }) => name === 'Yard');
  site.notReady.set(`${owner?.coveredBy ?? ''} ${ID.r1}`, [
    {
      cameraId: yard.id,
      name: 'Yard',
      level: 'warm',
      actual: 'cold',
      reason: 'the camera refused: it has no session left.',
    },
  ]);
  const { page, complaints } = await show(t, site);
  await page.getByText('If every recording server died now, 15 of 17 cameras would be recorded.').waitFor();
  await page.getByText('Not: 2 (priority Never).').waitFor();
  await shows(
    t,
    async () =>
      await page
        .locator('.server-row th')
        .allInnerTexts()
        .then((names) => names.map((name) => name.split('\n')[0])),
    ['NAS-2', 'NAS-10'],
  );
  const dock = rowOf(page, 'Dock').first();
  await dock.getByText('priority Never').waitFor();
  await rowOf(page, 'Yard')
    .first()
    .getByText('Warm wanted, Cold now: the camera refused: it has no session left.')
    .waitFor();
  await shows(t, async () => await rowOf(page, 'Lift').getByText('not recorded continuously').count(), 1);
  await shows(
    t,
    async () => await rowOf(page, 'Gate').first().getByText('Hot costs the stream twice', { exact: false }).count(),
    1,
  );
  await page.locator('.spare').filter({ hasText: 'Yard-Spare' }).getByText('8 seats', { exact: false }).waitFor();
  await keepScreenshot(page, 'protection');
  t.deepEqual(complaints, []);
});

for (const theme of ['dark', 'light'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    test.serial(`accessible at ${width} x ${height}, ${theme}, with its dialogs`, async (t) => {
      const { page, complaints } = await show(t, smallSite(), { theme, width, height });
      await page.locator('tr[data-index]').first().waitFor();
      t.deepEqual(await axeFindings(page), [], 'page');
      await shows(t, async () => await isWiderThanScreen(page), false);
      if (width < 720) await keepScreenshot(page, `protection-phone-${theme}`);
      await page.getByRole('button', { name: 'What if a server died now?' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('checkbox', { name: 'NAS-2' }).check();
      await dialog.getByText('10 of 11 cameras would be recorded', { exact: false }).waitFor();
      t.deepEqual(await axeFindings(page), [], 'what if');
      await shows(t, async () => await isWiderThanScreen(page), false);
      if (width < 720) await keepScreenshot(page, `protection-what-if-phone-${theme}`);
      await page.keyboard.press('Escape');
      await page.locator('.spare').filter({ hasText: 'Hall-Spare' }).click();
      await page.getByText('Which servers it protects').waitFor();
      t.deepEqual(await axeFindings(page), [], 'failover server');
      await shows(t, async () => await isWiderThanScreen(page), false);
      t.deepEqual(complaints, []);
    });
  }
}

test.serial('the priority of one camera is changed at its own server, and the plan follows', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  const dock = rowOf(page, 'Dock').first();
  await dock.hover();
  await dock.getByLabel('Priority of Dock').selectOption('high');
  await until('the change', () => cameraIn(site, ID.r1, 'Dock')?.priority === 'high');
  t.deepEqual(site.asked, [`PATCH /servers/${ID.r1}/api/cameras`]);
  await page.getByText('16 of 17 cameras would be recorded', { exact: false }).waitFor();
  await shows(t, async () => await dock.getByText('priority Never').count(), 0);
});

test.serial('Never and Hot are asked about first, and say what they cost', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  const hall = rowOf(page, 'Hall').first();
  await hall.getByLabel('Priority of Hall').selectOption('never');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('not recorded by anybody until it is back', { exact: false }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await shows(
    t,
    async () => await hall.getByLabel('Priority of Hall').inputValue(),
    'high',
    'nothing shows that was not changed',
  );
  t.deepEqual(site.asked, []);
  await hall.getByLabel('Standby level of Hall').selectOption('hot');
  await dialog.getByText('Hot costs the stream twice', { exact: false }).waitFor();
  await keepScreenshot(page, 'protection-hot');
  await dialog.getByRole('button', { name: 'Change 1 camera' }).click();
  await until('hot', () => cameraIn(site, ID.r1, 'Hall')?.standbyLevel === 'hot');
  await hall.getByText('Hot costs the stream twice', { exact: false }).waitFor({ state: 'attached' });
});

test.serial('several cameras are chosen and changed by the keyboard alone', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  await page.locator('tr[data-index="0"]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('3 cameras chosen').waitFor();
  await keepScreenshot(page, 'protection-chosen');
  await page.getByRole('group', { name: 'Priority' }).getByRole('button', { name: 'Low' }).focus();
  await page.keyboard.press('Enter');
  await until('all three', () =>
    ['Dock', 'Gate', 'Hall'].every((name) => cameraIn(site, ID.r1, name)?.priority === 'low'),
  );
  t.is(site.asked.length, 1, 'one request a server');
  // Left closes, Right opens, Enter edits, Escape goes back to the row.
  await page.locator('tr[data-index="2"]').focus();
  await page.keyboard.press('ArrowLeft');
  await page.locator('tr[data-index="0"]:focus').waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.locator('tr[data-index="0"][aria-expanded="false"]').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.locator('tr[data-index="0"][aria-expanded="true"]').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.locator('tr[data-index="1"]:focus').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('tr[data-index="1"] select:focus').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('tr[data-index="1"]:focus').waitFor();
});

test.serial('a chosen server stands for all of its cameras, and can be asked about', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site);
  await rowOf(page, 'NAS-10').getByRole('checkbox').check();
  await page.getByText('6 cameras chosen').waitFor();
  await page.getByRole('button', { name: 'What if these died now?' }).click();
  await page.getByText(/5 of 6 cameras would be recorded.*; not: Dock, priority Never\./).waitFor();
  t.regex(page.url(), new RegExp(`if=${ID.r2}`));
});

test.serial('what if: a sentence first, then camera by camera; several servers, failover servers too', async (t) => {
  const site = smallSite();
  const { page } = await show(t, site, { query: `?if=${ID.r1}` });
  const dialog = page.getByRole('dialog');
  await dialog
    .getByText(/^10 of 11 cameras would be recorded[: ].*Hall-Spare.*; not: Dock, priority Never\.$/)
    .waitFor();
  await dialog.getByRole('checkbox', { name: 'Hall-Spare' }).check();
  await dialog
    .getByText('8 of 11 cameras would be recorded by Yard-Spare; not: Dock, priority Never; ', { exact: false })
    .waitFor();
  await dialog.getByText('no seat of the licence is free', { exact: false }).first().waitFor();
  await dialog.locator('tr[data-index="2"]').getByText('Dock').waitFor();
  await keepScreenshot(page, 'protection-what-if');
  await dialog.getByRole('checkbox', { name: 'Yard-Spare' }).check();
  await dialog.getByText('None of 11 cameras would be recorded', { exact: false }).waitFor();
  await dialog.getByRole('checkbox', { name: 'NAS-2' }).uncheck();
  await dialog.getByText('No camera is lost: none of these servers records any of its own.').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  t.false(page.url().includes('if='));
  t.true(site.asked.length === 0, 'nothing was changed by asking');
});

test.serial(
  'the owner says at the host which servers a failover server protects; who was faster is told',
  async (t) => {
    const site = smallSite();
    const { page } = await show(t, site);
    await page.locator('.spare').filter({ hasText: 'Yard-Spare' }).click();
    const dialog = page.getByRole('dialog', { name: 'Yard-Spare' });
    await dialog.getByText('0 of 8 licensed seats are in use.').waitFor();
    await dialog.getByLabel('Only these').check();
    await dialog.getByRole('checkbox', { name: 'NAS-10' }).uncheck();
    await keepScreenshot(page, 'protection-list');
    // Meanwhile somebody else decides that it protects NAS-10 only.
    site.file = { ...site.file, hostId: ID.host, protection: [{ failoverServerId: ID.f2, serverIds: [ID.r2] }] };
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Somebody else changed this list meanwhile.').waitFor();
    await showsText(
      t,
      async () => (await dialog.locator('.notice').innerText()).replaceAll('\n', ' '),
      /Yours .*NAS-2.* Theirs NAS-10/,
    );
    await keepScreenshot(page, 'protection-list-met');
    await dialog.getByRole('button', { name: 'Save mine all the same' }).click();
    await dialog.waitFor({ state: 'detached' });
    t.deepEqual(site.file.protection, [{ failoverServerId: ID.f2, serverIds: [ID.host, ID.r1] }]);
    await page.locator('.spare').filter({ hasText: 'Yard-Spare' }).getByText('Protects 1 of 2 servers').waitFor();
    await rowOf(page, 'NAS-10').getByText('Not in its list').waitFor({ state: 'attached' });
  },
);

test.serial('a server that is away refuses in its own words, and nothing shows that was not changed', async (t) => {
  const site = smallSite();
  site.servers = site.servers.map((server) => (server.id === ID.r1 ? { ...server, state: 'offline' } : server));
  const { page } = await show(t, site);
  const gate = rowOf(page, 'Gate').first();
  await gate.getByLabel('Priority of Gate').selectOption('low');
  await page.getByText(`${ID.r1} is not connected since 10:02.`).first().waitFor();
  await gate.getByText('Being planned').waitFor({ state: 'detached' });
  await shows(t, async () => await gate.getByLabel('Priority of Gate').inputValue(), 'high');
});

test.serial('a site with nobody to cover, a member, a lone box: each says what to do next', async (t) => {
  const alone = createProtectionSite({ servers: [{ id: ID.r1, name: 'NAS-2', mode: 'recording' }] });
  const { page } = await show(t, alone);
  await page.getByRole('heading', { name: 'Nobody covers anybody yet' }).waitFor();
  await page.getByRole('link', { name: 'Go to Servers' }).waitFor();
  await keepScreenshot(page, 'protection-empty');
  const member = smallSite({ ownId: ID.r1, isHost: false, host: { id: ID.host, name: 'Head office' } });
  const { page: second } = await show(t, member);
  await second.getByText('This box belongs to the site of Head office.', { exact: false }).waitFor();
  const spare = smallSite({ ownId: ID.f1, isHost: false, host: { id: ID.host, name: 'Head office' } });
  const { page: third } = await show(t, spare);
  await rowOf(third, 'NAS-2').waitFor();
  await shows(
    t,
    async () => await third.getByLabel('Priority of Gate').count(),
    0,
    'changed at its own server, or at the host',
  );
});

test.serial('names with markup, of 32 wide characters, break nothing', async (t) => {
  const wide = '監視カメラ倉庫東側入口第三駐車場屋上北側南側西側東側二号機';
  const site = createProtectionSite({
    servers: [
      { id: ID.host, name: 'Host', mode: 'host' },
      {
        id: ID.r1,
        name: wide,
        mode: 'recording',
        cameras: [cameraOf('<img src=x onerror=alert(1)>'), cameraOf(`${wide} 2`)],
      },
      { id: ID.f1, name: wide.split('').toReversed().join(''), mode: 'failover' },
    ],
  });
  const { page, complaints } = await show(t, site);
  await rowOf(page, '<img src=x onerror=alert(1)>').waitFor();
  await shows(t, async () => await isWiderThanScreen(page), false);
  await keepScreenshot(page, 'protection-names');
  await page.setViewportSize({ width: 390, height: 844 });
  await shows(t, async () => await isWiderThanScreen(page), false);
  t.deepEqual(complaints, []);
});

test.serial('200 servers of 64 cameras and 12 failover servers: no step takes over 200 ms', async (t) => {
  const servers = Array.from({ length: 200 }, (_, index) => ({
    id: `r${index}`,
    name: `NAS-${index + 1}`,
    mode: 'recording' as const,
    cameras: camerasOf(`NAS-${index + 1}`, 64),
  }));
  const spares = Array.from({ length: 12 }, (_, index) => ({
    id: `f${index}`,
    name: `Spare-${index + 1}`,
    mode: 'failover' as const,
  }));
  const site = createProtectionSite({ servers: [{ id: ID.host, name: 'Host', mode: 'host' }, ...servers, ...spares] });
  const { page } = await show(t, site);
  await rowOf(page, 'NAS-1').first().waitFor();
  await page.getByText(/1,?536 of 11,?[0-9]{3} cameras|1536 of \d+ cameras/).waitFor();
  const within = await measured(t, page);
  await within('doing nothing for a second', () => page.waitForTimeout(1000));
  await page.locator('tr[data-index="0"]').focus();
  await within('opening a server', () => page.keyboard.press('ArrowRight'));
  await page.getByRole('button', { name: 'Open all' }).focus();
  await within('opening all', () => page.keyboard.press('Enter'));
  const filter = page.getByLabel('Filter by camera or server');
  await filter.focus();
  await within('filtering, each letter', () => page.keyboard.type('NAS-117'), 7);
  await filter.fill('');
  await page.locator('tr[data-index="0"]').focus();
  await within('going to the end', () => page.keyboard.press('End'));
  await page.locator('tr[data-index="12999"]:focus').waitFor();
  await keepScreenshot(page, 'protection-large');
  await within('choosing all', () => page.keyboard.press('Control+a'));
  await page.getByText('12800 cameras chosen').waitFor();
});
