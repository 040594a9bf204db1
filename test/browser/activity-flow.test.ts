/**
 * Failover > Activity on real processes: a recorder with a simulated camera, and the failover server that protects it. A drill, a
 * takeover by hand and back, a failure whose restoration is stopped, and the recorder replaced for good: by another recorder, by the
 * failover server.
 */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import type { SiteHostView } from '../../src/api/contract/site-host.ts';
import { systemClock as clock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { startBox } from '../../src/demo/demo-box.ts';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import { launch, openPage } from '../support/browser.ts';
import { authorize, CAMERA_NAME, COVERING, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { Pair, PairOptions } from '../support/protected-pair.ts';
import { PASSWORD, signIn } from '../support/real-box.ts';
import { killServer, startSpares } from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

async function open(t: ExecutionContext, pair: Pair): Promise<Page> {
  const { page, complaints } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  t.teardown(() => {
    if (complaints.length > 0) throw new Error(complaints.join());
  });
  await signIn(page, `https://127.0.0.1:${pair.covering().port()}`, '/failover/activity');
  await page.getByRole('heading', { name: 'Nothing is covered.' }).waitFor();
  return page;
}

/** A camera that is not recorded here before a drill, so that there is something to measure. */
async function startCold(t: ExecutionContext, options: PairOptions): Promise<Pair> {
  const pair = await startPair(t, options);
  const change = { standbyLevel: 'cold' };
  await pair.protectedBox().api.call('PATCH', '/cameras', { ids: [pair.cameraId], change });
  type Plan = { readonly servers: readonly { readonly cameras: readonly { readonly standbyLevel: string }[] }[] };
  const isCold = async (): Promise<boolean> => {
    const { servers } = (await pair.covering().api.call('GET', '/failover/plan')) as Plan;
    return servers[0]?.cameras[0]?.standbyLevel === 'cold';
  };
  await waitFor('the failover server to know', isCold, PATIENCE_MS);
  return pair;
}

test.serial(
  'a drill, a takeover by hand and back, a failure, its restoration stopped, another recorder in its place',
  async (t) => {
    t.timeout(240_000);
    const pair = await startCold(t, { failover: { restorationLimit: 100_000 } });
    const page = await open(t, pair);

    await page.getByText(`All protected servers (1) record their cameras themselves.`).waitFor();
    await page.getByText('never rehearsed').waitFor();
    await page.getByRole('button', { name: `Drill for ${PROTECTED} on ${COVERING}` }).click();
    await page.getByText(/^last drill/).waitFor();
    const result = page.getByText(/^1 of 1 cameras, slowest \d/);
    t.log(`drill: ${(await result.textContent()) ?? ''}`);

    t.pass();
    await page.getByRole('button', { name: `Take over ${PROTECTED} by ${COVERING}` }).click();
    await page.getByRole('dialog').getByText(`${PROTECTED} is alive and records.`).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Take over', exact: true }).click();
    const sentence = page.getByRole('heading', {
      name: new RegExp(`^${COVERING} records 1 camera of ${PROTECTED} since`),
    });
    await sentence.waitFor();
    await page.getByText('Taken over by hand at').waitFor();
    await page.getByText(new RegExp(`Recorded at ${COVERING} since .* · frame`)).waitFor();
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await sentence.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Nothing is covered.' }).waitFor();
    await pair.over();
    t.pass();

    // What was covered takes longer home than the way to "Stop".
    await pair.covering().api.call('PATCH', '/failover/settings', { restorationLimit: 10_000 });
    pair.kill();
    await sentence.waitFor();
    await page.getByText('the connection was lost').first().waitFor();
    await pair.covered(5000);
    await pair.comeBack();
    t.pass();
    const stop = page.getByRole('button', { name: 'Stop …' });
    await stop.click();
    const dialog = page.getByRole('dialog', { name: `Stop the restoration to ${PROTECTED}?` });
    await dialog.getByText(/in [1-9]\d* files?, \d.* of footage/).waitFor();
    await dialog.getByLabel(`Type “${PROTECTED}” to confirm`).fill(PROTECTED);
    await dialog.getByRole('button', { name: 'Stop and delete' }).click();
    await page.getByText('Stopped', { exact: true }).first().waitFor();
    await shows(t, async () => (await pair.restorations()).some(({ state }) => state === 'stopped'), true);
    await page
      .getByText(/were not returned are deleted/)
      .first()
      .waitFor();
    const log = page.locator('.act-log');
    await log.getByText('Takeover by command.').waitFor();
    await replaceByOther(t, pair, page);
  },
);

const OTHER = 'Barn';
/** It fails again, and for good: another recording server, protected by the same one, takes its place. */
async function replaceByOther(t: ExecutionContext, pair: Pair, page: Page): Promise<void> {
  const dataDir = join(pair.dir, OTHER);
  const place = { dataDir, httpPort: 0, peerPort: await freePort(), password: PASSWORD, clock, name: OTHER };
  const other = await startBox({ ...place, logTo: 'ignore' });
  t.teardown(() => other.stop());
  await authorize(pair.covering(), other);
  await pair.covering().api.call('PATCH', '/failover/settings', { restorationLimit: null });
  await pair.over();
  pair.kill();
  await pair.covered(2000);
  t.pass();
  await page.getByRole('button', { name: 'Replace …' }).click();
  const dialog = page.getByRole('dialog', { name: `Replace ${PROTECTED}` });
  await dialog.getByRole('radio', { name: new RegExp(`^${OTHER}`) }).check();
  await dialog.getByRole('button', { name: 'Compare' }).click();
  await dialog.getByRole('columnheader', { name: OTHER, exact: true }).waitFor();
  await dialog.getByRole('cell', { name: PROTECTED, exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.getByText(`This is for good: ${OTHER} becomes ${PROTECTED}.`).waitFor();
  await dialog.getByLabel(`Type “${PROTECTED}” to confirm`).fill(PROTECTED);
  await dialog.getByRole('button', { name: `Replace ${PROTECTED}` }).click();
  await dialog.getByText(`The old ${PROTECTED} has not heard of it yet`).waitFor();
  await dialog.locator('form').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('heading', { name: `${OTHER} is ${PROTECTED} now.` }).waitFor();
  await page.getByText(`All protected servers (1) record their cameras themselves.`).waitFor();

  t.pass();
  // It has the name and the cameras, and records them.
  await signIn(page, `https://127.0.0.1:${other.port()}`, '/cameras');
  await page.locator('.brand-text').getByText(PROTECTED).waitFor();
  const row = page.locator('tr[data-index]').filter({ hasText: CAMERA_NAME });
  await row.getByText('Recording').waitFor();
  await shows(t, async () => await page.locator('tr[data-index]').count(), 1);
}

test.serial('a server that is gone is replaced by the failover server that records its camera', async (t) => {
  t.timeout(180_000);
  const pair = await startPair(t);
  const page = await open(t, pair);
  pair.kill();
  await pair.covered(3000);
  t.pass();
  await page.getByRole('button', { name: 'Replace …' }).click();
  const dialog = page.getByRole('dialog', { name: `Replace ${PROTECTED}` });
  await dialog.getByRole('button', { name: 'Compare' }).click();
  await dialog.getByRole('cell', { name: PROTECTED, exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.getByLabel(`Type “${PROTECTED}” to confirm`).fill(PROTECTED);
  await dialog.getByRole('button', { name: `Replace ${PROTECTED}` }).click();
  // Accounts are those of the server that it is now, and every session ended with the old ones.
  await page.getByRole('heading', { name: PROTECTED, level: 1, exact: true }).waitFor();
  await signIn(page, `https://127.0.0.1:${pair.covering().port()}`, '/failover/activity');
  const server = await page.evaluate<object>(`fetch('/api/v1/server').then((answer) => answer.json())`);
  t.like(server, { name: PROTECTED, mode: 'recording' });
  await page.getByRole('heading', { name: `${COVERING} is ${PROTECTED} now.` }).waitFor();
});

test.serial('at the host of a site: asked through it, and its role taken when it is gone', async (t) => {
  t.timeout(240_000);
  const site = await startSpares(t, { camerasEach: 1, spares: ['Spare A'], standbyLevel: 'cold' });
  const { page } = await openPage(t, browser);
  page.setDefaultTimeout(PATIENCE_MS);
  const placeOf = (server: SiteServer): string => `https://127.0.0.1:${server.box().port()}`;
  await signIn(page, placeOf(site.host), '/failover/activity');
  await page.getByText('Host, this server').waitFor();
  await page.getByText('All protected servers (1) record their cameras themselves.').waitFor();
  await page.getByRole('button', { name: 'Drill for Recorder on Spare A' }).click();
  await page.getByText(/^1 of 1 cameras, slowest \d/).waitFor();
  await page.locator('.act-log').getByText('Drill for Recorder: 1 of 1 cameras were recorded here.').waitFor();

  t.pass();
  await killServer(site.recorders[0] ?? site.failover);
  await page.getByRole('heading', { name: /^Spare A records 1 camera of Recorder since/ }).waitFor();

  const { failover } = site;
  t.pass();
  await killServer(site.host);
  await signIn(page, placeOf(failover), '/failover/activity');
  await page.getByText(/^The host, Host, was not heard for/).waitFor();
  await page.getByRole('heading', { name: /^Spare A records 1 camera of Recorder since/ }).waitFor();
  await page.getByRole('button', { name: 'Take the role …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take the role' }).click();
  await page.getByText('Spare A, this server').waitFor();
  t.true(((await failover.box().api.call('GET', '/site/host')) as SiteHostView).isHost);
});
