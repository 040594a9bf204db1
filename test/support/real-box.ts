/** The product as it is installed, for tests in a browser: a supervisor with its children, simulated cameras, what a picture shows. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { addCameras, DEMO_USER, placeOf, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { readBarCode } from '../../src/simulator/bar-code.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { readStatus } from '../../src/supervisor/instance.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const SUPERVISOR = join(import.meta.dirname, '../../src/supervisor.ts');
/** An upper bound on a slow machine. */
export const PATIENCE_MS = 60_000;
export const PASSWORD = 'correct horse battery';

type Teardown = Pick<ExecutionContext, 'teardown'>;
export type FreshBox = { readonly dataDir: string; readonly url: () => string };

/** Started for the first time: nobody owns it yet. */
export async function startFreshBox(t: Teardown): Promise<FreshBox> {
  const dataDir = await tempDir(t, 'web');
  const args = [SUPERVISOR, '--data', dataDir, '--http-port', '0', '--peer-port', '0', '--bind', '127.0.0.1'];
  const box = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => box.once('close', resolve));
  t.teardown(async () => {
    box.kill('SIGTERM');
    await ended;
  });
  await waitFor('the box to listen', () => placeOf(dataDir) !== undefined, PATIENCE_MS);
  return { dataDir, url: () => `https://127.0.0.1:${placeOf(dataDir)?.port ?? 0}` };
}

export const startCameras = async (t: Teardown, cameras: readonly CameraOptions[]): Promise<Simulator> => {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, cameras);
  t.teardown(() => simulator.stop());
  return simulator;
};

export type RecordingBox = {
  readonly dataDir: string;
  readonly box: Box;
  readonly simulator: Simulator;
  readonly ids: readonly string[];
  readonly url: string;
};
/** Set up, and recording these cameras. */
export async function startRecordingBox(
  t: Teardown,
  cameras: readonly CameraOptions[],
  names: readonly string[] = [],
): Promise<RecordingBox> {
  const dataDir = await tempDir(t, 'web');
  const simulator = await startCameras(t, cameras);
  const box = await startBox({ dataDir, httpPort: 0, password: PASSWORD, clock: systemClock, logTo: 'ignore' });
  t.teardown(() => box.stop());
  const ids = await addCameras(box.api, simulator, names);
  return { dataDir, box, simulator, ids, url: `https://127.0.0.1:${box.port()}` };
}

/** Opens a page of the UI through the sign-in page. */
export async function signIn(page: Page, url: string, path = '/live', password = PASSWORD): Promise<void> {
  await page.goto(`${url}${path}`);
  await page.getByLabel('User name').fill(DEMO_USER);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByLabel('Password').waitFor({ state: 'detached' });
}

/** SIGKILL; resolves when it runs again. */
export async function killChild(dataDir: string, name: 'media' | 'control'): Promise<void> {
  const pid = readStatus(dataDir)?.[name]?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
  await waitFor(`${name} to run again`, () => (readStatus(dataDir)?.[name]?.pid ?? pid) !== pid, PATIENCE_MS);
}

/** Until something was recorded behind this wall time. */
export async function recordedUntil({ box, ids }: Pick<RecordingBox, 'box' | 'ids'>, wallMs: number): Promise<void> {
  for (const id of ids) {
    await waitFor(
      `${id} to be recorded`,
      async () => {
        const camera = await box.api.call('GET', `/cameras/${id}`).catch(() => undefined);
        const last = typeof camera === 'object' && camera !== null && 'lastFrameAt' in camera ? camera.lastFrameAt : '';
        return typeof last === 'string' && Date.parse(last) > wallMs;
      },
      PATIENCE_MS + Math.max(0, wallMs - Date.now()),
    );
  }
}

/** The bar code's corner of what a <video> shows, one byte a pixel; nothing while it shows nothing. */
const CORNER = `globalThis.cornerOf = (video) => {
  if (video.readyState < 2) return [];
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [96, 8];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, video.videoHeight - 8, 96, 8, 0, 0, 96, 8);
  return Array.from(context.getImageData(0, 0, 96, 8).data.filter((_, at) => at % 4 === 0));
}`;
type WithCorner = { readonly cornerOf: (video: unknown) => readonly number[] };
/** Before the first page is opened: lets tests read bar codes from it. */
export async function readBarCodesOf(page: Page): Promise<void> {
  await page.addInitScript(CORNER);
}

/** The number in the picture that this <video> shows; `undefined` while there is none. */
export async function shownNumber(video: Locator): Promise<number | undefined> {
  const data = await video.evaluate((element) => (globalThis as unknown as WithCorner).cornerOf(element));
  return data.length === 0 ? undefined : readBarCode({ width: 96, height: 8, channels: 1, data });
}

/** A player begins with the last key frame and then jumps to now; one of before may still be on screen. */
const MAX_JUMPS_BACK = 2;

/** Until the picture changed this often, forwards in the loop. */
export async function waitForMotion(video: Locator, { framesPerLoop }: SimulatedCamera, changes = 4): Promise<void> {
  let jumps = 0;
  let forwards = 0;
  let last = await waitFor('a picture', async () => await shownNumber(video), PATIENCE_MS);
  while (forwards < changes) {
    const before = last;
    const another = async (): Promise<number | undefined> => {
      const shown = await shownNumber(video);
      return shown === before ? undefined : shown;
    };
    last = await waitFor('the picture to move on', another, PATIENCE_MS);
    const isForwards = (last - before + framesPerLoop) % framesPerLoop < framesPerLoop / 2;
    if (!isForwards) jumps += 1;
    if (jumps > MAX_JUMPS_BACK) throw new Error(`the picture goes back from ${before} to ${last}`);
    forwards = isForwards ? forwards + 1 : 0;
  }
}

/** `off` as `framesOff` tells it, `most`: how far it may be. */
export const isPictureOf = (off: number | undefined, most: number): off is number =>
  off !== undefined && Math.abs(off) <= most;

/** How many frames the picture on screen is from the one that was due at `wallMs`; positive when it is newer. */
export function framesOff({ origin, frameMs, framesPerLoop }: SimulatedCamera, wallMs: number, shown: number): number {
  const due = Math.floor((wallMs - origin) / frameMs + 1e-6);
  const off = (((shown - due) % framesPerLoop) + framesPerLoop) % framesPerLoop;
  return off > framesPerLoop / 2 ? off - framesPerLoop : off;
}
