/** Debian's Chromium for tests, with the flags that keep it still and offline. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { chromium, type Browser, type Page } from 'playwright-core';

const run = promisify(execFile);
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const IMAGES = join(import.meta.dirname, '../../docs/images');
/** Generous: an upper bound on a slow machine, not a measurement. */
const PATIENCE_MS = 60_000;

export type Look = {
  readonly theme?: 'dark' | 'light';
  readonly width?: number;
  readonly height?: number;
  readonly locale?: string;
};

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

/** A fresh page; what it complains about (broken scripts, forbidden by the security policy) is collected. */
export async function openPage(
  t: Pick<ExecutionContext, 'teardown'>,
  browser: Browser,
  look: Look = {},
): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const { theme = 'dark', width = 1440, height = 900, locale = 'en-GB' } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale,
    timezoneId: 'Europe/Berlin',
    ignoreHTTPSErrors: true,
    reducedMotion: 'reduce',
  });
  t.teardown(async () => {
    // An answer that a test changes on its way may be in its hands just now; without a page it is nothing.
    for (const page of context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy|violates/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}

/** Kept under docs/images with 256 colours, a quarter of the bytes: the README and the documents show them. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  const full = join(tmpdir(), `understudy-${randomUUID()}.png`);
  try {
    await page.screenshot({ path: full });
    const palette = 'split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=none';
    const input = ['-nostdin', '-v', 'error', '-y', '-i', full, '-filter_complex', palette];
    await run('ffmpeg', [...input, '-pred', 'none', '-compression_level', '9', join(IMAGES, `${name}.png`)]);
  } finally {
    await rm(full, { force: true });
  }
}
