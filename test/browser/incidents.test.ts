/** Incidents in every state: list, sentence, picture, what is missing, live changes, notices, the report on paper. */
import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { Browser } from 'playwright-core';
import { keepScreenshot, launch } from '../support/browser.ts';
import { createShow, pathOf, sentenceOf, until } from '../support/incident-page.ts';
import { recordOf, reportWith, withoutLoss } from '../support/incident-records.ts';
import { incidentMock } from '../support/mock-incidents.ts';
import { textOfPdf } from '../support/pdf-text.ts';
import { waitFor } from '../support/wait-for.ts';
import { settlesTo } from '../support/settles.ts';
import { shows, showsText } from './shows.ts';

const AT = Date.parse('2026-11-21T09:02:11.000Z');
let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const show = createShow(() => browser);

test.serial(
  'the list tells state, server, cause, length and missing seconds, and filters by the address',
  async (t) => {
    const other = { ...incidentMock(AT - 90_000_000, 'closed'), serverId: 'other', serverName: 'NAS-7' };
    const openSince = Date.now() - 640_000;
    const { page, complaints } = await show(
      t,
      [incidentMock(openSince, 'covering'), incidentMock(AT, 'closed'), other],
      '/incidents',
    );
    const row = page.locator('tbody tr[data-index]');
    await row.nth(1).waitFor();
    const told = async (index: number): Promise<string> =>
      (await row.nth(index).innerText()).replaceAll(/\s+/g, ' ').trim();
    const goesOn = /^Open NAS-2 no keep-alive .* goes on, (\d+):(\d\d) 5 of 6 by Hall-NAS not known yet$/;
    const open = await settlesTo(
      async () => await told(0),
      (text) => goesOn.test(text),
    );
    t.regex(open, goesOn);
    const [, minutes, seconds] = goesOn.exec(open) ?? [];
    const lasts = Number(minutes) * 60 + Number(seconds);
    t.true(lasts >= 639 && lasts <= (Date.now() - openSince) / 1000 + 1, open);
    await showsText(t, async () => await told(1), /^Closed NAS-2 no keep-alive .*1:14:33 5 of 6 by Hall-NAS 1:13:06$/);
    await page.getByLabel('Server', { exact: true }).selectOption('NAS-7');
    await row.nth(1).waitFor({ state: 'detached' });
    const ofOther = /^Closed NAS-7 /;
    t.regex(
      await settlesTo(
        async () => await told(0),
        (text) => ofOther.test(text),
      ),
      ofOther,
    );
    t.regex(
      await settlesTo(
        () => page.url(),
        (url) => url.includes('server=other'),
      ),
      /server=other/,
    );
    await page.getByLabel('State', { exact: true }).selectOption('open');
    await until(page, 'No incident matches');
    await page.goto(page.url().split('?')[0] ?? '');
    await row.nth(1).waitFor();
    await keepScreenshot(page, 'incidents');
    await page.goto(`${page.url()}?state=closed`);
    await page.getByRole('link', { name: 'NAS-2' }).focus();
    await page.keyboard.press('Enter');
    await until(page, 'What happened');
    t.deepEqual(complaints, []);
  },
);

test.serial(
  'one that is over: the sentence, each step with the time between, the picture and what is missing',
  async (t) => {
    const { page, complaints } = await show(t, [incidentMock(AT, 'closed')], pathOf(incidentMock(AT, 'closed')));
    await until(page, 'What happened');
    await shows(
      t,
      async () => await sentenceOf(page),
      'NAS-2 stopped 10:02:11: no keep-alive. Hall-NAS covered 5 of 6 cameras from 10:02:12. Restored 11:15:12, 100 % returned. ' +
        'Missing: Dock, 1:13:00, priority Never; Warehouse west, 1.5 s, the service was down; Warehouse east, 1.4 s, the service was down; and 3 more cameras.',
    );
    const steps = (await page.locator('.incident-steps li').allInnerTexts()).map((text) =>
      text.replaceAll(/\s+/g, ' ').trim(),
    );
    t.is(steps[0], '10:02:11 Last sign of life of NAS-2');
    t.is(steps[1], '+ 0.9 s 10:02:11 Suspected: no keep-alive');
    t.is(steps.at(-1), '+ 4.4 s 11:16:45 Closed with the last receipt');
    const dock = page.getByRole('img', { name: /^Dock:/ });
    await showsText(t, async () => await dock.getAttribute('aria-label'), /^Dock: missing 1:13:00, recorded by NAS-2 /);
    await shows(t, async () => await dock.locator('.bar-missing').count(), 1);
    // A second within hours is thinner than a pixel: its edge is not; the zoom shows it as what it is.
    const door = page.getByRole('img', { name: /^Front door:/ }).locator('.bar-missing');
    await shows(
      t,
      async () => await page.evaluate("getComputedStyle(document.querySelector('.coverage .bar-missing')).strokeWidth"),
      '1.5px',
    );
    await shows(t, async () => ((await door.boundingBox())?.width ?? 99) < 5, true);
    await page.getByRole('button', { name: 'The takeover' }).click();
    await waitFor('the second to be wide', async () => ((await door.boundingBox())?.width ?? 0) > 20);
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.getByRole('region', { name: 'Every stretch of every camera' }).waitFor();
    const stretches = page.getByRole('region', { name: 'Every stretch of every camera' }).locator('tr[data-index]');
    await shows(t, async () => await stretches.count(), 23);
    const missing = page.getByRole('region', { name: 'Missing stretches' }).locator('tr[data-index]');
    await shows(t, async () => await missing.count(), 6);
    await showsText(
      t,
      async () => await missing.first().innerText(),
      /Dock\s+10:02:11\s+11:15:11\s+1:13:00\s+its priority is Never/,
    );
    const play = await page.getByRole('link', { name: 'Play across the takeover', exact: true }).getAttribute('href');
    t.is(play, '/playback?cameras=cam-5,cam-4,cam-3,cam-2&at=2026-11-21T09:02:07.000Z');
    await page.getByRole('button', { name: 'Whole incident' }).click();
    await keepScreenshot(page, 'incident');
    t.deepEqual(complaints, []);
  },
);

test.serial('nothing missing, everything missing, nothing covered', async (t) => {
  const all = [['cam-1', 'covered']] as const;
  const whole = reportWith(withoutLoss(recordOf(AT, all, 'closed')));
  const { page, api } = await show(t, [whole], pathOf(whole));
  await until(page, 'Nothing is missing.');
  await showsText(
    t,
    async () => await sentenceOf(page),
    /covered its camera from 10:02:11 without a gap\. Restored .* 100 % returned\. Nothing is missing\.$/,
  );
  const none = reportWith(
    recordOf(
      AT + 1,
      [
        ['cam-1', 'never'],
        ['cam-2', 'never'],
      ],
      'closed',
    ),
  );
  const nobody = { ...reportWith(recordOf(AT + 2, [], 'closed')) };
  api.state.incidents.reports = [none, nobody];
  await page.goto(`${api.url}${pathOf(none)}`);
  await until(page, 'Hall-NAS covered none of its cameras (2).');
  await shows(
    t,
    async () => await page.getByRole('link', { name: 'Play across the takeover', exact: true }).count(),
    0,
  );
  await page.goto(`${api.url}${pathOf(nobody)}`);
  await until(page, 'It had no cameras to cover.');
  await page.goto(`${api.url}/incidents/srv-1/incident-unknown`);
  await until(page, 'No incident has the id incident-unknown.');
});

test.serial(
  'an open incident follows what happens, and says on any page when it opens and when it is over',
  async (t) => {
    const { page, api } = await show(t, [], '/exports');
    await page.locator('tr[data-index]').first().waitFor();
    const open = incidentMock(AT, 'covering');
    const event = {
      kind: 'incident',
      incidentId: open.id,
      protected: { id: open.serverId, name: open.serverName },
      by: { id: 'srv-1', name: 'Hall-NAS' },
      missingSeconds: 0,
      files: 0,
    };
    await waitFor('the page to listen', () => api.streams() > 0);
    api.state.incidents.reports = [open];
    api.emit({ ...event, news: 'opened' });
    await page.getByText('NAS-2 failed: Hall-NAS records its cameras.').locator('visible=true').first().waitFor();
    const words = 'NAS-2 failed: Hall-NAS records its cameras.';
    await shows(t, async () => await page.locator('[aria-live=polite]').textContent(), words);
    await page.getByRole('link', { name: 'Show the incident' }).click();
    await until(page, 'Hall-NAS still records 5 of them.');
    await showsText(
      t,
      async () => await sentenceOf(page),
      /Not recorded now: Dock, 10:01, priority Never\. What is missing is known when its footage is back\.$/,
    );
    await keepScreenshot(page, 'incident-open');
    api.state.incidents.reports = [incidentMock(AT, 'restoring')];
    api.emit({ ...event, news: 'changed', files: 3 });
    await until(page, 'Footage coming home');
    api.state.incidents.reports = [incidentMock(AT, 'closed')];
    api.emit({ ...event, news: 'closed', files: 370, missingSeconds: 4387.2 });
    await page
      .getByText('its footage is home from Hall-NAS; 1:13:07 are missing')
      .locator('visible=true')
      .first()
      .waitFor();
    await until(page, '100 % returned');
  },
);

test.serial('64 cameras and hostile names: no wider than the screen, on a phone too', async (t) => {
  const names = ['<img src=x onerror=alert(1)>', 'W'.repeat(32), '東側の倉庫の入口カメラ北口', 'مدخل المستودع'];
  const report = incidentMock(AT, 'closed', { cameras: 64, nameOf: (index) => names[index] ?? `Camera ${index}` });
  const hostile = {
    ...report,
    serverName: '"><script>alert(1)</script> NASNAS',
    by: { id: 'x', name: 'M'.repeat(32) },
  };
  for (const look of [{}, { width: 390, height: 844, theme: 'light' as const }]) {
    const { page, complaints } = await show(t, [hostile], pathOf(hostile), look);
    await until(page, names[0] ?? '');
    await shows(t, async () => await page.locator('.coverage-row').count(), 65);
    await shows(t, async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    await shows(t, async () => await page.locator('script:not([src]), img[onerror]').count(), 0);
    if (look.width !== undefined) await keepScreenshot(page, 'incident-phone');
    await page.goto(`${page.url().split('/incidents')[0] ?? ''}/incidents`);
    await page.locator('tr[data-index]').first().waitFor();
    await shows(t, async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    t.deepEqual(complaints, []);
  }
});

test.serial('on paper everything is there, light, without navigation; as JSON it is the report', async (t) => {
  const report = incidentMock(AT, 'closed', { cameras: 64 });
  const { page } = await show(t, [report], pathOf(report));
  await until(page, 'What happened');
  const bytes = await page.pdf({ preferCSSPageSize: true, printBackground: true });
  const { pages, text } = textOfPdf(bytes);
  t.true(pages >= 4, `${pages} pages`);
  const onPaper = (words: string): boolean => t.true(text.includes(words.replaceAll(/\s/g, '')), words);
  for (const words of [
    'NAS-2 stopped 10:02:11: no keep-alive. Hall-NAS covered 63 of 64 cameras from 10:02:12.',
    'Suspected: no keep-alive',
    'Who recorded what',
    'recorded by Hall-NAS, returned',
    'its priority is Never, so no failover server covered it',
    'Driveway 61',
    'Incident report, made',
    `1 / ${pages}`,
    `${pages} / ${pages}`,
  ])
    onPaper(words);
  for (const words of ['Playback', 'Play across the takeover', 'Show as a table'])
    t.false(text.includes(words.replaceAll(/\s/g, '')), words);
  t.is(text.split('recordedbyHall-NAS,returned').length - 1, 1 + 63, 'each stretch of each camera, and the legend');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'JSON' }).click(),
  ]);
  t.is(download.suggestedFilename(), `${report.id}.json`);
  t.deepEqual(JSON.parse(await readFile(await download.path(), 'utf8')), JSON.parse(JSON.stringify(report)));
});

test.serial('no incident: each kind of server says what to do', async (t) => {
  const { page, api, complaints } = await show(t, [], '/incidents');
  await until(page, 'As soon as this server covers another one');
  await page.getByRole('link', { name: 'To the drills' }).waitFor();
  api.state.mode = 'recording';
  await page.reload();
  await until(page, 'No failure so far');
  await page.getByRole('link', { name: 'Failover servers' }).waitFor();
  t.deepEqual(complaints, []);
});
