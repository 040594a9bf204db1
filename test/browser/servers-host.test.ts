/** A host on real processes: adds a recording and a failover server in one batch, names them, sees a takeover through the one that covers, and lets it go with its name typed. */
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { DEMO_USER, killBox, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { axeFindings } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { PASSWORD, PATIENCE_MS, recordedUntil, signIn, startRecordingBox } from '../support/real-box.ts';
import { button, clickRow, rowOf } from '../support/servers-page.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

test('a host adds two servers at once, names them, and lets one go that covers the other only with its name typed', async (t) => {
  t.timeout(300_000);
  const shop = await startRecordingBox(t, [{ id: 'door' }], ['Door']);
  const start = async (name: string, mode: string): Promise<Box> => {
    const dataDir = await tempDir(t, 'web');
    const box = await startBox({ dataDir, httpPort: 0, password: PASSWORD, clock: systemClock, name, logTo: 'ignore' });
    t.teardown(() => box.stop());
    await box.api.call('PUT', '/server/mode', { mode });
    return box;
  };
  const [host, spare] = [await start('Head', 'host'), await start('Spare', 'failover')];
  await recordedUntil(shop, Date.now());
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  const dialog = page.getByRole('dialog');
  await signIn(page, `https://127.0.0.1:${host.port()}`, '/failover');
  await page.getByRole('heading', { name: 'This host manages no server yet' }).waitFor();

  await button(page, 'Add several').first().click();
  for (const { port } of [shop.box, spare]) {
    await dialog.getByLabel('Address or name').fill('127.0.0.1');
    await dialog.getByLabel('Web port').fill(String(port()));
    await button(dialog, 'Add to the list').click();
    await waitFor(
      'the field to be empty',
      async () => (await dialog.getByLabel('Address or name').inputValue()) === '',
      PATIENCE_MS,
    );
  }
  await button(dialog, 'Next').click();
  await dialog.getByLabel('User name there').fill(DEMO_USER);
  await dialog.getByLabel('Password there').fill(PASSWORD);
  await dialog.getByLabel('I compared the fingerprints').check();
  await button(dialog, 'Next').click();
  await dialog.getByLabel('Names', { exact: true }).selectOption('prefix-number');
  await dialog.getByLabel('Prefix').fill('Hall');
  await button(dialog, 'Add 2 servers').click();
  await dialog.getByText('2 of 2 servers were added.').waitFor();
  await button(dialog, 'Done').click();
  await rowOf(page, 'Hall-1').getByText('by Hall-2').waitFor();
  await rowOf(page, 'Hall-2').getByText('watches', { exact: true }).waitFor();

  // Renamed from here, while it is connected; locked, it says so.
  await rowOf(page, 'Hall-2').getByText('Online').waitFor();
  await clickRow(rowOf(page, 'Hall-2'));
  await button(page, 'Edit').click();
  await dialog.getByLabel('Name', { exact: true }).fill('Ersatz');
  await dialog.getByLabel('Security lock').check();
  await button(dialog, 'Save').click();
  await rowOf(page, 'Ersatz').waitFor();
  await button(page, 'Ersatz').click();
  await dialog.getByText('Locked', { exact: true }).waitFor();
  await page.keyboard.press('Escape');

  await waitFor(
    'the camera to be ready there',
    async () => {
      const { items } = (await spare.api.call('GET', '/servers')) as {
        readonly items: readonly {
          readonly watch?: { readonly state: string; readonly standby?: { readonly warm: { readonly ready: number } } };
        }[];
      };
      return items.some(({ watch }) => watch?.state === 'alive' && watch.standby?.warm.ready === 1);
    },
    PATIENCE_MS,
  );
  await killBox(shop.box);
  await rowOf(page, 'Hall-1').getByText('Recorded by Ersatz').waitFor();
  await rowOf(page, 'Ersatz').getByText('Covering').waitFor();

  await clickRow(rowOf(page, 'Ersatz'));
  await button(page, 'Detach').click();
  // The hours come from the failover server, through this host.
  await dialog.getByText(/1 camera is covered since .*: \S+ h of footage/).waitFor();
  t.deepEqual(await axeFindings(page), []);
  await button(dialog, 'Detach').click();
  const waits = 'Ersatz is detached when its footage is home: Ersatz has footage of Hall-1';
  await page.getByText(waits, { exact: false }).first().waitFor();
  await rowOf(page, 'Ersatz').getByText('Detached when its footage is home').waitFor();
  await dialog.waitFor({ state: 'detached' });
  await clickRow(rowOf(page, 'Ersatz'));
  await button(page, 'Detach').click();
  await dialog.getByRole('radio', { name: /^Now, without waiting/ }).check();
  await dialog.getByLabel('Type Ersatz to confirm').fill('Ersatz');
  await button(dialog, 'Detach').click();
  await rowOf(page, 'Ersatz').waitFor({ state: 'detached' });

  // The other one is away: it stays in the list until it returns, unless its name is typed.
  await clickRow(rowOf(page, 'Hall-1'));
  await button(page, 'Detach').click();
  await button(dialog, 'Detach').click();
  await page.getByText('Hall-1 is away: it is detached when it returns.').first().waitFor();
  await rowOf(page, 'Hall-1').getByText('Detach pending').waitFor();
  await button(page, 'Keep in site').click();
  await rowOf(page, 'Hall-1').getByText('Offline').waitFor();
  t.deepEqual(complaints, []);
});
