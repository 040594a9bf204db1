/** Two boxes on real processes: one becomes the failover server and protects the other, which is then killed, covered, and cannot be removed. */
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { DEMO_USER, killBox, placeOf, startBox } from '../../src/demo/demo-box.ts';
import { launch, openPage } from '../support/browser.ts';
import { PASSWORD, PATIENCE_MS, recordedUntil, signIn, startRecordingBox } from '../support/real-box.ts';
import { button, clickRow, rowOf } from '../support/servers-page.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

const fingerprintText = (hex: string): string => (hex.toUpperCase().match(/../g) ?? []).join(':');

test('a second box becomes the failover server, authorizes the first, covers it, and keeps its footage from being lost', async (t) => {
  t.timeout(240_000);
  const shop = await startRecordingBox(t, [{ id: 'door' }], ['Door']);
  await shop.box.api.call('PATCH', '/server', { name: 'Shop' });
  const dataDir = await tempDir(t, 'web');
  const spare = await startBox({
    dataDir,
    httpPort: 0,
    password: PASSWORD,
    clock: systemClock,
    name: 'Spare',
    logTo: 'ignore',
  });
  t.teardown(() => spare.stop());
  await recordedUntil(shop, Date.now());
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  const dialog = page.getByRole('dialog');

  // It records like the other one: nobody can be added here before its mode is changed.
  await signIn(page, `https://127.0.0.1:${spare.port()}`, '/failover');
  await page.getByRole('heading', { name: 'Nobody stands in for this box yet' }).waitFor();
  await button(page, 'Change mode').click();
  await dialog.getByRole('radio', { name: /^Failover/ }).check();
  await button(dialog, 'Change mode').click();
  await page.getByRole('heading', { name: 'Standing by, but for nobody yet' }).waitFor();

  await button(page, 'Add server').last().click();
  await dialog.getByLabel('Address or name').fill('127.0.0.1');
  await dialog.getByLabel('Web port').fill(String(shop.box.port()));
  await button(dialog, 'Test connection').click();
  const fingerprint = placeOf(shop.dataDir)?.fingerprint ?? '';
  await dialog.getByText('It is Shop, an Understudy server.').waitFor();
  await shows(t, async () => await dialog.locator('.fingerprint-groups').textContent(), fingerprintText(fingerprint));
  await dialog.getByLabel('User name there').fill(DEMO_USER);
  await dialog.getByLabel('Password there').fill(PASSWORD);
  await button(dialog, 'It is the same').click();
  await dialog.getByText('Shop is in mode recording: this server would protect it.').waitFor();
  await button(dialog, 'Add server').click();
  await page.getByText('Shop was added').first().waitFor();
  await rowOf(page, 'Shop').getByText('Online').waitFor();
  await rowOf(page, 'Shop').getByText('by Spare').waitFor();

  await rowOf(page, 'Spare').getByText('watches Shop').waitFor();

  // The other box knows who stands in for it.
  const { page: there } = await openPage(t, browser);
  there.setDefaultTimeout(PATIENCE_MS);
  await signIn(there, shop.url, '/failover');
  await rowOf(there, 'Spare').getByText('Failover', { exact: true }).waitFor();
  await rowOf(there, 'Shop').getByText('by Spare').waitFor();
  await there.context().close();

  await waitFor(
    'the camera to be ready there',
    async () => {
      const { items } = (await spare.api.call('GET', '/servers')) as {
        readonly items: readonly {
          readonly watch?: { readonly state: string; readonly standby?: { readonly warm: { readonly ready: number } } };
        }[];
      };
      return items[0]?.watch?.state === 'alive' && items[0].watch.standby?.warm.ready === 1;
    },
    PATIENCE_MS,
  );
  await killBox(shop.box);
  await rowOf(page, 'Shop').getByText('Covered', { exact: true }).waitFor();
  await rowOf(page, 'Spare').getByText('Records for Shop').waitFor();

  await clickRow(rowOf(page, 'Shop'));
  await button(page, 'Remove').click();
  await dialog.getByText('Its footage must be home first:').waitFor();
  await button(dialog, 'Remove').click();
  await dialog.getByText('Shop is covered, or its footage is on its way home', { exact: false }).waitFor();
  await shows(t, async () => await dialog.getByRole('radio').count(), 0, 'a failover server does not let footage lie');
  await dialog.getByRole('link', { name: 'Go to Activity' }).click();
  await page.waitForURL('**/failover/activity');
  t.deepEqual(complaints, []);
});
