/**
 * Servers on a LAN of their own (network namespaces), added in a browser: one found by the search, one that takes the code which the
 * host shows, one whose code is typed at the host. Then authorized again, and a drill.
 */
import test from 'ava';
import type { Browser, Locator, Page } from 'playwright-core';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { addSiteCameras, createFailoverSite, HTTP_PORT, PASSWORD } from '../support/failover-site.ts';
import type { FailoverSite, SiteBox, Teardown } from '../support/failover-site.ts';
import { labProblem } from '../support/net-lab.ts';
import { PATIENCE_MS, signIn } from '../support/real-box.ts';
import { button, rowOf } from '../support/servers-page.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

const USER = 'owner';
type View = { readonly page: Page; readonly dialog: Locator; readonly complaints: readonly string[] };

async function open(t: Teardown, box: SiteBox): Promise<View> {
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  await signIn(page, `https://${box.net.address}:${HTTP_PORT}`, '/failover', PASSWORD);
  return { page, dialog: page.getByRole('dialog'), complaints };
}

/** Typed in the form that shows it: where to dial, and the code. */
async function takeCode({ dialog }: View, from: SiteBox, code: string): Promise<void> {
  await dialog.getByLabel('Address of the other box').fill(from.net.address);
  await dialog.getByLabel('Pairing code', { exact: true }).fill(code);
  await button(dialog, 'Pair').click();
}
async function shownCode({ dialog }: View): Promise<string> {
  await button(dialog, 'By pairing code').click();
  await button(dialog, 'Show a code').click();
  return (await dialog.locator('.pairing-code').textContent()) ?? '';
}

/** Found by what it says on the LAN; looked at, compared, added with the account of its owner. */
async function addFound({ page, dialog }: View, found: SiteBox): Promise<void> {
  await button(page, 'Add server').first().click();
  await button(dialog, 'Search the LAN').click();
  const hit = dialog.getByRole('button', { name: new RegExp(`^${found.name}.*${found.net.address}`) });
  // A search is a hint: on a slow machine the first may end before everybody answered.
  const again = button(dialog, 'Search again');
  await waitFor(
    'it to be found',
    async () => {
      await hit.or(again).first().waitFor();
      if (await hit.isVisible()) return true;
      await again.click();
      return false;
    },
    PATIENCE_MS,
  );
  await keepScreenshot(page, 'server-search');
  await hit.click();
  await button(dialog, 'Test connection').click();
  await dialog.getByText('It answers. Nothing secret was sent yet.').waitFor();
  await dialog.getByLabel('User name there').fill(USER);
  await dialog.getByLabel('Password there').fill(PASSWORD);
  await button(dialog, 'It is the same').click();
  await button(dialog, 'Add server').click();
  await page.getByText(`${found.name} was added`).first().waitFor();
  await rowOf(page, found.name).getByText('Online').waitFor();
}

type Scene = { readonly host: SiteBox; readonly recorder: SiteBox; readonly spare: SiteBox; readonly at: View };
let browser: Browser;
let site: FailoverSite;
let scene: Scene;
/** One site for all; the newest first. */
const undo: (() => unknown)[] = [];
const later = { teardown: (run: () => unknown) => void undo.unshift(run) };

async function setUp(): Promise<void> {
  site = await createFailoverSite(later);
  const simulation = await site.cameras(1);
  const [host, recorder, spare] = await Promise.all([
    site.box({ name: 'Head', mode: 'host' }),
    site.box({ name: 'Yard', mode: 'recording' }),
    site.box({ name: 'Ersatz', mode: 'failover' }),
  ]);
  await addSiteCameras(recorder, simulation.cameras, ['cold']);
  browser = await launch();
  undo.unshift(() => browser.close());
  scene = { host, recorder, spare, at: await open(later, host) };
}

const problem = labProblem();
const step = problem === undefined ? test.serial : test.serial.skip;
if (problem === undefined) {
  test.before(setUp);
  test.after.always(async () => {
    for (const run of undo) await run();
  });
}

step('a failover server that the search of the LAN found is added, after its certificate was compared', async (t) => {
  t.timeout(200_000);
  await addFound(scene.at, scene.spare);
  t.deepEqual(scene.at.complaints, []);
});

step('the host shows a code, which is typed at the recorder: it dials in, and is protected', async (t) => {
  t.timeout(200_000);
  const { at, host, recorder } = scene;
  const { page, dialog } = at;
  await button(page, 'Add server').first().click();
  const code = await shownCode(at);
  const there = await open(t, recorder);
  await button(there.page, 'Enter pairing code').first().click();
  await takeCode(there, host, code);
  await there.page.getByText('Head is paired with this box').first().waitFor();
  await dialog.getByText('Yard has joined.').waitFor();
  await button(dialog, 'Close').last().click();
  await rowOf(page, 'Yard').getByText('by Ersatz').waitFor();
  await rowOf(there.page, 'Head').getByText('Host', { exact: true }).first().waitFor();
  t.deepEqual(there.complaints, []);
});

step('a second failover server shows a code, which is typed at the host: the host dials it', async (t) => {
  t.timeout(200_000);
  const { at } = scene;
  const { page, dialog } = at;
  const second = await site.box({ name: 'Attic', mode: 'failover' });
  const there = await open(t, second);
  await button(there.page, 'Add server').first().click();
  const code = await shownCode(there);
  await button(page, 'Add server').first().click();
  await button(dialog, 'By pairing code').click();
  await dialog.getByRole('radio', { name: /^The other box shows a code/ }).check();
  await takeCode(at, second, code);
  await page.getByText('Attic is paired with this box').first().waitFor();
  await there.dialog.getByText('Head has joined.').waitFor();
  await button(there.dialog, 'Close').last().click();
  // It stays, and is told of those that it protects now.
  await rowOf(there.page, 'Attic').getByText('watches Yard').waitFor();
  await rowOf(there.page, 'Head').getByText('Host', { exact: true }).first().waitFor();
  await rowOf(page, 'Attic').getByText('Online').waitFor();
  t.deepEqual(there.complaints, []);
});

step('it is authorized again, as after another key; a drill tells how fast it is', async (t) => {
  t.timeout(200_000);
  const { page, dialog, complaints } = scene.at;
  await button(page, 'Ersatz').click();
  await button(dialog, 'Authorize again').click();
  await button(dialog, 'Test connection').click();
  await dialog.getByText('It shows the certificate that is known here.').waitFor();
  await button(dialog, 'It is the same').click();
  await dialog.getByLabel('User name there').fill(USER);
  await dialog.getByLabel('Password there').fill(PASSWORD);
  await button(dialog, 'Authorize').click();
  await page.getByText('Ersatz is authorized').first().waitFor();
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByText('never rehearsed').first().waitFor();
  await page.getByRole('button', { name: 'Drill for Yard on Ersatz' }).click();
  const result = page.getByText(/^1 of 1 cameras, slowest \d/);
  t.log(`drill: ${(await result.textContent()) ?? ''}`);
  await shows(t, async () => await result.count(), 1);
  t.deepEqual(complaints, []);
});
