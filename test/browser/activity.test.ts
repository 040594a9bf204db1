/** Failover > Activity on the mock API: what runs, what can be done about it, each state in both themes and on a phone. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { busy, findings, openActivity, spare } from '../support/activity-page.ts';
import { keepScreenshot, launch, openPage, type Look } from '../support/browser.ts';
import { drillMock, knownMock, restorationMock, takeoverMock, watchMock } from '../support/mock-activity-data.ts';
import { startMockApi } from '../support/mock-api.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { HOST, SPARE } from '../support/mock-site.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const open = (t: ExecutionContext, options: MockOptions, look?: Look): Promise<Page> =>
  openActivity({ t, browser }, options, look);

test.serial('a takeover: the sentence first, each camera, restorations, and who watches whom', async (t) => {
  const page = await open(t, { activity: busy() });
  await page
    .getByRole('heading', { name: /^Spare-NAS records 5 cameras of Yard-NAS since \d\d:\d\d:\d\d\.$/ })
    .waitFor();
  await page.getByText('the connection was lost').first().waitFor();
  await page.getByText('Not recorded: its priority is Never').waitFor();
  await page.getByText('1.9 GB of 5.2 GB').waitFor();
  await page.getByText('21.4 MB/s').waitFor();
  await shows(t, async () => await page.getByRole('progressbar').first().getAttribute('aria-valuenow'), '37');
  await page.getByText('6 of 6').first().waitFor();
  await page.getByText('last drill 12 days ago').waitFor();
  await keepScreenshot(page, 'failover-activity');
  await shows(
    t,
    async () => await page.getByRole('link', { name: 'Incident', exact: true }).getAttribute('href'),
    '/incidents/srv-3/incident-1',
  );
});

test.serial('a calm site says so; a drill is run and measured, and stands in the history', async (t) => {
  let mayEnd = false;
  const page = await open(t, { activity: { drillsEnd: () => mayEnd } });
  await page.getByRole('heading', { name: 'Nothing is covered.' }).waitFor();
  await page.getByText('All protected servers (1) record their cameras themselves.').waitFor();
  await page.getByText('By itself every 30 days.').waitFor();
  await page.getByRole('button', { name: 'Drill for Yard-NAS on Spare-NAS' }).click();
  const running = page.getByRole('article', { name: /^Drill: Spare-NAS records the cameras of Yard-NAS/ });
  await running.getByText('of 6 cameras are measured').waitFor();
  await running
    .getByText(/\d\.\d+ s/)
    .first()
    .waitFor();
  await keepScreenshot(page, 'failover-drill');
  mayEnd = true;
  await running.waitFor({ state: 'detached' });
  await page
    .getByText('last drill just now')
    .or(page.getByText(/last drill \d+ s ago/))
    .waitFor();
  await page.getByText('6 of 6 cameras, slowest 1.95 s').click();
  await shows(t, async () => await page.locator('.drill-row[open] li').count(), 6);
});

test.serial('readiness of a watched server: checks, each camera, asked again, and its drills', async (t) => {
  const failed = drillMock('drill-3', 3_575_000, {
    cameras: [
      { cameraId: 'yard-1', standbyLevel: 'hot', firstFrameAfter: 0 },
      { cameraId: 'yard-2', standbyLevel: 'warm', problem: 'No key frame was durable within 30 s.' },
    ],
  });
  const page = await open(t, { activity: { drills: [failed], drillDays: 0 } });
  await page.getByText(/^1 of 2 failed, 6\d min ago$/).waitFor();
  await page.getByText('Only when somebody runs one.').waitFor();
  await page.getByRole('button', { name: 'Yard-NAS', exact: true }).click();
  const drawer = page.getByRole('dialog', { name: 'Yard-NAS, watched by Spare-NAS' });
  await drawer.getByText('3.1 TB are free on 1 volume.').waitFor();
  await drawer.getByText(/180 ms · 2\d min ago/).waitFor();
  const checks = drawer.getByText(/^checked 2\d min ago$/);
  await shows(t, async () => await checks.count(), 5, 'each check says how old it is');
  await drawer.getByRole('button', { name: 'Ask all now' }).click();
  await drawer.getByText(/180 ms · (just now|\d+ s ago)/).waitFor();
  await shows(t, async () => await checks.count(), 0, 'and is checked again with the cameras');
  await drawer.getByText('1 of 2 cameras recorded, 1 not').click();
  await drawer.getByText('No key frame was durable within 30 s.').waitFor();
  await keepScreenshot(page, 'failover-readiness');
  t.deepEqual(await findings(page), []);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
});

test.serial('a takeover by hand, whatever the state, and back by Restore', async (t) => {
  const page = await open(t, {});
  const row = page
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'Take over Yard-NAS by Spare-NAS' }) });
  await row.getByText('Alive', { exact: true }).waitFor();
  await shows(
    t,
    async () => await row.getByText(/since/).count(),
    0,
    'that time is of the last keep-alive, not of a beginning',
  );
  await page.getByRole('button', { name: 'Take over Yard-NAS by Spare-NAS' }).click();
  const dialog = page.getByRole('dialog', { name: 'Take Yard-NAS over by hand?' });
  await dialog.getByText('Yard-NAS is alive and records.').waitFor();
  await dialog.getByRole('button', { name: 'Take over', exact: true }).click();
  await page.getByText('somebody ordered it').waitFor();
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  await page.getByRole('heading', { name: 'Yard-NAS is back; Spare-NAS gives its cameras back (5 to go).' }).waitFor();
  await shows(t, async () => await page.getByRole('button', { name: 'Restore', exact: true }).count(), 0);
});

test.serial(
  'a server is handed over before it is stopped: who records it, until when, and what nobody records',
  async (t) => {
    const page = await open(t, {});
    const until = new Date(Date.now() + 600_000).toISOString();
    const said = { serverId: 'yard', serverName: 'Yard-NAS', until, streams: 5 };
    const by = { serverId: 'spare', name: 'Spare-NAS' };
    const unsafe = { ...said, safe: false, by: [{ ...by, missing: 1 }], missing: [{ cameraId: 'x', stream: 'main' }] };
    const answers = [unsafe, { ...said, safe: true, by: [{ ...by, missing: 0 }], missing: [] }];
    await page.route('**/hand-over', async (route) => await route.fulfill({ status: 200, json: answers.shift() }));
    await page.getByRole('button', { name: 'Yard-NAS', exact: true }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Hand over …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Hand the cameras of Yard-NAS over?' });
    await dialog.getByRole('button', { name: 'Hand over', exact: true }).click();
    await dialog.getByText('Yard-NAS is not safe to stop: 1 of 5 streams are recorded by nobody else.').waitFor();
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await dialog.getByText(/^Recorded by Spare-NAS: Yard-NAS is safe to stop until \d/).waitFor();
    t.deepEqual(await findings(page), []);
    await keepScreenshot(page, 'hand-over');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'detached' });
  },
);

test.serial('a restoration is stopped only with the name typed, and what would be lost is said before', async (t) => {
  const page = await open(t, { activity: { restorations: [restorationMock()] } });
  await page.getByRole('button', { name: 'Stop …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Stop the restoration to Yard-NAS?' });
  await dialog.getByText('3.3 GB in 53 files, 52:00 of footage').waitFor();
  await dialog.getByText('1.9 GB in 31 files. They stay.').waitFor();
  const stop = dialog.getByRole('button', { name: 'Stop and delete' });
  await shows(t, async () => await stop.isDisabled(), true);
  await dialog.getByRole('textbox').fill('Yard');
  await shows(t, async () => await stop.isDisabled(), true);
  await keepScreenshot(page, 'failover-stop-restoration');
  await dialog.getByRole('textbox').fill('Yard-NAS');
  await page.keyboard.press('Enter');
  await page.getByText('Stopped', { exact: true }).waitFor();
});

test.serial('failover servers that are away are said to be, and a site without one says what to do', async (t) => {
  const away = knownMock({ ...SPARE, mode: 'failover', watched: false, connected: false });
  const page = await open(t, { activity: { servers: [away] } });
  await page.getByText(/^Spare-NAS is away since \d\d:\d\d:\d\d\./).waitFor();
  await page.getByRole('heading', { name: 'Nothing is covered, as far as can be seen from here.' }).waitFor();
  const empty = await open(t, { activity: { servers: [] } });
  await empty.getByRole('heading', { name: 'No failover server' }).waitFor();
  await empty.getByRole('link', { name: 'To the servers' }).waitFor();
  const own = await open(t, {
    members: false,
    activity: {
      servers: [
        knownMock({ ...HOST, id: 'srv-5', name: 'Cellar-NAS', mode: 'failover', watched: false, watcher: true }),
      ],
    },
  });
  await own.getByText('This server is protected by Cellar-NAS.').waitFor();
  await shows(t, async () => await own.getByRole('heading', { name: 'Watched servers' }).count(), 0);
});

test.serial('the log is filtered and can be downloaded as CSV and JSON', async (t) => {
  const page = await open(t, {});
  const log = page.locator('.act-section').last();
  await log.getByRole('row').nth(1).waitFor();
  await log.getByRole('searchbox').fill('drill');
  // Not waitForFunction: what it asks again is refused by the page's Content Security Policy.
  await waitFor('rows of drills only', async () => {
    const rows = await log.locator('tbody tr').allTextContents();
    return rows.length > 0 && rows.every((row) => row.includes('Drill'));
  });
  const leadsTo = async (name: string, href: string): Promise<void> => {
    const link = log.getByRole('link', { name });
    await shows(t, async () => await link.getAttribute('href'), href);
  };
  await leadsTo('CSV', '/api/v1/servers/srv-3/api/log/export?topic=failover&format=csv&text=drill');
  await log.getByLabel('Server').selectOption('Hall-NAS');
  await leadsTo('JSON', '/api/v1/log/export?topic=failover&format=json&text=drill');
  await log.getByRole('searchbox').fill('nothing like it');
  await log.getByText('Nothing matches the filter.').waitFor();
});

test.serial('who may only look is offered nothing to order', async (t) => {
  const page = await open(t, { role: 'operator', activity: { ...busy(), restorations: [restorationMock()] } });
  await page.getByText('1.9 GB of 5.2 GB').waitFor();
  const orders = page.getByRole('button', { name: /Restore|Replace|Stop|Drill|Take/ });
  await shows(t, async () => await orders.count(), 0);
});

test.serial('the box goes away while the page is open: what was known stays, and it goes on by itself', async (t) => {
  const api = await startMockApi({ media: false, members: true, activity: busy() });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/failover/activity`);
  await page.getByText('1.9 GB of 5.2 GB').waitFor();
  api.pause();
  await page.getByText('The box does not answer.').first().waitFor();
  await shows(t, async () => await page.getByText('1.9 GB of 5.2 GB').isVisible(), true);
  api.resume();
  await page.getByText('The box does not answer.').first().waitFor({ state: 'detached' });
});

test.serial('in German, by keyboard alone: from the table to a takeover', async (t) => {
  const page = await open(
    t,
    { activity: { servers: [knownMock({ watch: watchMock({ state: 'failed', reason: 'silent' }) }), spare] } },
    { locale: 'de-DE' },
  );
  await page.getByRole('heading', { name: 'Nichts wird vertreten.' }).waitFor();
  await page.getByText('Nicht gesund oder noch nicht gehört: Yard-NAS.').waitFor();
  const name = page.getByRole('button', { name: 'Yard-NAS', exact: true });
  await name.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Yard-NAS, beobachtet von Spare-NAS' });
  await drawer.getByText('er war nicht mehr zu hören').waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  const isFocused = async (): Promise<boolean> => await name.evaluate((element) => element.matches(':focus'));
  await shows(t, isFocused, true, 'the focus is back where it was');
  for (let presses = 0; presses < 2; presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Yard-NAS von Hand übernehmen?' });
  await dialog.waitFor();
  await shows(t, async () => await dialog.getByText('lebt und nimmt auf').count(), 0, 'it does not');
  for (let presses = 0; presses < 9; presses += 1) {
    if ((await page.evaluate('document.activeElement.textContent')) === 'Übernehmen') break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.getByText('Von Hand übernommen um').waitFor();
});

test.serial('200 watched servers: only those in sight stand in the page, and it answers at once', async (t) => {
  const many = Array.from({ length: 200 }, (_, index) =>
    knownMock({ id: `srv-${100 + index}`, name: `NAS ${index + 1}`, watch: watchMock({}) }),
  );
  const page = await open(t, { activity: { servers: [...many, spare] } });
  const rows = page.locator('.act-watched tr[data-index]');
  await rows.first().waitFor();
  await shows(t, async () => (await rows.count()) < 60, true, `${await rows.count()} rows`);
  const began = Date.now();
  await page.getByRole('button', { name: 'NAS 7', exact: true }).click();
  await page.getByRole('dialog', { name: 'NAS 7, watched by Spare-NAS' }).waitFor();
  t.log(`opened after ${Date.now() - began} ms`);
});

for (const theme of ['dark', 'light'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    test.serial(
      `everything at once at ${width} x ${height}, ${theme}: accessible, not wider than the screen`,
      async (t) => {
        const name = 'Über-langer <b>Name</b> 監視カメラ録画サーバー';
        const { endedAt: _over, ...running } = drillMock('drill-9', 0);
        const activity = {
          ...busy(),
          drills: [running, drillMock('drill-2', 1_036_800_000)],
          servers: [knownMock({ name, watch: watchMock({ state: 'suspected', covered: 5, reason: 'silent' }) }), spare],
          takeovers: [takeoverMock({ serverName: name, state: 'covering' })],
        };
        const page = await open(t, { activity }, { theme, width, height });
        await page.getByText('6 of 6').first().or(page.getByText('Suspected at').first()).first().waitFor();
        t.deepEqual(await findings(page), []);
        await shows(t, async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
        if (theme === 'light' && width === 390) await keepScreenshot(page, 'failover-activity-phone');
      },
    );
  }
}
