/** Answers that come when somebody has gone on already: what was typed or chosen meanwhile is neither lost nor taken for what was asked about. */
import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { busy, openActivity } from '../support/activity-page.ts';
import { launch, openPage } from '../support/browser.ts';
import { holdAnswers, holdNextAnswer } from '../support/late-answers.ts';
import { startMockApi } from '../support/mock-api.ts';
import { overlay } from '../support/mock-protection.ts';
import { ID, smallSite } from '../support/mock-protection-data.ts';
import { button, openServers } from '../support/servers-page.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

test('while before and after of a replacement are asked for, nobody else can be chosen', async (t) => {
  const page = await openActivity({ t, browser }, { activity: busy() });
  const held = await holdAnswers(page, 'POST', /\/replace$/);
  await page.getByRole('button', { name: 'Replace …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replace Yard-NAS' });
  await dialog.getByRole('radio').first().waitFor();
  const open = async (): Promise<number> => await dialog.locator('input[type=radio]:enabled').count();
  await shows(t, async () => (await open()) > 0, true);
  await button(dialog, 'Compare').click();
  await shows(t, held.asked, 1);
  await shows(t, open, 0, 'the answer is about the one that was sent');
  held.release();
  await dialog.getByRole('columnheader', { name: 'Spare-NAS' }).waitFor();
  await button(dialog, 'Back').click();
  await shows(t, async () => (await open()) > 0, true);
});

test('while it is asked what a backup would change, no other file can be chosen', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/settings`);
  const held = await holdAnswers(page, 'POST', /\/server\/settings\/restore$/);
  await page.getByRole('button', { name: /^Restore/ }).click();
  const dialog = page.getByRole('dialog');
  const file = dialog.locator('input[type=file]');
  await file.setInputFiles({
    name: 'of-monday.backup',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('a'),
  });
  await dialog.getByLabel('Passphrase').fill('correct horse battery');
  await button(dialog, 'Show what would change').click();
  await shows(t, held.asked, 1);
  await shows(t, async () => await file.isDisabled(), true);
  held.release();
  await dialog.getByRole('alert').waitFor();
  await shows(t, async () => await file.isDisabled(), false, 'after a refusal another one can be');
});

test('what is typed while a change is being saved stays, and is the next change', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const site = smallSite();
  await overlay(page, site);
  await page.goto(`${api.url}/failover/settings`);
  const [days, calm] = [page.getByLabel('Drill every'), page.getByLabel('Calm before it goes back')];
  await days.fill('9');
  const held = await holdAnswers(page, 'PATCH', /\/failover-settings$/);
  const changes = page.getByRole('group', { name: 'Changes' });
  await changes.getByRole('button', { name: 'Save' }).click();
  await shows(t, held.asked, 1);
  await calm.fill('240');
  held.release();
  await page.getByText('Settings of Hall-Spare saved').first().waitFor();
  await changes.getByText('1 change is not saved.').waitFor();
  await shows(t, async () => [await days.inputValue(), await calm.inputValue()], ['9', '240']);
  t.like(site.settings.get(ID.f1), { drillDays: 9 });
});

test('a form stays, with what was typed, when a server joins that comes first in the list', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const servers = [...smallSite().servers];
  const site = smallSite({ servers });
  await overlay(page, site);
  await page.goto(`${api.url}/failover/settings`);
  const picker = page.getByLabel('Settings of', { exact: true });
  await page.getByLabel('Drill every').fill('9');
  const before = await picker.inputValue();
  servers.push({ id: 'srv-new', name: 'A-first', mode: 'failover' });
  api.emit({ kind: 'server' });
  await shows(t, async () => await picker.locator('option', { hasText: 'A-first' }).count(), 1);
  await shows(t, async () => await picker.inputValue(), before);
  await shows(t, async () => await page.getByLabel('Drill every').inputValue(), '9');
});

test('what a test found at one address is not said of the next one', async (t) => {
  const { page, dialog } = await openServers(t, browser);
  await button(page, 'Add server').click();
  const held = await holdAnswers(page, 'POST', /\/servers\/test$/);
  await dialog.getByLabel('Address or name').fill('192.168.1.220');
  await button(dialog, 'Test connection').click();
  await shows(t, held.asked, 1);
  await dialog.getByLabel('Address or name').fill('192.168.1.221');
  held.release();
  await dialog.getByRole('progressbar').waitFor({ state: 'detached' });
  await shows(t, async () => await dialog.getByText('It answers.').count(), 0);
  await shows(t, async () => await button(dialog, 'It is the same').count(), 0);
  await button(dialog, 'Test connection').click();
  await dialog.getByText('It answers. Nothing secret was sent yet.').waitFor();
});

test('a camera that another one changed since the list was drawn opens as it is now', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/cameras`);
  await button(page, 'Front door').waitFor();
  const held = await holdAnswers(page, 'GET', /\/api\/v1\/cameras\/cam-1$/);
  const sent: unknown[] = [];
  await page.route(/\/api\/v1\/cameras\/cam-1$/, async (route) => {
    if (route.request().method() === 'PATCH') sent.push(route.request().postDataJSON());
    await route.fallback();
  });
  api.state.cameras = api.state.cameras.map((camera) =>
    camera.id === 'cam-1' ? { ...camera, priority: 'never' } : camera,
  );
  await button(page, 'Front door').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Keep for days').fill('21');
  await shows(t, held.asked, 1);
  await button(dialog, 'Save').click();
  held.release();
  await dialog.waitFor({ state: 'detached' });
  t.like(sent[0], { priority: 'never', retention: { maxDays: 21 } });
});

test('the note of a snapshot is kept while the server of its camera is away', async (t) => {
  const api = await startMockApi({ media: false, cameras: 1 });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  let isAway = false;
  await page.route(/\/site\/cameras(\?.*)?$/, async (route) => {
    const response = await route.fetch();
    const said = (await response.json()) as { readonly items: readonly Readonly<Record<string, unknown>>[] };
    const items = said.items.map((camera) => (isAway ? { ...camera, serverConnected: false } : camera));
    await route.fulfill({ response, json: { ...said, items } });
  });
  await page.goto(`${api.url}/snapshots`);
  await page.getByLabel('Note').fill('Who is that?');
  const take = button(page, 'Take a snapshot');
  for (const away of [true, false]) {
    isAway = away;
    api.emit({ kind: 'cameras' });
    await shows(t, async () => await take.isDisabled(), away);
    await shows(t, async () => await page.getByLabel('Note').inputValue(), 'Who is that?');
  }
  await take.click();
  await page.locator('.snapshots').getByText('Who is that?').waitFor();
  await shows(t, async () => await page.getByLabel('Note').inputValue(), '');
});

test('details of a watched server stay while its failover server does not answer', async (t) => {
  const page = await openActivity({ t, browser }, {});
  await page.getByRole('button', { name: 'Yard-NAS', exact: true }).click();
  const drawer = page.getByRole('dialog', { name: 'Yard-NAS, watched by Spare-NAS' });
  await drawer.waitFor();
  let refused = 0;
  const all = /\/api\/v1\/servers\/[^/]+\/api\//;
  await page.route(all, async (route) => {
    refused += 1;
    await route.fulfill({ status: 503, json: { status: 503, code: 'server/away', detail: 'away' } });
  });
  await page.evaluate(
    "globalThis.wasClosed = false; new MutationObserver(() => { if (document.querySelector('dialog') === null) globalThis.wasClosed = true; }).observe(document.body, { childList: true, subtree: true })",
  );
  await shows(t, () => refused > 6, true);
  await page.unroute(all);
  await page.getByText('Alive', { exact: true }).first().waitFor();
  await shows(t, async () => await page.evaluate<boolean>('globalThis.wasClosed'), false);
});

test('a dialog that could not be loaded says so, and opens with the next click', async (t) => {
  const api = await startMockApi({ media: false, members: true });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const parts = /\/(dialogs|spare-dialog|what-if)-[^/]*\.js$/;
  await page.route(parts, async (route) => await route.abort());
  await page.goto(`${api.url}/failover/activity`);
  const open = page.getByRole('button', { name: 'Take over Yard-NAS by Spare-NAS' });
  await open.click();
  await page.locator('.toast .bad').waitFor();
  await page.unroute(parts);
  await open.click();
  await shows(t, async () => await page.getByRole('dialog', { name: 'Take Yard-NAS over by hand?' }).count(), 1);
});

test('what is set back to what the list says is a change of a camera too', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/cameras`);
  await button(page, 'Front door').waitFor();
  const sent: unknown[] = [];
  await page.route(/\/api\/v1\/cameras\/cam-1$/, async (route) => {
    if (route.request().method() === 'PATCH') sent.push(route.request().postDataJSON());
    await route.fallback();
  });
  const { priority } = api.state.cameras[0] ?? {};
  api.state.cameras = api.state.cameras.map((camera) =>
    camera.id === 'cam-1' ? { ...camera, priority: 'never' } : camera,
  );
  await button(page, 'Front door').click();
  const dialog = page.getByRole('dialog');
  const chosen = dialog.getByLabel('Failover priority');
  await shows(t, async () => await chosen.inputValue(), 'never');
  await chosen.selectOption(priority ?? 'high');
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  t.like(sent[0], { priority });
});

test('settings that were asked for before they were saved here do not come back over what was saved', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  const site = smallSite();
  await overlay(page, site);
  await page.goto(`${api.url}/failover/settings`);
  const days = page.getByLabel('Drill every');
  await days.fill('9');
  const old = { ...site.settings.get(ID.f1), drillDays: 30 };
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
  const look = { asked: 0, answered: 0 };
  await page.route(/\/failover(-settings|\/settings)$/, async (route) => {
    if (route.request().method() !== 'GET' || look.asked > 0) return await route.fallback();
    look.asked += 1;
    await mayAnswer;
    await route.fulfill({ json: old, headers: { etag: '"old"' } });
    look.answered += 1;
  });
  await shows(t, () => look.asked, 1);
  await page.getByRole('group', { name: 'Changes' }).getByRole('button', { name: 'Save' }).click();
  await page.getByText('Settings of Hall-Spare saved').first().waitFor();
  await page.evaluate(`globalThis.seen = []; setInterval(() => {
    const field = [...document.querySelectorAll('label')].find((one) => one.textContent.includes('Drill every'))?.control;
    if (field && globalThis.seen.at(-1) !== field.value) globalThis.seen.push(field.value);
  }, 5); undefined`);
  answer();
  await shows(t, () => look.answered, 1);
  await page.getByLabel('Calm before it goes back').fill('240');
  await page.getByRole('group', { name: 'Changes' }).getByRole('button', { name: 'Save' }).click();
  await shows(t, () => site.settings.get(ID.f1)?.holdDownSeconds, 240);
  t.deepEqual(await page.evaluate('globalThis.seen'), ['9']);
});

test('a failure at one address is not said of the next one', async (t) => {
  const { page, dialog } = await openServers(t, browser);
  await button(page, 'Add server').click();
  const { promise: mayFail, resolve: fail } = Promise.withResolvers<void>();
  let asked = 0;
  await page.route(/\/servers\/test$/, async (route) => {
    asked += 1;
    if (asked > 1) return await route.fallback();
    await mayFail;
    return await route.fulfill({ status: 502, json: { status: 502, code: 'server/silent', detail: 'It is silent.' } });
  });
  await dialog.getByLabel('Address or name').fill('192.168.1.220');
  await button(dialog, 'Test connection').click();
  await shows(t, () => asked, 1);
  await dialog.getByLabel('Address or name').fill('192.168.1.221');
  fail();
  await dialog.getByRole('progressbar').waitFor({ state: 'detached' });
  await shows(t, async () => await dialog.getByText('It is silent.').count(), 0);
});

test('Enter pressed twice makes one token', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/settings`);
  const held = await holdAnswers(page, 'POST', /\/tokens$/);
  const name = page.getByRole('region', { name: 'Tokens' }).getByLabel('Name');
  await name.fill('home automation');
  await name.press('Enter');
  await name.press('Enter');
  await shows(t, held.asked, 1);
  await name.fill('backup');
  held.release();
  await page.getByText('home automation').first().waitFor();
  await shows(t, async () => await name.inputValue(), 'backup');
  t.is(held.asked(), 1);
});

test('an export that is done meanwhile is not deleted by who would cancel it', async (t) => {
  const api = await startMockApi({ media: false });
  t.teardown(() => api.close());
  const { exports } = api.state;
  const [done] = exports;
  if (done === undefined) return t.fail('the mock has one');
  exports.push({ ...done, id: 'exp-run', cameraId: 'cam-2', state: 'running', progress: 0.4, files: [] });
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/exports`);
  await page.getByRole('button', { name: /^Cancel export: / }).click();
  const dialog = page.getByRole('dialog');
  await button(dialog, 'Cancel export').waitFor();
  exports[1] = { ...done, id: 'exp-run', cameraId: 'cam-2' };
  await dialog.waitFor({ state: 'detached' });
  await shows(t, async () => await page.getByRole('button', { name: /^Delete: / }).count(), 2);
  return undefined;
});

const states = (page: Page) => async (): Promise<readonly (string | undefined)[]> => {
  const rows = await page.locator('tr[data-index]').allInnerTexts();
  return rows.map((text) => /Recording|Disabled|No connection|Connecting|Failed/.exec(text)?.[0]);
};
type MockCamera = Awaited<ReturnType<typeof startMockApi>>['state']['cameras'][number];
const disabled = (camera: MockCamera): MockCamera => ({ ...camera, enabled: false, state: 'disabled' });

test('an answer about cameras that is overtaken by a newer one is not shown', async (t) => {
  const api = await startMockApi({ media: false, cameras: 2 });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/cameras`);
  await shows(t, states(page), ['Recording', 'Recording']);
  await waitFor('the page to listen', () => api.streams() > 0);
  const recording = [...api.state.cameras];
  for (const newer of ['camera', 'cameras'] as const) {
    const held = await holdNextAnswer(page, /\/site\/cameras(\?|$)/);
    api.state.cameras = recording.map((camera) => disabled(camera));
    api.emit({ kind: 'cameras' });
    await shows(t, held.asked, 1);
    const [first, second] = recording;
    api.state.cameras = [first, second].flatMap((camera) => camera ?? []);
    const answered = page.waitForResponse(newer === 'camera' ? /\/site\/cameras\/cam-2$/ : /\/site\/cameras(\?|$)/);
    api.emit(newer === 'camera' ? { kind: 'camera', cameraId: 'cam-2' } : { kind: 'cameras' });
    await answered;
    const late = page.waitForResponse(/\/site\/cameras(\?|$)/);
    held.release();
    await (await late).finished();
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    await shows(t, states(page), newer === 'camera' ? ['Disabled', 'Recording'] : ['Recording', 'Recording']);
  }
});

test('what an event told is asked for again when the box could not answer', async (t) => {
  const api = await startMockApi({ media: false, cameras: 2 });
  t.teardown(() => api.close());
  const { page } = await openPage(t, browser);
  await page.goto(`${api.url}/cameras`);
  await shows(t, states(page), ['Recording', 'Recording']);
  await waitFor('the page to listen', () => api.streams() > 0);
  let refused = 0;
  const busyBox = { status: 503, contentType: 'application/problem+json', body: '{}' };
  await page.route(
    /\/site\/cameras/,
    async (route) => {
      refused += 1;
      await route.fulfill(busyBox);
    },
    { times: 1 },
  );
  api.state.cameras = api.state.cameras.map((camera) => disabled(camera));
  api.emit({ kind: 'camera', cameraId: 'cam-2' });
  await shows(t, () => refused, 1);
  await shows(t, states(page), ['Recording', 'Disabled']);
});
