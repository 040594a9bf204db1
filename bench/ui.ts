/**
 * `./build.sh bench ui`: what a person feels, measured in Chromium on the real service with four simulated cameras on loopback.
 *
 * Live latency is glass to glass: the bar code in each picture tells which frame it is, the simulated camera when that frame was due, the
 * browser when it is on screen. Everything runs on this machine, so the figures hold camera, recorder, service and browser on its cores.
 * Writes docs/results/ui.md.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { counterShowing, readBarCode } from '../src/simulator/bar-code.ts';
import type { SimulatedCamera } from '../src/simulator/simulated-camera.ts';
import { launch } from '../test/support/browser.ts';
import { startMockApi } from '../test/support/mock-api.ts';
import { readBarCodesOf, recordedUntil, signIn, startRecordingBox } from '../test/support/real-box.ts';
import type { RecordingBox } from '../test/support/real-box.ts';
import { viewTimes } from './support/view-times.ts';

const ROOT = resolve(import.meta.dirname, '..');
const RUNS = 5;
/** Of pages that open in a moment: enough that a 95th of 100 means something. */
const LOADS = 24;
const LIVE_SECONDS = 10;
const NAMES = ['Street', 'Entrance', 'Garden', 'Warehouse'];

type Row = { readonly what: string; readonly figure: string; readonly target: string };
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const ms = (value: number): string => `${value.toFixed(0)} ms`;
const halves = (values: readonly number[]): string =>
  `p50 ${ms(quantile(values, 0.5))}, p95 ${ms(quantile(values, 0.95))} (${values.length})`;

async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await readBarCodesOf(page);
  return page;
}

type Shown = { readonly label: string; readonly at: number; readonly data: readonly number[] };
/** Every new picture of every <video>: when it is on screen, and its bar code's corner. */
const watch = (seconds: number): string => `new Promise((resolve) => {
  const all = [];
  let over = false;
  for (const video of document.querySelectorAll('.tile video:not([hidden])')) {
    video.requestVideoFrameCallback(function shown(now, { expectedDisplayTime }) {
      all.push({ label: video.getAttribute('aria-label'), at: Date.now() + Math.max(0, expectedDisplayTime - performance.now()), data: cornerOf(video) });
      if (!over) video.requestVideoFrameCallback(shown);
    });
  }
  setTimeout(() => { over = true; resolve(all); }, ${seconds * 1000});
})`;

async function latencies(page: Page, { simulator }: RecordingBox): Promise<readonly number[]> {
  const shown = await page.evaluate<readonly Shown[]>(watch(LIVE_SECONDS));
  return shown.flatMap(({ label, at, data }) => {
    const camera = simulator.cameras[NAMES.findIndex((name) => label.endsWith(name))];
    const number = readBarCode({ width: 96, height: 8, channels: 1, data });
    return camera === undefined || number === undefined ? [] : [ageOf(camera, at, number)];
  });
}

function ageOf({ origin, frameMs, framesPerLoop }: SimulatedCamera, at: number, number: number): number {
  const counter = counterShowing(number, Math.floor((at - origin) / frameMs), framesPerLoop);
  return at - (origin + counter * frameMs);
}

/** From a click until so many videos have a picture. */
const untilShown = (click: string, videos: string, count: number): string => `new Promise((resolve) => {
  const start = performance.now();
  document.querySelector('${click}').click();
  requestAnimationFrame(function look() {
    const shown = [...document.querySelectorAll('${videos}')].filter((video) => video.readyState >= 2 && video.videoWidth > 0);
    if (shown.length >= ${count}) resolve(performance.now() - start); else requestAnimationFrame(look);
  });
})`;
/** Counted as this much when nothing came. */
const SEEK_LIMIT_MS = 8000;
/**
 * From a press on the timeline until the next picture is on screen; read from `sought` later. It listens before the press is sent: sent
 * in one go, some presses were there before the listener, and counted as pictures that never came.
 */
const LISTEN_FOR_PRESS = `globalThis.sought = new Promise((resolve) => {
  const video = document.querySelector('.stage video:not([hidden])');
  setTimeout(() => resolve(${SEEK_LIMIT_MS}), ${SEEK_LIMIT_MS});
  addEventListener('pointerdown', () => {
    const start = performance.now();
    const before = video.currentTime;
    requestAnimationFrame(function look(now) {
      const there = Math.abs(video.currentTime - before) > 1 && !video.seeking && video.readyState >= 2;
      if (there) resolve(now - start); else requestAnimationFrame(look);
    });
  }, { once: true, capture: true });
}), undefined`;

async function measureLive(page: Page, box: RecordingBox): Promise<readonly Row[]> {
  const starts: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await page.locator('a[href="/events"]').first().click();
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    starts.push(await page.evaluate<number>(untilShown('a[href="/live"]', '.tile video', NAMES.length)));
  }
  await page.waitForTimeout(3000);
  const grid = await latencies(page, box);
  await page.getByRole('button', { name: 'Enlarge Street' }).click({ force: true });
  await page.waitForTimeout(3000);
  const one = await latencies(page, box);
  return [
    { what: 'Live, glass to glass, grid of 4 sub-streams', figure: halves(grid), target: 'p50 <= 350 ms' },
    { what: 'Live, glass to glass, one main stream', figure: halves(one), target: 'p50 <= 350 ms' },
    { what: 'Live, click to 4 pictures', figure: halves(starts), target: '' },
  ];
}

async function measurePlayback(page: Page): Promise<readonly Row[]> {
  const [starts, seeks]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    await page.locator('a[href="/events"]').first().click();
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    starts.push(await page.evaluate<number>(untilShown('a[href="/playback"]', '.stage video:not([hidden])', 1)));
  }
  await page.getByRole('button', { name: '10 min' }).click();
  const field = await page.locator('.tl-field').boundingBox();
  const head = await page.getByRole('slider').boundingBox();
  if (field === null || head === null) throw new Error('no timeline');
  const perSecond = field.width / 600;
  for (let run = 0; run < RUNS * 2; run += 1) {
    await page.evaluate(LISTEN_FOR_PRESS);
    await page.mouse.click(head.x + head.width / 2 + (run % 2 === 0 ? -25 : 15) * perSecond, field.y + 40);
    seeks.push(await page.evaluate<number>('globalThis.sought'));
    await page.waitForTimeout(300);
  }
  return [
    { what: 'Playback, click on the page to the first picture', figure: halves(starts), target: 'p50 <= 500 ms' },
    { what: 'Playback, click on the timeline to that picture', figure: halves(seeks), target: 'p50 <= 500 ms' },
  ];
}

async function measurePan(browser: Browser): Promise<readonly Row[]> {
  const api = await startMockApi({ media: false });
  const page = await openPage(browser);
  try {
    await page.goto(`${api.url}/playback?cameras=none`);
    await page.getByRole('slider').waitFor();
    await page.getByRole('button', { name: '24 h' }).click();
    await page.waitForTimeout(1000);
    const field = await page.locator('.tl-field').boundingBox();
    if (field === null) throw new Error('no timeline');
    const frames = page.evaluate<
      number[]
    >(`new Promise((resolve) => { const all = []; let last = performance.now(); const end = last + 4000;
      requestAnimationFrame(function tick(now) { all.push(now - last); last = now; if (now < end) requestAnimationFrame(tick); else resolve(all.slice(2)); }); })`);
    await page.mouse.move(field.x + 700, field.y + 200);
    await page.mouse.down();
    for (let step = 0; step < 240; step += 1)
      await page.mouse.move(field.x + 700 + 300 * Math.sin(step / 15), field.y + 200);
    await page.mouse.up();
    const times = await frames;
    const figure = `median frame ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms (${times.length})`;
    return [{ what: 'Pan of a day of 16 cameras with gaps', figure, target: '60 a second: 16.7 ms' }];
  } finally {
    await page.context().close();
    await api.close();
  }
}

async function measurePaint(browser: Browser, url: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [throttle, target] of [
    [1, '<= 300 ms'],
    [4, '<= 1000 ms'],
  ] as const) {
    const paints: number[] = [];
    for (let run = 0; run < LOADS; run += 1) {
      const page = await openPage(browser);
      const tools = await page.context().newCDPSession(page);
      await tools.send('Emulation.setCPUThrottlingRate', { rate: throttle });
      await page.goto(url);
      const paint = `new Promise((resolve) => new PerformanceObserver((list) => { for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') resolve(startTime); }).observe({ type: 'paint', buffered: true }))`;
      paints.push(await page.evaluate<number>(paint));
      await page.context().close();
    }
    rows.push({ what: `First contentful paint, empty cache, CPU ${throttle}x slower`, figure: halves(paints), target });
  }
  return rows;
}

async function measureViews(browser: Browser): Promise<readonly Row[]> {
  const page = await openPage(browser);
  try {
    return (await viewTimes(page, LOADS)).map(({ name, painted }) => ({
      what: `${name}, 64 cameras and 30 days: click to painted`,
      figure: halves(painted),
      target: 'p50 <= 200 ms',
    }));
  } finally {
    await page.context().close();
  }
}

type Chunk = { readonly file: string; readonly imports?: readonly string[]; readonly css?: readonly string[] };
function bundleRows(): readonly Row[] {
  const web = join(ROOT, 'dist/web');
  const manifest = JSON.parse(readFileSync(join(web, '.vite/manifest.json'), 'utf8')) as Readonly<
    Record<string, Chunk>
  >;
  const weight = (file: string): number => gzipSync(readFileSync(join(web, file))).length / 1024;
  const withImports = (key: string, seen = new Set<string>()): ReadonlySet<string> => {
    if (seen.has(key)) return seen;
    seen.add(key);
    for (const other of manifest[key]?.imports ?? []) withImports(other, seen);
    return seen;
  };
  const sum = (keys: Iterable<string>): number =>
    [...keys].reduce((all, key) => all + weight(manifest[key]?.file ?? ''), 0);
  const first = new Set([...withImports('index.html'), ...withImports('src/pages/live/live-page.tsx')]);
  const playback = [...withImports('src/pages/playback/playback-page.tsx')].filter((key) => !first.has(key));
  const lazy = Object.keys(manifest).filter((key) => /epoch-video|draw-chart/.test(key));
  const row = (what: string, keys: Iterable<string>, target: string): Row => ({
    what,
    figure: `${sum(keys).toFixed(1)} KB`,
    target,
  });
  return [
    row('Scripts of shell and live view, compressed', first, '<= 40 KB'),
    row('Scripts of playback beside them', playback, '<= 27 KB'),
    ...lazy.map((key) => row(`Loaded when needed: ${key.includes('chart') ? 'uPlot' : 'hls.js'}`, [key], '')),
  ];
}

function reportOf(rows: readonly Row[]): string {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const table = rows.map(({ what, figure, target }) => `| ${what} | ${figure} | ${target} |`).join('\n');
  return `# The web UI, measured

\`./build.sh bench ui\` on ${machine}: service, four simulated cameras (25 frames a second, a key frame every 2 s), and headless Chromium
without a GPU share these cores. In brackets: how many were measured. The bar code in each picture tells its frame, the simulated camera when that was due.
A click on the timeline without a picture within 8 s counts as 8000 ms.

| What | Measured | Target |
|---|---|---|
${table}
`;
}

const ends: (() => unknown)[] = [];
const t = { teardown: (end: () => unknown): void => void ends.push(end) };
try {
  const box = await startRecordingBox(
    t,
    NAMES.map((_, index) => ({ id: `cam-${index + 1}` })),
    NAMES,
  );
  const browser = await launch();
  t.teardown(() => browser.close());
  const pan = await measurePan(browser);
  const views = await measureViews(browser);
  await recordedUntil(box, Date.now() + 66_000 - performance.now());
  const paint = await measurePaint(browser, box.url);
  const page = await openPage(browser);
  await signIn(page, box.url);
  await page
    .locator('.tile.live')
    .nth(NAMES.length - 1)
    .waitFor();
  const live = await measureLive(page, box);
  console.log(JSON.stringify([...pan, ...paint, ...views, ...live]));
  const playback = await measurePlayback(page);
  const report = reportOf([...live, ...playback, ...pan, ...views, ...paint, ...bundleRows()]);
  await writeFile(join(ROOT, 'docs/results/ui.md'), report);
  console.log(report);
} finally {
  for (const end of ends.toReversed()) await end();
}
