/** Failover > Activity on the mock API: since when and where a camera is covered, when Restore is offered, what one return is. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { openActivity, spare } from '../support/activity-page.ts';
import { launch, type Look } from '../support/browser.ts';
import { knownMock, restorationMock, takeoverMock, watchMock } from '../support/mock-activity-data.ts';
import type { MockOptions } from '../support/mock-routes.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());
const open = (t: ExecutionContext, options: MockOptions, look?: Look): Promise<Page> =>
  openActivity({ t, browser }, options, look);

test.serial('a cover begins no sooner than the suspicion, and is told of the server that records', async (t) => {
  const suspected = Date.now() - 36_000;
  const at = (ms: number): string => new Date(suspected + ms).toISOString();
  const camera = { covered: true, lastFrameAt: at(35_000) };
  const taken = takeoverMock({
    suspectedAt: at(0),
    declaredAt: at(30_000),
    cameras: [
      { ...camera, cameraId: 'yard-1', name: 'Hot', firstFrameAt: at(-36_000) },
      { ...camera, cameraId: 'yard-2', name: 'Cold', firstFrameAt: at(2000) },
      { cameraId: 'yard-3', name: 'Late', covered: false },
    ],
  });
  const page = await open(t, { activity: { takeovers: [taken] } });
  const clock = await page.evaluate<string>(
    `new Date(${suspected}).toLocaleTimeString(undefined, { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' })`,
  );
  await page.getByRole('heading', { name: `Spare-NAS records 2 cameras of Yard-NAS since ${clock}.` }).waitFor();
  const cameras = page.getByRole('list', { name: 'Cameras of Yard-NAS' }).getByRole('listitem');
  const hot = `Recorded at Spare-NAS since ${clock} · footage from before is kept too · frame`;
  await cameras.filter({ hasText: 'Hot' }).getByText(hot).waitFor();
  await cameras
    .filter({ hasText: 'Cold' })
    .getByText(/^Recorded at Spare-NAS since \d\d:\d\d:\d\d · frame/)
    .waitFor();
  await cameras.filter({ hasText: 'Late' }).getByText('Not recorded at Spare-NAS yet').waitFor();
  await shows(
    t,
    async () => await page.getByRole('button', { name: 'Restore', exact: true }).count(),
    1,
    'Yard-NAS is there',
  );
});

test.serial(
  'Restore is offered when the server is back; one return is one row; a new protection is no neglect',
  async (t) => {
    const dead = knownMock({ connected: false, watch: watchMock({ state: 'failed', covered: 5 }) });
    const page = await open(t, {
      activity: { takeovers: [takeoverMock()], servers: [dead, spare] },
    });
    await page.getByText('Yard-NAS is not connected. Restore is offered here when it is back.').waitFor();
    await shows(t, async () => await page.getByRole('button', { name: 'Restore', exact: true }).count(), 0);

    const over = { state: 'done', files: { done: 4, total: 4 }, bytes: { done: 1.2e7, total: 1.2e7 } } as const;
    const part = (id: string, second: string): ReturnType<typeof restorationMock> =>
      restorationMock({
        ...over,
        id,
        startedAt: `2026-11-20T10:00:${second}.000Z`,
        endedAt: `2026-11-20T10:00:${second}.900Z`,
      });
    const added = new Date(Date.now() - 120_000).toISOString();
    const back = await open(t, {
      activity: {
        restorations: [part('b', '40'), part('a', '10')],
        drills: [],
        servers: [knownMock({ knownSince: added, watch: watchMock({}) }), spare],
      },
    });
    await back.getByText(/:00:10 – \d\d:00:40 · 24 MB in 8 files$/).waitFor();
    await shows(t, async () => await back.getByText('Done', { exact: true }).count(), 1);
    const rehearsed = back.locator('.act-watched .chip', { hasText: 'never rehearsed' });
    await shows(t, async () => (await rehearsed.getAttribute('class'))?.includes('warn'), false);
  },
);
