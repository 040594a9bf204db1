/** How long each view takes from the click that leads there until it is painted, on a site of 64 cameras and 30 days. */
import type { Page } from 'playwright-core';
import { following, startLargeSite, visitAll, visitNeutral, VIEWS, type View } from '../../test/support/large-site.ts';

export type ViewTimes = {
  readonly name: string;
  /** Milliseconds, of each time it was gone to. */
  readonly painted: readonly number[];
};

/** The click, and then the first frame after what the view is about is there: what the mock API takes is in it. */
const clicked = ({ href, ready }: View): string => `new Promise((resolve) => {
  const start = performance.now();
  ${following(href)};
  requestAnimationFrame(function look() {
    const there = document.querySelector('[href="${href}"][aria-current="page"]') !== null;
    if (!there || document.querySelector(${JSON.stringify(ready)}) === null) return requestAnimationFrame(look);
    return setTimeout(() => resolve(performance.now() - start));
  });
})`;

export async function viewTimes(page: Page, runs: number): Promise<readonly ViewTimes[]> {
  const api = await startLargeSite();
  try {
    await visitAll(page, api.url);
    const all = VIEWS.map(({ name }) => ({ name, painted: [] as number[] }));
    for (let run = 0; run < runs; run += 1)
      for (const [index, view] of VIEWS.entries()) {
        await visitNeutral(page);
        await page.waitForTimeout(300); // what the view before does behind its first paint is not this one's
        all[index]?.painted.push(await page.evaluate<number>(clicked(view)));
      }
    return all;
  } finally {
    await api.close();
  }
}
