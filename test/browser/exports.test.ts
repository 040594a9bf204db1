/** Exports on the mock API: what is lost is said before it is deleted. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

test.serial('deleting one asks first; cancelling one that runs says what is lost', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { exports } = api.state;
  const [done] = exports;
  if (done === undefined) return t.fail('the mock has one');
  exports.push({ ...done, id: 'exp-run', cameraId: 'cam-2', state: 'running', progress: 0.4, files: [] });
  const { page, complaints } = await openPage(t, browser);
  const deleted: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'DELETE') deleted.push(request.url().replace(/.*\//, ''));
  });
  await page.goto(`${api.url}/exports`);
  const trash = page.getByRole('button', { name: 'Delete: Front door' });
  const dialog = page.getByRole('dialog');
  await trash.click();
  await dialog.getByText('links to them end', { exact: false }).waitFor();
  await keepScreenshot(page, 'exports-delete');
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  t.deepEqual(deleted, [], 'the question alone deletes nothing');
  await trash.click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Export deleted').first().waitFor();
  await page.getByRole('button', { name: /^Cancel export: / }).click();
  await dialog.getByText('What is written of it so far is deleted.', { exact: false }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel export' }).click();
  await page.getByText('Export cancelled').first().waitFor();
  await shows(t, () => deleted, ['exp-1', 'exp-run']);
  t.deepEqual(complaints, []);
  return undefined;
});
