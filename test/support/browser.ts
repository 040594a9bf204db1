/** Debian's Chromium for tests, with the flags that keep it still and offline. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { chromium, type Browser, type Page } from 'playwright-core';

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
const PATIENCE_MS = 30_000;

export type Look = {
  readonly theme?: 'dark' | 'light';
  readonly width?: number;
  readonly height?: number;
  readonly locale?: string;
};

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });

/** A fresh page; what it complains about (broken scripts, forbidden by the security policy) is collected. */
export async function openPage(
  t: ExecutionContext,
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
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy|violates/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}

/** Kept under docs/images: the README and the documents show them. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
}
