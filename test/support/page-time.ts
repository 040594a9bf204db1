/** How long a page works at something: its own processor time, which other work beside moves little. */
import type { ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';

/** What a view may take to answer. */
const BOUND_MS = 200;
export type Within = (name: string, work: () => Promise<unknown>, steps?: number) => Promise<void>;
/** Milliseconds of the page's main thread while `work` goes on, until the frame after it. */
export type Busy = (work: () => Promise<unknown>) => Promise<number>;

export async function busyOf(page: Page): Promise<Busy> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async (): Promise<number> => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  };
  return async (work) => {
    const before = await busy();
    await work();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))');
    return 1000 * ((await busy()) - before);
  };
}

/** `work` keeps the page busy for 200 ms at most, each of its steps; what it took is logged. */
export async function measured(t: ExecutionContext, page: Page): Promise<Within> {
  const busy = await busyOf(page);
  return async (name, work, steps = 1) => judge(t, name, (await busy(work)) / steps);
}

export function judge(t: ExecutionContext, name: string, took: number): void {
  t.log(`${name}: ${took.toFixed(0)} ms`);
  t.true(took <= BOUND_MS, `${name} took ${took.toFixed(0)} ms`);
}
/** The least of some measurements, asked for until one is within the bound: a machine that has ten times more to do makes all of them longer. */
export async function leastOf(tries: number, measure: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let at = 0; at < tries && least > BOUND_MS; at += 1) least = Math.min(least, await measure());
  return least;
}
