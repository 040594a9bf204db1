/** Incidents of a whole site, for each kind of user, in German, and by axe in both themes and sizes. */
import test from 'ava';
import type { Browser } from 'playwright-core';
import { axeFindings } from '../support/axe.ts';
import { launch, openPage } from '../support/browser.ts';
import { createShow, pathOf, sentenceOf, until } from '../support/incident-page.ts';
import { startMockApi } from '../support/mock-api.ts';
import { incidentMock } from '../support/mock-incidents.ts';
import { shows, showsText } from './shows.ts';

const AT = Date.parse('2026-11-21T09:02:11.000Z');
let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const show = createShow(() => browser);

test.serial(
  'at a host the failover servers are asked; one that is away is named, and so is one that refuses',
  async (t) => {
    const reports = [incidentMock(AT, 'closed')];
    const api = await startMockApi({ media: false, members: true, incidents: { reports } });
    t.teardown(() => api.close());
    const { page } = await openPage(t, browser);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${api.url}/incidents`);
    await page.locator('tr[data-index]').first().waitFor();
    const rows = async (): Promise<number> => await page.locator('tr[data-index]').count();
    await shows(t, rows, 1, 'told by two, listed once');
    t.true(asked.includes('/api/v1/servers/srv-3/api/incidents'));
    t.false(asked.includes('/api/v1/servers/srv-2/api/incidents'), 'a recording server has none of its own');
    const place = `/incidents/srv-3/${reports[0]?.id}`;
    const href = async (): Promise<string | null> =>
      await page.getByRole('link', { name: 'NAS-2' }).getAttribute('href');
    await shows(t, href, place);
    await page.getByRole('link', { name: 'NAS-2' }).click();
    await until(page, 'What happened');
    t.true(asked.includes(`/api/v1/servers/srv-3/api/incidents/${reports[0]?.id}/report`));
    await page.route('**/servers/srv-3/api/incidents*', async (route) => {
      const body = { type: 'about:blank', title: 'x', status: 403, code: 'x/x', detail: 'Only operators may do this.' };
      await route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(body) });
    });
    await page.goto(`${api.url}/incidents`);
    await until(page, 'Spare-NAS does not tell its incidents: Only operators may do this.');
    api.state.site.away = new Set(['srv-3']);
    await page.reload();
    await until(page, 'Spare-NAS is not connected: incidents that only it knows are not in this list.');
  },
);

test.serial('footage on its way home has its progress', async (t) => {
  const report = incidentMock(AT, 'restoring');
  const { page } = await show(t, [report], '/exports');
  await page.route('**/api/v1/failover/restorations*', async (route) => {
    const one = {
      id: 'r',
      serverId: report.serverId,
      state: 'running',
      bytes: { done: 3e9, total: 12e9 },
      secondsLeft: 95,
    };
    await route.fulfill({ contentType: 'application/json', body: JSON.stringify({ items: [one] }) });
  });
  await page.goto(`${new URL(page.url()).origin}${pathOf(report)}`);
  await until(page, '3 GB of 12 GB, 1:35 left');
  t.is(
    await page
      .getByRole('progressbar', { name: 'Footage on its way home' })
      .evaluate<number, { readonly value: number }>(({ value }) => value),
    0.25,
  );
});

test.serial('a viewer is told who sees incidents, and asks for none', async (t) => {
  const api = await startMockApi({ media: false, role: 'viewer' });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${api.url}/incidents`);
  await until(page, 'Operators see incidents');
  t.false(asked.includes('/api/v1/incidents'));
});

test.serial('in German everything is said', async (t) => {
  const report = incidentMock(AT, 'closed');
  const { page } = await show(t, [report], pathOf(report), { locale: 'de-DE' });
  await until(page, 'Was geschah');
  await shows(
    t,
    async () => await sentenceOf(page),
    'NAS-2 fiel 10:02:11 aus: kein Keep-alive. Hall-NAS vertrat 5 von 6 Kameras ab 10:02:12. Zurückgegeben 11:15:12, 100 % der Aufnahmen sind daheim. ' +
      'Es fehlen: Dock, 1:13:00, Priorität Nie; Warehouse west, 1,5 s, der Dienst stand; Warehouse east, 1,4 s, der Dienst stand; und 3 weitere Kameras.',
  );
});

test.serial('the same failure as another failover server saw it is one click away', async (t) => {
  const [one, two] = [incidentMock(AT, 'closed'), incidentMock(AT + 1500, 'closed')];
  const other = { ...two, by: { id: 'other', name: 'Spare-2' } };
  const earlier = { ...incidentMock(AT - 9_000_000, 'closed'), by: { id: 'other', name: 'Spare-3' } };
  const { page } = await show(t, [one, other, earlier], pathOf(one));
  await page.getByRole('link', { name: 'Also covered by Spare-2' }).click();
  await until(page, 'Spare-2 covered 5 of 6 cameras');
  await page.getByRole('link', { name: 'Also covered by Hall-NAS' }).waitFor();
  await shows(t, async () => await page.getByText('Spare-3').count(), 0);
});

test.serial('in the hour that comes twice each time says which of both it is', async (t) => {
  const report = incidentMock(Date.parse('2026-10-25T00:30:00.000Z'), 'closed');
  const { page } = await show(t, [report], pathOf(report));
  await until(page, 'What happened');
  await showsText(
    t,
    async () => await sentenceOf(page),
    /^NAS-2 stopped 02:30:00 (GMT\+2|CEST): .* Restored 02:43:01 (GMT\+1|CET), /,
  );
  await showsText(
    t,
    async () => await page.locator('.incident-steps').innerText(),
    /02:42:40 (GMT\+1|CET)\s+NAS-2 is back/,
  );
});

for (const theme of ['dark', 'light'] as const)
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const)
    test.serial(
      `list, open and closed at ${width} x ${height}, ${theme}: accessible, not wider than the screen`,
      async (t) => {
        const reports = [incidentMock(Date.now() - 640_000, 'covering'), incidentMock(AT, 'closed')];
        const { page, api, complaints } = await show(t, reports, '/incidents', { theme, width, height });
        await page.locator('tr[data-index]').first().waitFor();
        t.deepEqual(await axeFindings(page), []);
        for (const report of reports) {
          await page.goto(`${api.url}${pathOf(report)}`);
          await page.getByRole('button', { name: 'Show as a table' }).click();
          await page.getByRole('region', { name: 'Every stretch of every camera' }).waitFor();
          t.deepEqual(await axeFindings(page), [], report.state);
          await shows(t, async () => await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
        }
        t.deepEqual(complaints, []);
      },
    );
