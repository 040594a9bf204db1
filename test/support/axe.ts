/** What axe has to say against a page: WCAG 2.2 AA and best practice. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export type Finding = { readonly id: string; readonly target: string };

/** `within`, a selector: that part alone, such as the dialog over a page that was looked at before. */
export async function axeFindings(page: Page, within?: string): Promise<readonly Finding[]> {
  await page.evaluate(AXE);
  const part = within === undefined ? 'document' : JSON.stringify(within);
  return page.evaluate(`axe.run(${part}, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => ({ id, target: node.target.join(' ') + ' ' + node.html.slice(0, 120) }))))`);
}

export const isWiderThanScreen = async (page: Page): Promise<boolean> =>
  await page.evaluate('document.documentElement.scrollWidth > innerWidth');
