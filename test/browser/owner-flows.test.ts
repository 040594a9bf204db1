/** What an owner does with a box that records, on real processes: edits, several at once, deletes, volumes, German. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { launch, openPage } from '../support/browser.ts';
import { PATIENCE_MS, recordedUntil, signIn, startRecordingBox } from '../support/real-box.ts';
import type { RecordingBox } from '../support/real-box.ts';
import { simulatorClips } from '../support/simulator-clips.ts';
import { shows } from './shows.ts';

type Camera = {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly enabled: boolean;
  readonly audio: boolean;
  readonly priority: string;
  readonly username?: string;
  readonly hasPassword: boolean;
  readonly retention: { readonly maxDays?: number };
};
const camerasOf = async ({ box }: RecordingBox): Promise<readonly Camera[]> =>
  ((await box.api.call('GET', '/cameras')) as { readonly items: readonly Camera[] }).items;
const byName = async (box: RecordingBox, name: string): Promise<Camera | undefined> =>
  (await camerasOf(box)).find((camera) => camera.name === name);

async function open(t: ExecutionContext, box: RecordingBox, path: string) {
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  await signIn(page, box.url, path);
  return { page, complaints };
}

test('cameras are edited, several at once, disabled and deleted; volumes come and go; all of it in German too', async (t) => {
  t.timeout(240_000);
  const box = await startRecordingBox(t, [{ id: 'a' }, { id: 'b' }, { id: 'c' }], ['Street', 'Garden', 'Yard']);
  await recordedUntil(box, Date.now());
  const { page, complaints } = await open(t, box, '/cameras');
  await editOne(t, page, box);
  await editInTwoTabs(t, page, box);
  await editSeveral(t, page, box);
  await deleteOne(t, page, box);
  await volumes(t, page, box);
  await inGerman(t, page, box);
  t.deepEqual(complaints, []);
});

const rowOf = (page: Page, name: string): Locator =>
  page.locator('tr[data-index]').filter({ has: page.getByRole('button', { name, exact: true }) });

async function editOne(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  await page.getByRole('button', { name: 'Yard', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Back yard');
  await dialog.getByLabel('Keep for days').fill('7');
  await dialog.getByLabel('Failover priority').selectOption('high');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await rowOf(page, 'Back yard').waitFor();
  t.like(await byName(box, 'Back yard'), { priority: 'high', retention: { maxDays: 7 } });
  // Taken back: what was a limit is none again.
  await page.getByRole('button', { name: 'Back yard', exact: true }).click();
  await dialog.getByLabel('Keep for days').fill('');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  t.deepEqual((await byName(box, 'Back yard'))?.retention, {});
  await credentials(t, page, box);
}

/** Both were opened before either was saved: the second one is told, and asked. */
async function editInTwoTabs(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  const other = await page.context().newPage();
  await other.goto(`${box.url}/cameras`);
  for (const [tab, days] of [
    [page, '21'],
    [other, '30'],
  ] as const) {
    // What is saved later counts as a change of what is read now.
    const read = tab.waitForResponse(/\/api\/v1\/cameras\/[^/?]+$/);
    await tab.getByRole('button', { name: 'Garden', exact: true }).click();
    await read;
    await tab.getByRole('dialog').getByLabel('Keep for days').fill(days);
  }
  await other.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await other.getByRole('dialog').waitFor({ state: 'detached' });
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByRole('alert').getByText('Somebody else changed').waitFor();
  await shows(t, async () => await dialog.locator('.clash tbody tr').allInnerTexts(), ['Keep for days\t21\t30']);
  t.deepEqual((await byName(box, 'Garden'))?.retention, { maxDays: 30 }, 'nothing was overwritten');
  await dialog.getByRole('button', { name: 'Save mine over it' }).click();
  await dialog.waitFor({ state: 'detached' });
  t.deepEqual((await byName(box, 'Garden'))?.retention, { maxDays: 21 });
  await other.close();
}

/** Typed and taken back: a camera that asks for no password any more. */
async function credentials(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  const dialog = page.getByRole('dialog');
  for (const [username, password] of [
    ['admin', 'a camera password'],
    ['', ''],
  ] as const) {
    await page.getByRole('button', { name: 'Back yard', exact: true }).click();
    await dialog.getByLabel('User name').fill(username);
    if (password !== '') await dialog.getByLabel('Password').fill(password);
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const camera = await byName(box, 'Back yard');
    t.deepEqual([camera?.username, camera?.hasPassword], [username === '' ? undefined : username, password !== '']);
  }
}

async function editSeveral(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  const cell = (name: string): Locator => rowOf(page, name).locator('td').nth(1);
  await cell('Street').click();
  await cell('Back yard').click({ modifiers: ['Control'] });
  await page.getByText('2 selected').waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Record sound').selectOption('no');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  const state = async () =>
    (await camerasOf(box)).map(({ name, audio, priority }) => `${name} ${audio} ${priority}`).toSorted();
  t.deepEqual(await state(), ['Back yard false high', 'Garden true medium', 'Street false medium']);
  await page.getByRole('button', { name: 'Disable', exact: true }).click();
  await rowOf(page, 'Street').getByText('Disabled').waitFor();
  await rowOf(page, 'Back yard').getByText('Disabled').waitFor();
  await shows(t, async () => await rowOf(page, 'Garden').getByText('Disabled').count(), 0);
  await page.getByRole('button', { name: 'Enable', exact: true }).click();
  await rowOf(page, 'Street').getByText('Recording').waitFor({ timeout: PATIENCE_MS });
  await rowOf(page, 'Back yard').getByText('Recording').waitFor({ timeout: PATIENCE_MS });
}

async function deleteOne(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  await rowOf(page, 'Back yard').locator('td').nth(1).click();
  await page.getByText('1 selected').waitFor();
  const dialog = page.getByRole('dialog', { name: 'Delete this camera?' });
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.getByText('Back yard').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  t.is((await camerasOf(box)).length, 3, 'nothing is deleted before it is confirmed');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.getByLabel('Its footage').selectOption('delete');
  await dialog.getByRole('alert').getByText('gone for good').waitFor();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await rowOf(page, 'Back yard').waitFor({ state: 'detached' });
  t.deepEqual((await camerasOf(box)).map(({ name }) => name).toSorted(), ['Garden', 'Street']);
}

async function volumes(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  const second = join(box.dataDir, 'second');
  await mkdir(second);
  const pathsOf = async (): Promise<readonly string[]> =>
    ((await box.box.api.call('GET', '/volumes')) as { readonly items: readonly { readonly path: string }[] }).items.map(
      ({ path }) => path,
    );
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByLabel('Add a volume').fill(second);
  await page.getByRole('button', { name: 'Add', exact: true }).first().click();
  await page.getByText(second, { exact: true }).waitFor();
  t.true((await pathsOf()).includes(second));
  await page.getByRole('button', { name: `Remove: ${second}` }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove this volume?' });
  await dialog.getByText('Its footage stays on the disk', { exact: false }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  t.true((await pathsOf()).includes(second), 'nothing is removed before it is confirmed');
  await page.getByRole('button', { name: `Remove: ${second}` }).click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText(second, { exact: true }).waitFor({ state: 'detached' });
  t.false((await pathsOf()).includes(second));
}

async function inGerman(t: ExecutionContext, page: Page, box: RecordingBox): Promise<void> {
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('heading', { name: 'Einstellungen', level: 1 }).waitFor();
  await shows(t, async () => await page.locator('html').getAttribute('lang'), 'de');
  for (const [path, name] of [
    ['live', 'Live'],
    ['playback', 'Wiedergabe'],
    ['cameras', 'Kameras'],
    ['exports', 'Exporte'],
    ['health', 'Zustand'],
    ['events', 'Ereignisse'],
  ] as const) {
    await page.goto(`${box.url}/${path}`);
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }
  await page.goto(`${box.url}/cameras`);
  await page.getByRole('button', { name: 'Garden', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Garten');
  await dialog.getByRole('button', { name: 'Speichern', exact: true }).click();
  await page.getByText('Garten wurde gespeichert').first().waitFor();
  await rowOf(page, 'Garten').getByText('Zeichnet auf').waitFor({ timeout: PATIENCE_MS });
}

test('an H.265 camera without a sub-stream is explained, live and in playback, where the browser cannot decode it', async (t) => {
  t.timeout(180_000);
  const box = await startRecordingBox(t, [{ id: 'yard', clips: await simulatorClips(t, 'h265', 'h265') }], ['Yard']);
  await box.box.api.call('PATCH', `/cameras/${box.ids[0] ?? ''}`, { sub: null });
  await recordedUntil(box, Date.now() + 3000);
  const { page, complaints } = await open(t, box, '/live');
  const can = await page.evaluate<boolean>(`MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L93.B0"')`);
  t.false(can, 'Debian has a Chromium without H.265; else this test needs another browser');
  const words = page.getByText('This stream is H.265, which this browser cannot decode.', { exact: false });
  await words.waitFor();
  await shows(
    t,
    async () => await page.getByRole('button', { name: 'Show the sub-stream' }).count(),
    0,
    'there is none',
  );
  const at = new Date(Date.now() - 3000).toISOString();
  await page.goto(`${box.url}/playback?at=${at}`);
  await words.waitFor();
  t.deepEqual(complaints, []);
});
