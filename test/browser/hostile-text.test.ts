/**
 * Security row 14: whatever a camera, a disk, a user name or another server says is shown as text. Every text field of every answer is
 * replaced by markup that would run a script, in a real browser under the real content security policy.
 */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page, Route } from 'playwright-core';
import { SECURITY_HEADERS } from '../../src/api/app.ts';
import { busy } from '../support/activity-page.ts';
import { startApi } from '../support/api-server.ts';
import { launch, openPage } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { settles } from '../support/settles.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const PAYLOADS = [
  '<img src=x onerror="window.pwned=1">',
  '"><script>window.pwned=1</script>',
  "'><svg onload=window.pwned=1>",
  'javascript:window.pwned=1//',
  '</textarea></title><iframe srcdoc="<script>parent.pwned=1</script>">',
  '{{constructor.constructor("window.pwned=1")()}}',
] as const;
/** What the UI decides by, not what it shows: replaced, nothing would be shown at all. */
const STRUCTURE =
  /^(id|.*Id|.*Ids|kind|state|stream|severity|role|codec|audioCodec|mode|cause|layoutEpoch|at|start|end|since|now|.*At|.*Start|.*End|day|next|sha256|priority|standbyLevel|transport|status|directIo|check)$/;
const PAGES = ['/live', '/playback', '/cameras', '/exports', '/health', '/events', '/settings'] as const;
/** Of a site, whose servers, failovers and incidents have names and words of their own. */
const PAGES_OF_A_SITE = [
  '/snapshots',
  '/incidents',
  '/failover',
  '/failover/activity',
  '/failover/protection',
  '/failover/settings',
] as const;

/** The same value with every shown text replaced; counts how many. */
function poisoned(value: unknown, payload: string, key = ''): unknown {
  if (typeof value === 'string') return STRUCTURE.test(key) || key === 'url' ? value : payload;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, payload, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned(one, payload, name)]));
}

async function poison(route: Route, payload: string): Promise<void> {
  const url = new URL(route.request().url());
  if (url.pathname.endsWith('/events')) return await route.continue();
  const response = await route.fetch();
  if (!(response.headers()['content-type'] ?? '').includes('json')) return await route.fulfill({ response });
  return await route.fulfill({ response, json: poisoned(await response.json(), payload) });
}

type Finding = { readonly ran: boolean; readonly elements: readonly string[] };
/** Whether it ran, or came to stand in the page as something else than text. */
const inspect = async (page: Page): Promise<Finding> =>
  await page.evaluate<Finding>(`({
    ran: 'pwned' in window,
    elements: [...document.querySelectorAll('img[src="x"],svg[onload],iframe,script:not([src]),a[href^="javascript:" i],[onerror],[srcdoc]')]
      .map((element) => element.outerHTML.slice(0, 200)),
  })`);

/** An upper bound on a slow machine. */
const PATIENCE_MS = 30_000;
/** On the real box most pages have no text of ours: this long it may come. */
const PERHAPS_WITHIN_MS = 2000;
const isShown = async (page: Page, text: string, within: number): Promise<boolean> =>
  await page
    .locator('main') // around it the name of the box stands on every page
    .getByText(text)
    .filter({ visible: true })
    .first()
    .waitFor({ timeout: within })
    .then(() => true)
    .catch(() => false);

async function check(t: ExecutionContext, page: Page, what: string): Promise<void> {
  const { ran, elements } = await inspect(page);
  t.false(ran, `${what}: it ran`);
  t.deepEqual(elements, [], what);
}

for (const [index, payload] of PAYLOADS.entries())
  test.serial(`14: text that would be a script stays text on every page: ${index + 1}`, async (t) => {
    const api = await startMockApi({ media: false, members: true, activity: busy() });
    t.teardown(() => api.close());
    const { page, complaints } = await openPage(t, browser);
    await page.route('**/api/v1/**', (route) => void poison(route, payload).catch(() => undefined));
    const incident = `/incidents/srv-1/${api.state.incidents.reports[0]?.id ?? ''}`;
    for (const path of [...PAGES, ...PAGES_OF_A_SITE, incident]) {
      await page.goto(`${api.url}${path}`);
      await page.locator('main').waitFor();
      api.emit({
        kind: 'log',
        entry: {
          id: '99',
          at: new Date().toISOString(),
          severity: 'error',
          code: payload,
          message: payload,
          user: payload,
        },
      });
      t.true(await isShown(page, payload, PATIENCE_MS), `${path} shows the text`);
      await check(t, page, path);
    }
    t.deepEqual(complaints, [], 'the security policy had nothing to forbid');
  });

test.serial('14: what the owner types comes back as text, from the real server under its own headers', async (t) => {
  const webRoot = new URL('../../dist/web', import.meta.url).pathname;
  const api = await startApi(t, { webRoot });
  const { page, complaints } = await openPage(t, browser);
  const payload = PAYLOADS[0];
  const owner = { username: 'olga', password: 'a long enough password' };
  const answer = await page.goto(`https://127.0.0.1:${api.port}/`);
  t.is(answer?.headers()['content-security-policy'], SECURITY_HEADERS['content-security-policy']);
  const made = await page.evaluate(
    async ({ owner: account, text }) => {
      const send = async (path: string, body: object): Promise<number> => {
        const headers = { 'content-type': 'application/json' };
        return (await fetch(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
      };
      const statuses = [await send('/setup', account)];
      statuses.push(await send('/volumes', { path: `/srv/${text.replaceAll('/', '')}` }));
      statuses.push(await send('/tokens', { name: text, role: 'viewer' }));
      statuses.push(
        await send('/cameras', {
          name: 'Door',
          main: { url: 'rtsp://192.168.1.9/<script>window.pwned=1</script>' },
          username: text,
        }),
      );
      return statuses;
    },
    { owner, text: payload },
  );
  t.deepEqual(made, [201, 201, 201, 201]);
  for (const path of PAGES) {
    await page.goto(`https://127.0.0.1:${api.port}${path}`);
    await page.locator('main').waitFor();
    if (path === '/settings') t.true(await isShown(page, 'onerror', PATIENCE_MS), 'the token is listed by its name');
    else await isShown(page, 'onerror', PERHAPS_WITHIN_MS);
    await check(t, page, path);
  }
  t.deepEqual(complaints, []);
});

test.serial('14: the page cannot be framed, and its policy lets no inline script run', async (t) => {
  const webRoot = new URL('../../dist/web', import.meta.url).pathname;
  const api = await startApi(t, { webRoot });
  const { page, complaints } = await openPage(t, browser);
  await page.goto(`https://127.0.0.1:${api.port}/`);
  await page.evaluate(`{
    const script = document.createElement('script');
    script.textContent = 'window.pwned = 1';
    const frame = document.createElement('iframe');
    frame.src = '/live';
    document.body.append(script, frame);
  }`);
  t.true(await settles(true, () => complaints.length > 0), 'the browser said what it forbade');
  t.false((await inspect(page)).ran);
});
