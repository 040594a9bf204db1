/** Exports on the mock API: what is lost is said before it is deleted. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { axeFindings } from '../support/axe.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { mockExport } from '../support/mock-data.ts';
import { SPARE } from '../support/mock-site.ts';
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

test.serial('a link to an export is made for a time, of the server that has the files', async (t) => {
  const api = await startMockApi({ media: false, members: true });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser);
  const [start, end] = ['2026-11-20T10:00:00.000Z', '2026-11-20T10:05:00.000Z'];
  api.state.playback.exports.set(SPARE.id, [mockExport('exp-9', 'cam-2', { start, end, now: Date.now() - 60_000 })]);
  const asked: unknown[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/link')) asked.push(request.postDataJSON());
  });
  await page.goto(`${api.url}/exports`);
  const dialog = page.getByRole('dialog', { name: 'A link to this export' });
  for (const [camera, origin, id] of [
    ['Front door', api.url, 'exp-1'],
    ['Driveway', 'https://192.168.1.10:51443', 'exp-9'],
  ] as const) {
    await page.getByRole('button', { name: `Link to the export of ${camera}` }).click();
    await dialog.getByLabel('It works for').selectOption('7 days');
    await dialog.getByRole('button', { name: 'Make the link' }).click();
    const video = dialog.getByLabel(/^Video /);
    await shows(
      t,
      async () => (await video.inputValue()).replace(/\?.*/, ''),
      `${origin}/api/v1/shared-exports/${id}/video`,
    );
    await dialog.getByLabel(/^Manifest of /).waitFor();
    await dialog.getByText(/^Works until /).waitFor();
    t.deepEqual(await axeFindings(page), []);
    if (id === 'exp-9') await keepScreenshot(page, 'exports-link');
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await dialog.waitFor({ state: 'detached' });
  }
  t.deepEqual(asked, [{ hours: 168 }, { hours: 168 }]);
  t.deepEqual(complaints, []);
});
