/**
 * Real processes on loopback, looked at through the host in a browser: a recorder is killed (SIGKILL), covered, started again; the one
 * that covers it is killed too, and covered by a third. Playback goes across all seams without a black picture, each picture the one of
 * its time, whichever of the three servers it came from.
 */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import type { SiteCamera, SitePlaylists } from '../../src/api/contract/site-footage.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { playbackLink } from '../../web/src/app/playback-link.ts';
import { keepScreenshot, launch, openPage } from '../support/browser.ts';
import { playheadAt, shownVideos, watched, watchTile } from '../support/playback-page.ts';
import { framesOff, isPictureOf, PATIENCE_MS, readBarCodesOf, shownNumber, signIn } from '../support/real-box.ts';
import {
  killServer,
  oneOwnerEach,
  ownersIn,
  recordedUntil,
  startSpares,
  type SparesSite,
} from '../support/spares-site.ts';
import { waitFor } from '../support/wait-for.ts';

/** Beside one frame of rounding: each server estimates the wall clock of a picture from its arrival. */
const FRAMES_OFF = 3;
const SECOND = 1000;
/** Bits a second, far less than a camera sends: what was covered is not home before it is asked for. */
const SLOWLY = 8000;

type Scene = {
  readonly site: SparesSite;
  readonly page: Page;
  readonly camera: SimulatedCamera;
  readonly cameraId: string;
};
const urlOf = ({ site }: Scene, path: string): string => `https://127.0.0.1:${site.host.box().port()}${path}`;
const ask = async <T>({ site }: Pick<Scene, 'site'>, path: string): Promise<T> =>
  (await site.host.box().api.call('GET', path)) as T;

/** Stands still at that time and looks until the picture is the right one. */
async function pictureAt(t: ExecutionContext, scene: Scene, at: number): Promise<void> {
  const { page, camera, cameraId } = scene;
  await page.goto(urlOf(scene, playbackLink({ cameras: [cameraId], at })));
  const { off } = await waitFor(
    `the picture of ${new Date(at).toISOString()}`,
    async () => {
      if ((await shownVideos(page).count()) !== 1) return undefined;
      const shown = await shownNumber(shownVideos(page)).catch(() => undefined);
      const off = shown === undefined ? undefined : framesOff(camera, at, shown);
      return isPictureOf(off, FRAMES_OFF) ? { off } : undefined;
    },
    PATIENCE_MS,
  );
  t.log(`${new Date(at).toISOString()}: ${off} frames off`);
}

function coveringNow(site: SparesSite): SparesSite['failover'] {
  const [name] = [...ownersIn(site).values()].flat();
  const found = site.spares.find((spare) => spare.name === name);
  if (found === undefined) throw new Error('nobody covers it');
  return found;
}

/** Where the footage of the failover server begins; of those before it nothing can be seen now. */
async function beginOfCover(scene: Scene, killed: number): Promise<number> {
  return await waitFor(
    'footage of the failover server',
    async () => {
      const [start, end] = [new Date(killed - 20 * SECOND).toISOString(), new Date().toISOString()];
      const path = `/site/cameras/${scene.cameraId}/playlists?start=${start}&end=${end}&stream=main`;
      const told = await ask<SitePlaylists>(scene, path).catch(() => undefined);
      const begin = told?.items[0]?.start;
      return begin === undefined ? undefined : Date.parse(begin);
    },
    PATIENCE_MS,
  );
}
const passed = async (what: string, at: number): Promise<unknown> =>
  await waitFor(what, () => Date.now() > at, PATIENCE_MS + Math.max(0, at - Date.now()));

type Span = { readonly from: number; readonly to: number };
/** Until footage of that time lies at so many servers, all of which are there. */
async function liesAt(t: ExecutionContext, scene: Scene, { from, to }: Span, servers: number): Promise<void> {
  const range = `start=${new Date(from).toISOString()}&end=${new Date(to).toISOString()}`;
  const path = `/site/cameras/${scene.cameraId}/playlists?${range}&stream=main`;
  const count = await waitFor(
    `footage of ${servers} servers`,
    async () => {
      const { items, away } = await ask<SitePlaylists>(scene, path);
      const all = new Set(items.map(({ serverId }) => serverId));
      return away.length === 0 && all.size === servers ? items.length : undefined;
    },
    PATIENCE_MS,
  );
  t.log(`${count} playlists of ${servers} servers, ${(to - from) / SECOND} s`);
}

async function playsAcross(t: ExecutionContext, scene: Scene, { from, to }: Span): Promise<void> {
  const { page, cameraId } = scene;
  await page.goto(urlOf(scene, playbackLink({ cameras: [cameraId], at: from })));
  await shownVideos(page).first().waitFor();
  await watchTile(page);
  await page.keyboard.press('Space');
  await waitFor('the other side', async () => (await playheadAt(page)) * SECOND > to, PATIENCE_MS);
  const seen = await watched(page);
  await page.keyboard.press('Space');
  t.log(`looked at ${seen.frames} frames: ${JSON.stringify(seen)}`);
  t.true(seen.frames > 30);
  t.is(seen.black, 0);
  t.is(seen.none, 0);
}

test('playback goes across the kill of a recorder and its return, in pictures of their time', async (t) => {
  t.timeout(235_000);
  const site = await startSpares(t, { spares: ['Spare A', 'Spare B'], camerasEach: 1, standbyLevel: 'warm' });
  for (const { box } of site.spares) await box().api.call('PATCH', '/failover/settings', { restorationLimit: SLOWLY });
  const [recorder] = site.recorders;
  const [one] = site.cameras;
  const camera = site.simulator.cameraOf(one?.simulated ?? '');
  if (recorder === undefined || one === undefined || camera === undefined) throw new Error('a camera is needed');
  const { cameraId } = one;
  await recordedUntil(site, Date.now() + 10 * SECOND);
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page, complaints } = await openPage(t, browser);
  await readBarCodesOf(page);
  const scene: Scene = { site, page, camera, cameraId };
  await signIn(page, urlOf(scene, ''), '/events');

  const killed = await killServer(recorder);
  await oneOwnerEach(site);
  t.pass();
  const owned = Date.now();
  await passed('footage of the failover server', owned + 14 * SECOND);
  const seam = await beginOfCover(scene, killed);
  t.log(`covered since ${seam - killed} ms after the kill`);
  // It says that it covers before it has written something.
  const covered = Math.max(owned, seam);
  /** Its cover may begin later than the failure: between the two there is no picture. */
  const before = Math.min(killed, seam) - 4 * SECOND;
  await passed('as much of it on a slow machine', covered + 14 * SECOND);

  // The recorder is gone: what it has cannot be seen, what the failover server has can.
  await pictureAt(t, scene, covered + 3 * SECOND);
  const first = coveringNow(site);
  // Both may have begun: who recorded that picture need not be who covers now.
  const by = page.getByText(/^by Spare [AB]$/).first();
  await by.waitFor();
  t.log(`shown is what was recorded ${(await by.textContent()) ?? ''}; ${first.name} covers now`);
  await page.goto(urlOf(scene, playbackLink({ cameras: [cameraId], at: before - SECOND })));
  await page.locator('.stage').getByText('Recorder is not connected').waitFor();
  await keepScreenshot(page, 'playback-recorder-killed');

  // So is the one that covers it: a third goes on.
  t.pass();
  const killedToo = await killServer(first);
  const others = site.spares.filter((spare) => spare !== first);
  await oneOwnerEach(site, others);
  const thirdOwned = Date.now();
  const thirdSince = Math.max(thirdOwned, await beginOfCover(scene, killedToo));
  await passed('footage of the other failover server', thirdSince + 6 * SECOND);

  await Promise.all([first.start(), recorder.start()]);
  const back = await waitFor(
    'the recorder to record again',
    async () => {
      const { items } = await ask<{ readonly items: readonly SiteCamera[] }>(scene, '/site/cameras');
      const own = items.find(({ id }) => id === cameraId);
      // `asOf`: the word of the time before it was killed.
      const isToldNow = own?.serverConnected === true && own.asOf === undefined;
      return isToldNow && own.coveredBy === undefined && own.state === 'recording' ? Date.now() : undefined;
    },
    PATIENCE_MS,
  );
  t.pass();
  // The page that said so goes on by itself.
  await page.locator('.stage').getByText('Recorder is not connected').waitFor({ state: 'detached' });
  await passed('footage of the recorder', back + 12 * SECOND);
  await liesAt(t, scene, { from: before, to: back + 4 * SECOND }, 3);
  for (const [from, to] of [
    [before, Math.max(seam, killed) + 3 * SECOND],
    [killedToo - 4 * SECOND, thirdSince + 3 * SECOND],
    [back - 5 * SECOND, back + 4 * SECOND],
  ] as const)
    await playsAcross(t, scene, { from, to });
  await pictureAt(t, scene, thirdSince + 3 * SECOND);
  await pictureAt(t, scene, before);
  await pictureAt(t, scene, covered + 5 * SECOND);
  await keepScreenshot(page, 'playback-real-takeover');
  t.deepEqual(complaints, []);
});
