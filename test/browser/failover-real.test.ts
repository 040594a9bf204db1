/** Real servers on loopback: their host sets a timeout and a priority in the browser, and what would happen follows. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { launch, openPage } from '../support/browser.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { signIn } from '../support/real-box.ts';
import { PATIENCE_MS, startSpares } from '../support/spares-site.ts';
import type { SparesSite } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

type Named = { readonly id: string; readonly name: string };
const idOf = async (site: SparesSite, name: string): Promise<string> => {
  const { items } = (await site.host.box().api.call('GET', '/site/status')) as { readonly items: readonly Named[] };
  return items.find((one) => one.name === name)?.id ?? '';
};
const until = async (what: string, look: () => Promise<boolean>): Promise<void> =>
  void (await waitFor(what, async () => (await look()) || undefined, PATIENCE_MS));

test('the host sets a timeout of a failover server and the priority of a camera; refusals, backups and a licence follow', async (t) => {
  t.timeout(300_000);
  const site = await startSpares(t, { spares: ['Spare A'], camerasEach: 2 });
  const [recorder, spare] = [site.recorders[0], site.spares[0]];
  if (recorder === undefined || spare === undefined) throw new Error('no server');
  const url = `https://127.0.0.1:${site.host.box().port()}`;
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);

  // A timeout: out of its limits it is refused here and there; within them the failover server has it.
  await signIn(page, url, `/failover/settings?server=${await idOf(site, 'Spare A')}`);
  const keepAlive = page.getByLabel('Keep alive', { exact: true });
  await keepAlive.fill('12');
  await page.getByText('Expected 30 to 300 seconds (30 s to 5 min).').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('1 field is out of its limits.').first().waitFor();
  const refused = await t.throwsAsync(
    spare.box().api.call('PATCH', '/failover/settings', { timeouts: { keepAlive: 12 } }),
  );
  t.regex(refused.message, /Expected 30 to 300 seconds for keepAlive/);
  await keepAlive.fill('45');
  await page.keyboard.press('Enter');
  await page.getByText('Settings of Spare A saved').first().waitFor();
  const settings = (await spare.box().api.call('GET', '/failover/settings')) as {
    readonly timeouts: { readonly keepAlive: number };
  };
  t.is(settings.timeouts.keepAlive, 45);
  await page.getByRole('button', { name: 'Back up now Recorder' }).click();
  await page.getByText(/^Backed up .*\d\d:\d\d:\d\d/).waitFor();

  // A priority: changed at the recorder, shown by plan and simulation.
  await page.goto(`${url}/failover/protection`);
  await page.getByText('2 of 2 cameras would be recorded', { exact: false }).waitFor();
  const row = page.locator('tr[data-index]').filter({ hasText: 'cam-1' });
  await row.getByLabel('Priority of cam-1').selectOption('never');
  await page.getByRole('dialog').getByRole('button', { name: 'Change 1 camera' }).click();
  const cameraId = site.cameras[0]?.cameraId ?? '';
  await until('the recorder to have it', async () => {
    const camera = (await recorder.box().api.call('GET', `/cameras/${cameraId}`)) as { readonly priority: string };
    return camera.priority === 'never';
  });
  await row.getByText('priority Never', { exact: false }).waitFor();
  await page.goto(`${url}/failover/protection?if=${await idOf(site, 'Recorder')}`);
  await page
    .getByText('1 of 2 cameras would be recorded by Spare A; not: cam-1, priority Never', { exact: false })
    .waitFor();
  await page.keyboard.press('Escape');

  // A licence of an issuer that is not trusted is refused in the box's words; one without seats shows in the plan.
  const issuer = createIssuer();
  const file = join(site.directory, 'licence.txt');
  await writeFile(file, licenceOf(issuer, { seats: { coveredCameras: 0 } }));
  await page.goto(`${url}/failover/settings?view=licences`);
  await page.getByRole('button', { name: 'Add licence' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Licence file').setInputFiles(file);
  await dialog.getByRole('button', { name: 'Add licence' }).click();
  await dialog.getByText('this server trusts no issuer', { exact: false }).waitFor();
  await mkdir(join(site.host.dataDir, 'keys'), { recursive: true });
  await writeFile(join(site.host.dataDir, 'keys', 'licence-issuers.pem'), issuer.pem);
  await dialog.getByRole('button', { name: 'Add licence' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('0 covered cameras').waitFor();
  await page.goto(`${url}/failover/protection`);
  await page
    .locator('tr[data-index]')
    .filter({ hasText: 'cam-2' })
    .getByText('no seat of the licence is free')
    .waitFor();
  t.deepEqual(complaints, []);
});
