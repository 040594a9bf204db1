/** A person's whole way on real processes: first run, four cameras added by hand, live, a crash, playback across its gap, an export that verifies. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { runProcess } from '../support/processes.ts';
import {
  framesOff,
  isPictureOf,
  killChild,
  PASSWORD,
  PATIENCE_MS,
  readBarCodesOf,
  shownNumber,
  startCameras,
  startFreshBox,
  waitForMotion,
} from '../support/real-box.ts';
import { settlesTo } from '../support/settles.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const NAMES = ['Street', 'Entrance', 'Garden', 'Warehouse'];
/** Beside one frame of rounding: the wall clock of a picture is estimated from its arrival. */
const FRAMES_OFF = 2;

test('from first run over live, a crash and playback to a verified export', async (t) => {
  t.timeout(240_000);
  const box = await startFreshBox(t);
  const simulator = await startCameras(
    t,
    NAMES.map((_, index) => ({ id: `cam-${index + 1}` })),
  );
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  await readBarCodesOf(page);

  await firstRun(page, box.url(), join(box.dataDir, 'footage'));
  await addByHand(page, simulator);
  await live(t, page, simulator);
  const before = Date.now();
  await waitForFootage(page, before + 6000);
  await killChild(box.dataDir, 'media');
  await waitForFootage(page, Date.now() + 8000);

  const [camera] = simulator.cameras;
  if (camera === undefined) throw new Error('no camera');
  await playback(t, page, camera, before);
  await exportAndVerify(t, page);
  await look(page);
  await page.getByRole('button', { name: 'anna, Owner' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  await keepScreenshot(page, 'sign-in');
  t.deepEqual(complaints, []);
});

async function firstRun(page: Page, url: string, footage: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('User name').waitFor();
  await keepScreenshot(page, 'first-run');
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create owner' }).click();
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await page.getByRole('radio').first().waitFor();
  await page.getByLabel('Folder').fill(footage);
  await page.getByRole('button', { name: 'Record here' }).click();
  const next = page.getByRole('heading', { name: 'Find your cameras' });
  const refusal = page.getByRole('alert');
  await next.or(refusal).first().waitFor();
  if (await refusal.isVisible()) throw new Error(`the volume was refused: ${await refusal.innerText()}`);
  // Cameras on this very machine are refused unless its owner allows them.
  await page.evaluate(`fetch('/api/v1/server/settings', { method: 'PATCH', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ allowLoopbackCameras: true }) }).then(({ ok }) => { if (!ok) throw new Error('not allowed'); })`);
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('heading', { name: 'Nothing to watch yet' }).waitFor();
}

async function addByHand(page: Page, { cameras }: Simulator): Promise<void> {
  await page.getByRole('link', { name: 'Cameras', exact: true }).click();
  for (const [index, camera] of cameras.entries()) {
    const name = NAMES[index] ?? '';
    await page.getByRole('button', { name: 'Add camera' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill(name);
    await dialog.getByLabel('Address of the main stream').fill(camera.urlOf('main'));
    await dialog.getByLabel('Address of the sub-stream').fill(camera.urlOf('sub'));
    if (index === 0) {
      await dialog.getByRole('button', { name: 'Test', exact: true }).click();
      const preview = dialog.getByLabel('Picture of the camera');
      await waitFor(
        'a picture of the tested camera',
        async () => (await shownNumber(preview)) !== undefined,
        PATIENCE_MS,
      );
      await preview.scrollIntoViewIfNeeded();
      await keepScreenshot(page, 'camera-test');
    }
    if (index === 2) {
      await dialog.getByLabel('Name', { exact: true }).fill('<b>Garden</b>');
      await dialog.getByRole('button', { name: 'Add camera' }).click();
      await dialog.getByRole('alert').getByText('A name must not contain').waitFor();
      await dialog.getByLabel('Name', { exact: true }).fill(name);
    }
    await dialog.getByRole('button', { name: 'Add camera' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row').filter({ hasText: name }).waitFor();
  }
  await page.getByText('Recording', { exact: true }).nth(3).waitFor();
}

async function live(t: ExecutionContext, page: Page, { cameras }: Simulator): Promise<void> {
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  const tiles = page.locator('.tile');
  for (const [index, camera] of cameras.entries()) {
    const tile = tiles.filter({ has: page.getByText(NAMES[index] ?? '', { exact: true }) });
    await waitForMotion(tile.locator('video'), camera);
  }
  await page.locator('.tile.live').nth(3).waitFor();
  await keepScreenshot(page, 'live-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await keepScreenshot(page, 'live-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  const [first] = cameras;
  await page.getByRole('button', { name: 'Enlarge Street' }).click({ force: true });
  await waitFor('one tile', async () => (await tiles.count()) === 1);
  if (first !== undefined) await waitForMotion(tiles.locator('video'), first);
  const width = async (): Promise<number> =>
    await tiles.locator('video').evaluate<number, { readonly videoWidth: number }>(({ videoWidth }) => videoWidth);
  await shows(t, width, 640);
  await page.getByRole('button', { name: 'Back to the grid from Street' }).click({ force: true });
}

/** Until every camera was recorded at this wall time. */
async function waitForFootage(page: Page, wallMs: number): Promise<void> {
  const last = `fetch('/api/v1/cameras').then((answer) => answer.json()).then(({ items }) => Math.min(...items.map(({ lastFrameAt }) => Date.parse(lastFrameAt ?? 0))))`;
  await waitFor('footage', async () => (await page.evaluate<number>(last).catch(() => 0)) > wallMs, PATIENCE_MS);
}

const shownTile = (page: Page): Locator => page.locator('.stage video:not([hidden])');

/** Undefined: not one picture is shown, or none whose number can be read. */
async function shownFramesOff(page: Page, camera: SimulatedCamera, wanted: number): Promise<number | undefined> {
  const isOne = (await shownTile(page).count()) === 1;
  const shown = isOne ? await shownNumber(shownTile(page)) : undefined;
  return shown === undefined ? undefined : framesOff(camera, wanted, shown);
}

async function playback(t: ExecutionContext, page: Page, camera: SimulatedCamera, from: number): Promise<void> {
  const base = new URL(page.url()).origin;
  for (const shift of [1000, 2480, 4200]) {
    const wanted = from + shift;
    await page.goto(`${base}/playback?at=${new Date(wanted).toISOString()}`);
    const isNear = (frames: number | undefined): boolean => isPictureOf(frames, FRAMES_OFF);
    const frames = await settlesTo(async () => await shownFramesOff(page, camera, wanted), isNear);
    t.true(isNear(frames), `asked for ${new Date(wanted).toISOString()}: ${frames ?? 'no'} frames off`);
    t.log(`asked for ${new Date(wanted).toISOString()}: ${frames} frames off`);
  }
  // Over the gap: the clock jumps, the picture goes on behind it.
  const head = page.getByRole('slider', { name: 'Playhead' });
  await waitFor(
    'the timeline to be known',
    async () => /recorded/.test((await head.getAttribute('aria-valuetext')) ?? ''),
    PATIENCE_MS,
  );
  await page.getByRole('button', { name: '10 min' }).click();
  await page.keyboard.press(']');
  await page.getByRole('button', { name: 'Gaps' }).click();
  await page.getByRole('cell', { name: 'the recorder was restarting' }).first().waitFor();
  await page.getByRole('button', { name: 'Gaps' }).click();
  await keepScreenshot(page, 'playback-gap');
  const start = Number(await head.getAttribute('aria-valuenow'));
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await waitFor(
    'the playhead behind the gap',
    async () => Number(await head.getAttribute('aria-valuenow')) > start + 7,
    PATIENCE_MS,
  );
  await waitForMotion(shownTile(page), camera);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
}

/** The other pages with what has happened so far. */
async function look(page: Page): Promise<void> {
  for (const [name, ready] of [
    ['Cameras', 'tr[data-index="3"]'],
    ['Events', 'tr[data-index="9"]'],
    ['Health', '.chart canvas'],
  ] as const) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.locator(ready).first().waitFor();
    await keepScreenshot(page, name.toLowerCase());
  }
}

async function exportAndVerify(t: ExecutionContext, page: Page): Promise<void> {
  await page.keyboard.press('[');
  await page.keyboard.press('i');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('o');
  await page.getByRole('button', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('are missing in this range', { exact: false }).waitFor();
  await keepScreenshot(page, 'export-dialog');
  await dialog.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('heading', { name: 'Exports' }).waitFor();
  await page.getByText('Ready', { exact: true }).first().waitFor({ timeout: PATIENCE_MS });
  await keepScreenshot(page, 'exports');
  const folder = await tempDir(t, 'export');
  const files: string[] = [];
  for (const link of await page.locator('a[download]').all()) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const path = join(folder, download.suggestedFilename());
    await download.saveAs(path);
    files.push(path);
  }
  const movies = files.filter((path) => path.endsWith('.mp4'));
  t.true(movies.length > 0 && movies.length < files.length, files.join(', '));
  const said = await runProcess(t, process.execPath, [CLI, 'verify', '--json', ...movies]);
  t.like(JSON.parse(said), { ok: true, files: movies.length });
  const manifest: unknown = JSON.parse(await readFile(files.find((path) => path.endsWith('.json')) ?? '', 'utf8'));
  t.regex(JSON.stringify(manifest), /"reason":"[a-z-]+"/, 'the gap stands in the manifest with its cause');
  await sharesByLink(t, page, movies[0] ?? '');
}

/** Somebody without an account gets the very same bytes. */
async function sharesByLink(t: ExecutionContext, page: Page, movie: string): Promise<void> {
  await page
    .getByRole('button', { name: /^Link to the export of / })
    .first()
    .click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  const url = await page
    .getByLabel(/^Video /)
    .first()
    .inputValue();
  const stranger = await page.context().browser()?.newContext({ ignoreHTTPSErrors: true });
  t.teardown(async () => await stranger?.close());
  const answer = await stranger?.request.get(url);
  t.is(answer?.status(), 200);
  t.true((await readFile(movie)).equals((await answer?.body()) ?? Buffer.alloc(0)));
  const broken = await stranger?.request.get(url.replace(/key=[0-9a-z]+/, 'key=zzzzzz'));
  t.is(broken?.status(), 404);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
