/** What a person does with the UI, against the mock API, which can be brought into states a real box takes long to reach. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { startMockApi, type MockApi } from '../support/mock-api.ts';
import { openAt, openSite, quietestPan, shownVideos, SMOOTH_MS, tileOf, wordsOfPan } from '../support/playback-page.ts';
import { waitFor } from '../support/wait-for.ts';
import { settlesTo } from '../support/settles.ts';
import { shows } from './shows.ts';

/** One browser, one flow at a time: each flow has its own context, and two cores do not carry ten browsers. */
let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

type Playing = { readonly currentTime: number; readonly readyState: number };
/** The condition ends the wait; the time is only an upper bound. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('the condition did not come true within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

type Given = Parameters<typeof startMockApi>[0] & Look;
async function start(t: ExecutionContext, given: Given = {}): Promise<{ api: MockApi; page: Page }> {
  const api = await startMockApi(given);
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser, given);
  return { api, page };
}

test.serial('first run leads from the owner over a volume and cameras to live view', async (t) => {
  const { api, page } = await start(t, { setupNeeded: true, signedIn: false });
  await page.goto(api.url);
  await page.getByText('3F:9A:1C:77').waitFor();
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('short');
  await shows(t, async () => await page.getByRole('button', { name: 'Create owner' }).isDisabled(), true);
  await page.getByText('5 more characters').waitFor();
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create owner' }).click();
  await page.getByRole('heading', { name: 'What shall this box be?' }).waitFor();
  await shows(t, async () => await page.getByRole('radio', { name: 'Recording server' }).isChecked(), true);
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await page.getByRole('radio').first().check();
  await page.getByRole('button', { name: 'Record here' }).click();
  await page.getByText('P3245-LVE').waitFor();
  await page.getByRole('button', { name: 'Add 2 cameras' }).click();
  await page.getByText(/At the present rate the volumes hold about [\d.,]+ days/).waitFor();
  await page.getByRole('button', { name: 'Go to live view' }).click();
  await page.locator('.tile.live').nth(1).waitFor();
  t.is(new URL(page.url()).pathname, '/live');
});

test.serial(
  'first run of a failover server leads to the servers it shall protect, of a host to its servers',
  async (t) => {
    for (const [role, step, go] of [
      ['Failover server', 'Ready to stand by', 'Add a server to protect'],
      ['Host of a site', 'Ready to manage a site', 'Add servers'],
    ] as const) {
      const { api, page } = await start(t, { setupNeeded: true, signedIn: false, media: false });
      await page.goto(api.url);
      await page.getByLabel('User name').fill('anna');
      await page.getByLabel('Password').fill('correct horse battery');
      await page.getByRole('button', { name: 'Create owner' }).click();
      await page.getByRole('radio', { name: role }).check();
      if (role === 'Failover server') await keepScreenshot(page, 'first-run-role');
      await page.getByRole('button', { name: 'Go on', exact: true }).click();
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      await page.route('**/api/v1/volumes', async (route) => {
        if (route.request().method() === 'POST') await held;
        await route.continue();
      });
      await page.getByRole('button', { name: 'Record here' }).click();
      // Else it would be passed over twice: by the button, and when the volume is there.
      const later = page.getByRole('button', { name: 'Later' });
      await waitFor('the step not to be passed over', async () => await later.isDisabled());
      letGo();
      if (role !== 'Failover server') await page.getByRole('button', { name: 'Later' }).click();
      await page.getByRole('heading', { name: step }).waitFor();
      t.is(api.state.mode, role === 'Failover server' ? 'failover' : 'host');
      await page.getByRole('button', { name: go }).click();
      await page.getByRole('heading', { name: 'Failover', level: 1 }).waitFor();
      t.is(new URL(page.url()).pathname, '/failover');
    }
  },
);

test.serial('a wrong password is refused in the words of the API, the right one lets in', async (t) => {
  const { api, page } = await start(t, { signedIn: false, media: false });
  await page.goto(`${api.url}/cameras`);
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('The user name or the password is wrong.').waitFor();
  await page.getByLabel('Password').fill('correct horse battery');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /Front door/ }).waitFor();
  t.is(new URL(page.url()).pathname, '/cameras');
});

test.serial(
  'cameras are selected with Ctrl, Shift and keys, changed together and deleted after a question',
  async (t) => {
    const { api, page } = await start(t, { media: false });
    await page.goto(`${api.url}/cameras`);
    const rows = page.locator('tr[data-index]');
    await rows.nth(1).locator('td').nth(2).click();
    await rows
      .nth(3)
      .locator('td')
      .nth(2)
      .click({ modifiers: ['Shift'] });
    await rows
      .nth(6)
      .locator('td')
      .nth(2)
      .click({ modifiers: ['Control'] });
    await page.getByText('4 selected').waitFor();
    await page.keyboard.press('Shift+ArrowDown');
    await page.getByText('2 selected').waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Failover priority').selectOption('low');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('2 cameras changed').first().waitFor();
    await shows(t, async () => await page.getByRole('gridcell', { name: 'Low' }).count(), 2);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('14 cameras', { exact: false }).first().waitFor();
    await shows(t, async () => await rows.count(), 14);
  },
);

test.serial('a hundred and more rows are windowed and all can be reached', async (t) => {
  const { api, page } = await start(t, { media: false, cameras: 128 });
  await page.goto(`${api.url}/cameras`);
  await page.locator('tr[data-index="0"]').focus();
  await shows(t, async () => (await page.locator('tr[data-index]').count()) < 60, true);
  await page.keyboard.press('End');
  await page.locator('tr[data-index="127"]:focus').getByText('Corridor 8').waitFor();
});

test.serial('a picture that stands still is never shown as live', async (t) => {
  const { api, page } = await start(t, { cameras: 4 });
  await page.goto(`${api.url}/live`);
  await page.locator('.tile.live').nth(3).waitFor();
  api.stallLive();
  await page.locator('.tile.stale').nth(3).waitFor();
  await page
    .getByText(/No picture since \d\d:\d\d:\d\d/)
    .first()
    .waitFor();
  await shows(t, async () => await page.locator('.tile.live').count(), 0);
});

test.serial('when the box is away a banner says so, and it goes by itself', async (t) => {
  const { api, page } = await start(t, { media: false });
  await page.goto(`${api.url}/cameras`);
  await page.getByRole('row', { name: /Front door/ }).waitFor();
  api.pause();
  await page.getByText('Connection to the box lost').waitFor();
  api.resume();
  await page.getByText('Connection to the box lost').waitFor({ state: 'detached' });
  t.pass();
});

test.serial(
  'the timeline is driven by keys: gaps, zoom, marks; the same gaps stand in a table; a range is exported',
  async (t) => {
    const { api, page } = await start(t);
    await page.goto(`${api.url}/playback?cameras=cam-1,cam-3`);
    const head = page.getByRole('slider', { name: 'Playhead' });
    await page.locator('.stage video:not([hidden])').nth(1).waitFor();
    await head.focus();
    await page.getByRole('button', { name: '24 h' }).click();
    // What keys do depends on what the timeline knows by then.
    const textOf = async (): Promise<string> => (await head.getAttribute('aria-valuetext')) ?? '';
    const isKnown = (text: string): boolean => /recorded|missing for/.test(text);
    await settlesTo(textOf, isKnown);
    const valueOf = async (): Promise<number> => Number(await head.getAttribute('aria-valuenow'));
    const before = await valueOf();
    await page.keyboard.press('ArrowLeft');
    await shows(t, valueOf, before - 1);
    await page.keyboard.press('[');
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowRight');
    t.true(isKnown(await settlesTo(textOf, isKnown)), await textOf());
    for (let step = 0; step < 6; step += 1) await page.keyboard.press('+');
    await page.keyboard.press('i');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('o');
    // Two days, further out than before: the gap that is looked for happens once a day, at any distance from now.
    for (let step = 0; step < 7; step += 1) await page.keyboard.press('-');
    await page.getByRole('button', { name: 'Gaps' }).click();
    await page.getByRole('cell', { name: 'the service was down' }).first().waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    await page
      .getByRole('dialog')
      .getByText('0:10', { exact: false })
      .or(page.getByRole('dialog').getByText('10 s'))
      .first()
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click();
    await page.getByRole('heading', { name: 'Exports' }).waitFor();
    const row = page.getByRole('row', { name: /Garden/ });
    await row.first().waitFor();
    await shows(t, async () => await row.count(), 1);
  },
);

test.serial('playing moves the playhead and the pictures of all chosen cameras with it', async (t) => {
  const { api, page } = await start(t);
  await page.goto(
    `${api.url}/playback?cameras=cam-1,cam-2,cam-3,cam-4&at=${new Date(Date.now() - 600_000).toISOString()}`,
  );
  const head = page.getByRole('slider', { name: 'Playhead' });
  await page.locator('.stage video:not([hidden])').nth(3).waitFor();
  const before = Number(await head.getAttribute('aria-valuenow'));
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await until(async () => Number(await head.getAttribute('aria-valuenow')) > before + 2);
  await until(() =>
    page
      .locator('.stage video:not([hidden])')
      .evaluateAll((videos) =>
        (videos as unknown as readonly Playing[]).every((video) => video.currentTime > 0 && video.readyState >= 2),
      ),
  );
  await shows(t, async () => await page.locator('.stage video:not([hidden])').count(), 4);
});

/** Further back than what playback asks for by itself because it is near. */
const BACK_MS = 30 * 60_000;

test.serial('an answer that knew nothing is not the last word where the timeline has footage', async (t) => {
  const site = await openSite(t, browser);
  const { api, page, complaints } = site;
  let asked = 0;
  await page.route('**/site/cameras/cam-1/playlists*', async (route) => {
    asked += 1;
    await (asked > 1 ? route.fallback() : route.fulfill({ json: { items: [], away: [] } }));
  });
  await openAt(site, { cameras: ['cam-1'], at: api.state.began - BACK_MS });
  await shownVideos(page).first().waitFor();
  t.true(asked >= 2, `${asked} questions`);
  t.deepEqual(complaints, []);
});

test.serial('a server that was away when its footage was opened shows it when it is back', async (t) => {
  const site = await openSite(t, browser);
  const { api, page, complaints } = site;
  api.state.site.away = new Set(['srv-2']);
  await openAt(site, { cameras: ['cam-3'], at: api.state.began - BACK_MS });
  await tileOf(page, 'Garden').getByText('Yard-NAS is not connected').waitFor();
  await waitFor('the page to listen', () => api.streams() > 0);
  api.state.site.away = new Set();
  api.emit({ kind: 'cameras' });
  await shownVideos(page).first().waitFor();
  t.deepEqual(complaints, []);
});

test.serial('the other language is spoken everywhere at once and kept', async (t) => {
  const { api, page } = await start(t, { media: false });
  await page.goto(`${api.url}/settings`);
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('heading', { name: 'Einstellungen' }).waitFor();
  await page.goto(`${api.url}/cameras`);
  await page.getByRole('heading', { name: 'Kameras' }).waitFor();
  await shows(t, async () => await page.locator('html').getAttribute('lang'), 'de');
});

test.serial('a day of sixteen cameras is panned without dropping behind', async (t) => {
  const { api, page } = await start(t, { media: false });
  const day = page.waitForResponse(/timeline/);
  await page.goto(`${api.url}/playback?cameras=none`);
  await page.getByRole('slider').waitFor();
  await day;
  await page.getByRole('button', { name: '24 h' }).click();
  const pan = await quietestPan(page, 300, SMOOTH_MS);
  t.log(`pan of a day, 16 cameras: ${wordsOfPan(pan)}`);
  t.true(pan.median < SMOOTH_MS, wordsOfPan(pan));
});
