/** Requests that a browser test keeps back, or their answers, to do what somebody does who is faster than the box. */
import type { Page } from 'playwright-core';

export type Held = {
  /** Requests that wait, or waited. */
  readonly asked: () => number;
  /** Lets them pass to the box, and all that come. */
  readonly release: () => void;
};

/** Of requests of `method` whose address matches. */
export async function holdAnswers(page: Page, method: string, address: RegExp): Promise<Held> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let asked = 0;
  await page.route(address, async (route) => {
    if (route.request().method() !== method) return await route.fallback();
    asked += 1;
    await released;
    return await route.fallback();
  });
  return { asked: () => asked, release };
}

/** The next one to such an address is answered at once by the box, and the page gets the answer when it is released. */
export async function holdNextAnswer(page: Page, address: RegExp): Promise<Held> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let asked = 0;
  await page.route(
    address,
    async (route) => {
      const response = await route.fetch();
      asked += 1;
      await released;
      return await route.fulfill({ response });
    },
    { times: 1 },
  );
  return { asked: () => asked, release };
}
