/** Snapshots are taken, shown with who and why, and deleted, on their page and in live view. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

test.serial(
  'a snapshot is kept from live view, shown with its note and its place, and deleted after a question',
  async (t) => {
    const api = await startMockApi({ cameras: 4 });
    t.teardown(() => api.close());
    const { page, complaints } = await openPage(t, browser, { theme: 'dark', width: 1280, height: 800 });
    await page.goto(`${api.url}/live`);
    await page.locator('.tile.live').first().waitFor();
    await shows(
      t,
      async () => await page.getByRole('button', { name: /Keep a snapshot/ }).count(),
      0,
      'small pictures have no such button',
    );
    await page.getByRole('button', { name: 'Enlarge Garden' }).click({ force: true });
    await page.getByRole('button', { name: 'Keep a snapshot of Garden' }).click({ force: true });
    await page.getByRole('link', { name: 'Show snapshots' }).click();
    await page.locator('.snapshots li').waitFor();
    await page.getByRole('link', { name: 'Exports', exact: true }).and(page.locator('[aria-current]')).waitFor();
    await shows(
      t,
      async () => await page.getByLabel('Camera', { exact: true }).inputValue(),
      api.state.snapshots[0]?.cameraId ?? '',
    );

    await page.getByLabel('Camera', { exact: true }).selectOption('cam-1');
    const shown = page.locator('.snapshots li');
    await shown.getByText('Courier at the door').waitFor();
    await shown.getByText('lies at Spare-NAS').waitFor();
    await page.getByLabel('Note').fill('Who is that?');
    await page.getByRole('button', { name: 'Take a snapshot' }).click();
    await shown.getByText('Who is that?').waitFor();
    await shows(t, async () => await shown.count(), 3);
    const drawn = '[...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0)';
    await waitFor('the pictures', async () => await page.evaluate<boolean>(drawn));
    await keepScreenshot(page, 'snapshots');
    await shown
      .filter({ hasText: 'Who is that?' })
      .getByRole('button', { name: /Delete the snapshot/ })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await shown.nth(2).waitFor({ state: 'detached' });
    t.deepEqual(complaints, []);
  },
);

test.serial('a viewer sees snapshots, and takes and deletes none', async (t) => {
  const api = await startMockApi({ cameras: 1, role: 'viewer', media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser, { theme: 'light', width: 390, height: 844 });
  await page.goto(`${api.url}/snapshots`);
  await page.locator('.snapshots li').nth(1).waitFor();
  await shows(
    t,
    async () => await page.getByRole('button', { name: /Take a snapshot|Delete the snapshot/ }).count(),
    0,
  );
});
