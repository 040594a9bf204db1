/** First run on real processes: the owner's account, the pages behind it, signing out and in again. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

const ROOT = join(import.meta.dirname, '../..');

test('a fresh box is set up, its pages open, and its owner signs out and in again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-web-'));
  const args = ['src/supervisor.ts', '--data', folder, '--http-port', '0', '--peer-port', '0', '--bind', '127.0.0.1'];
  const box = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => box.once('close', resolve));
  t.teardown(async () => {
    box.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const address = new Promise<string>((resolve) => {
    for (const input of [box.stdout, box.stderr]) {
      createInterface({ input }).on('line', (line) => {
        const found = /https:\/\/127\.0\.0\.1:\d+/.exec(line);
        if (found !== null) resolve(found[0]);
      });
    }
  });
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  const url = await address;
  await page.goto(url);
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create owner' }).click();
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('heading', { name: 'Nothing to watch yet' }).waitFor();
  await setMode(page, 'failover');
  await page.getByRole('heading', { name: 'Standing by' }).waitFor();
  await shows(t, async () => await page.getByRole('link', { name: 'Add camera' }).count(), 0, 'it has none of its own');
  await setMode(page, 'recording');
  await page.getByRole('heading', { name: 'Nothing to watch yet' }).waitFor();
  for (const name of ['Playback', 'Cameras', 'Exports', 'Health', 'Events', 'Settings']) {
    await page.goto(`${url}/${name.toLowerCase()}`);
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }
  await backUpAndRestore(t, page, url);
  await page.getByRole('button', { name: 'anna, Owner' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  t.deepEqual(complaints, []);
});

/** A backup is downloaded, something is changed, the backup is shown against it, and restored. */
async function backUpAndRestore(t: ExecutionContext, page: Page, url: string): Promise<void> {
  await page.goto(`${url}/settings`);
  const card = page.getByRole('region', { name: 'Backup and restore' });
  const dialog = page.getByRole('dialog');
  await card.getByRole('button', { name: 'Back up settings' }).click();
  await dialog.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
  await dialog.getByLabel('Passphrase again').fill(PASSPHRASE);
  const downloading = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download backup' }).click();
  const file = await downloading;
  t.regex(file.suggestedFilename(), /-\d{4}-\d\d-\d\d\.understudy-backup$/);
  await dialog.waitFor({ state: 'detached' });
  const name = page.getByLabel('Name of this server', { exact: true });
  const before = await waitFor('the name of the box', async () => (await name.inputValue()) || undefined);
  await name.fill('Cellar');
  await page.getByRole('region', { name: 'This box' }).getByRole('button', { name: 'Save' }).click();
  await page.locator('.rail').getByText('Cellar').waitFor();
  await card.getByRole('button', { name: 'Restore settings' }).click();
  await dialog.getByLabel('Backup file').setInputFiles({
    name: file.suggestedFilename(),
    mimeType: 'application/octet-stream',
    buffer: await readFile(await file.path()),
  });
  await dialog.getByLabel('Passphrase').fill('not the passphrase');
  await dialog.getByRole('button', { name: 'Show what would change' }).click();
  await dialog.getByRole('alert').getByText('The passphrase does not open this backup').waitFor();
  await dialog.getByLabel('Passphrase').fill(PASSPHRASE);
  await dialog.getByRole('button', { name: 'Show what would change' }).click();
  await dialog.getByText(`Cellar becomes ${before}`).waitFor();
  await keepScreenshot(page, 'settings-restore');
  await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
  await dialog.getByText('The settings were restored.').waitFor();
  // The page is loaded anew; its name may have come back before that.
  const reloaded = page.waitForEvent('load');
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await reloaded;
  await page.locator('.rail').getByText(before).waitFor();
}
const PASSPHRASE = 'four words and more';

const setMode = async (page: Page, mode: string): Promise<void> => {
  await page.evaluate(`fetch('/api/v1/server/mode', { method: 'PUT', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ mode: '${mode}' }) }).then(({ ok }) => { if (!ok) throw new Error('not set'); })`);
};
