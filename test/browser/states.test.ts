/** What may happen while somebody looks, on real processes: another picture size, HEVC, a box that goes and comes back, a session ended elsewhere. */
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { startBox } from '../../src/demo/demo-box.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { launch, openPage } from '../support/browser.ts';
import {
  PASSWORD,
  PATIENCE_MS,
  readBarCodesOf,
  recordedUntil,
  signIn,
  startRecordingBox,
  waitForMotion,
} from '../support/real-box.ts';
import { simulatorClips } from '../support/simulator-clips.ts';
import { waitFor } from '../support/wait-for.ts';

type Sized = { readonly videoWidth: number };

test('pictures of another size, HEVC, a box that goes and comes back, a session that ends', async (t) => {
  t.timeout(240_000);
  const hevc = await simulatorClips(t, 'h265', 'h265');
  const street = await loadScene(0);
  const box = await startRecordingBox(
    t,
    [{ id: 'street' }, { id: 'hevc', clips: { ...hevc, sub: street.sub } }],
    ['Street', 'Yard'],
  );
  const [camera, yard] = box.simulator.cameras;
  if (camera === undefined || yard === undefined) throw new Error('no camera');
  const browser = await launch();
  t.teardown(() => browser.close());
  const { page } = await openPage(t, browser);
  await readBarCodesOf(page);
  await signIn(page, box.url);
  const tile = (name: string) => page.locator('.tile').filter({ has: page.getByText(name, { exact: true }) });
  await waitForMotion(tile('Street').locator('video'), camera);
  await waitForMotion(tile('Yard').locator('video'), yard);

  // HEVC: said in words, and the sub-stream plays when it is asked for.
  await page.getByRole('button', { name: 'Enlarge Yard' }).click({ force: true });
  await page.getByText('This stream is H.265', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Show the sub-stream' }).click();
  await waitForMotion(tile('Yard').locator('video'), yard);

  t.pass();
  // Another size from now on: a new epoch, which the second <video> plays.
  // What is watched live is the sub-stream: on a slow machine the recording may begin later.
  await recordedUntil(box, Date.now());
  const before = Date.now();
  await recordedUntil(box, before + 4000);
  camera.order({ kind: 'resolution', variant: 'other' });
  await recordedUntil(box, Date.now() + 8000);
  await page.goto(`${box.url}/playback?cameras=${box.ids[0] ?? ''}&at=${new Date(before + 1000).toISOString()}`);
  const shown = page.locator('.stage video:not([hidden])');
  const widthIs = (width: number) => async (): Promise<boolean> =>
    (await shown.count()) === 1 && (await shown.evaluate<number, Sized>(({ videoWidth }) => videoWidth)) === width;
  try {
    await waitFor('the first size', widthIs(640), PATIENCE_MS);
  } catch (cause) {
    const seen = await page.locator('.stage, .timeline [role=slider]').allInnerTexts();
    throw new Error(`the first size was waited for in vain: ${JSON.stringify(seen)}`, { cause });
  }
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await waitFor('the other size', widthIs(480), PATIENCE_MS);
  const there = await shown.evaluate<number, { readonly currentTime: number }>(({ currentTime }) => currentTime);
  await waitFor(
    'the other size to play',
    async () =>
      (await shown.evaluate<number, { readonly currentTime: number }>(({ currentTime }) => currentTime)) > there + 0.5,
    PATIENCE_MS,
  );
  camera.order({ kind: 'resolution', variant: 'original' });

  t.pass();
  // The box goes: a banner, no picture that pretends to be live. It comes back: so do the pictures, by themselves.
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.locator('.tile.live').nth(1).waitFor();
  const port = box.box.port();
  await box.box.stop();
  await page.getByText('Connection to the box lost').waitFor();
  await page.locator('.tile.stale').nth(1).waitFor();
  const again = await startBox({
    dataDir: box.dataDir,
    httpPort: port,
    password: PASSWORD,
    clock: systemClock,
    logTo: 'ignore',
  });
  t.teardown(() => again.stop());
  await page.getByText('Connection to the box lost').waitFor({ state: 'detached' });
  await waitForMotion(tile('Street').locator('video'), camera);
  await waitForMotion(tile('Yard').locator('video'), yard);

  // A new password set elsewhere ends this session: the page asks again by itself.
  const users = await again.api.call('GET', '/users');
  const id = (users as { readonly items: readonly { readonly id: string }[] }).items[0]?.id ?? '';
  await again.api.call('PATCH', `/users/${id}`, { password: 'another horse battery', currentPassword: PASSWORD });
  await page.getByLabel('Password').waitFor();
  t.pass();
});
