/** First run on real processes: the owner's account, the pages behind it, signing out and in again. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import type { Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';

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
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('heading', { name: 'Nothing to watch yet' }).waitFor();
  await setMode(page, 'failover');
  await page.getByRole('heading', { name: 'Standing by' }).waitFor();
  t.is(await page.getByRole('link', { name: 'Add camera' }).count(), 0, 'it has none of its own');
  await setMode(page, 'recording');
  await page.getByRole('heading', { name: 'Nothing to watch yet' }).waitFor();
  for (const name of ['Playback', 'Cameras', 'Exports', 'Health', 'Events', 'Settings']) {
    await page.goto(`${url}/${name.toLowerCase()}`);
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }
  await page.getByRole('button', { name: 'anna, Owner' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  t.deepEqual(complaints, []);
});

const setMode = async (page: Page, mode: string): Promise<void> => {
  await page.evaluate(`fetch('/api/v1/server/mode', { method: 'PUT', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ mode: '${mode}' }) }).then(({ ok }) => { if (!ok) throw new Error('not set'); })`);
};
