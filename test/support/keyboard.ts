/** A page without a pointer: where the focus is, whether it is seen, and how one gets by Tab from here to there. */
import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { settles } from './settles.ts';

/** More stops than any page has before what a walk goes to. */
const MOST_STOPS = 120;

type Stop = { readonly what: string; readonly isSeen: boolean; readonly isInDialog: boolean; readonly isBody: boolean };
const HERE = `(() => {
  const at = document.activeElement ?? document.body;
  // A choice is drawn by its label, which may carry what shows the focus.
  const drawn = [at, at.closest('label')].filter((one) => one !== null).map((one) => getComputedStyle(one));
  return {
    what: at.outerHTML.slice(0, 160),
    // A field of a time shows which of its parts has the focus.
    isSeen: at.type === 'datetime-local' || drawn.some(({ outlineStyle, outlineWidth, boxShadow }) => (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none'),
    isInDialog: at.closest('dialog[open]') !== null,
    isBody: at === document.body,
  };
})()`;
export const focusedOn = (page: Page): Promise<Stop> => page.evaluate<Stop>(HERE);
const isFocused = (target: Locator): Promise<boolean> =>
  target.evaluateAll((found) => found.some((one) => one === one.ownerDocument.activeElement));

/** Presses Tab until `target` has the focus; at each stop on the way the focus is seen. */
export async function tabTo(t: ExecutionContext, page: Page, target: Locator): Promise<void> {
  await target.first().waitFor();
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    if (await isFocused(target)) return;
    await page.keyboard.press('Tab');
    const { what, isSeen, isBody } = await focusedOn(page);
    if (!isSeen && !isBody) t.fail(`the focus is not seen on ${what}`);
  }
  t.fail(`${String(target)} is not reached by Tab`);
}

/** `target` is gone to and pressed. */
export async function pressOn(t: ExecutionContext, page: Page, target: Locator, key = 'Enter'): Promise<void> {
  await tabTo(t, page, target);
  await page.keyboard.press(key);
}

/** Tab goes round within the open dialog, over all of it and never out to the page; the way back is open too. */
export async function staysInDialog(t: ExecutionContext, page: Page): Promise<void> {
  t.true(await settles(true, async () => (await focusedOn(page)).isInDialog), 'the dialog has the focus');
  const first = (await focusedOn(page)).what;
  const seen = new Set<string>();
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press('Tab');
    const { what, isSeen, isInDialog, isBody } = await focusedOn(page);
    // Between the last and the first the browser itself has its turn.
    t.true(isInDialog || isBody, `the focus left the dialog for ${what}`);
    t.true(isSeen || isBody, `the focus is not seen on ${what}`);
    seen.add(what);
    if (what === first) break;
  }
  t.true(seen.has(first), 'the focus comes round');
  t.true(seen.size > 1, 'there is more than one stop');
}

/** Escape closes the dialog, and what opened it has the focus again. */
export async function escapesTo(t: ExecutionContext, page: Page, opener: Locator): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  t.true(await settles(true, () => isFocused(opener)), `the focus is on ${(await focusedOn(page)).what}`);
}

/** Whatever was done away with, the focus is somewhere in the page, not lost at its beginning. */
export async function hasFocus(t: ExecutionContext, page: Page): Promise<void> {
  t.true(await settles(true, async () => !(await focusedOn(page)).isBody), 'the focus is lost');
}
