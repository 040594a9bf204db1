/** What is seen before one is inside: sign-in in its states and each step of the first run, judged by axe in both themes and on a phone. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { axeFindings, isWiderThanScreen } from '../support/axe.ts';
import { launch, openPage, type Look } from '../support/browser.ts';
import { startMockApi } from '../support/mock-api.ts';
import { shows } from './shows.ts';

let browser: Browser;
test.before(async () => {
  browser = await launch();
});
test.after.always(() => browser.close());

const LOOKS = [
  { theme: 'dark', width: 1440, height: 900 },
  { theme: 'light', width: 390, height: 844 },
] as const;
type Door = { readonly page: Page; readonly isClean: (what: string) => Promise<void> };
async function open(
  t: ExecutionContext,
  look: Look,
  given: { readonly setupNeeded?: boolean; readonly host?: object } = {},
): Promise<Door> {
  const { host, ...options } = given;
  const api = await startMockApi({ media: false, signedIn: false, ...options });
  t.teardown(() => api.close());
  const { page, complaints } = await openPage(t, browser, look);
  if (host !== undefined)
    await page.route('**/api/v1/setup', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), host } });
    });
  await page.goto(`${api.url}/live`);
  await page.getByLabel('User name').waitFor();
  const isClean = async (what: string): Promise<void> => {
    t.deepEqual(await axeFindings(page), [], what);
    await shows(t, async () => await isWiderThanScreen(page), false, `${what} is wider than the screen`);
    t.deepEqual(complaints, [], what);
  };
  return { page, isClean };
}

for (const look of LOOKS) {
  const seen = `${look.theme}, ${look.width} pixels wide`;
  test.serial(`sign-in is accessible, also with what it refuses and where the host moved to: ${seen}`, async (t) => {
    const { page, isClean } = await open(t, look);
    await isClean('sign-in');
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await isClean('a wrong password');
    const host = { name: 'Spare-NAS', address: 'fd00::12', httpPort: 51_443 };
    const moved = await open(t, look, { host });
    await moved.page.getByText('Spare-NAS is the host of the site now.').waitFor();
    await moved.isClean('moved');
  });

  test.serial(`each step of the first run is accessible: ${seen}`, async (t) => {
    const { page, isClean } = await toRole(t, look, isShort);
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await page.getByRole('radio').first().check();
    await isClean('volume');
    await page.getByRole('button', { name: 'Record here' }).click();
    await page.getByText('P3245-LVE').waitFor();
    await isClean('cameras');
    await page.getByRole('button', { name: 'Add 2 cameras' }).click();
    await page.getByText(/At the present rate the volumes hold about/).waitFor();
    await isClean('cameras added');
    for (const [role, title] of [
      ['Failover server', 'Ready to stand by'],
      ['Host of a site', 'Ready to manage a site'],
    ] as const) {
      const other = await toRole(t, look);
      await other.page.getByRole('radio', { name: role }).check();
      await other.page.getByRole('button', { name: 'Go on', exact: true }).click();
      await other.page.getByRole('button', { name: 'Later' }).click();
      if (role === 'Host of a site') await other.page.getByRole('button', { name: 'Later' }).click();
      await other.page.getByRole('heading', { name: title }).waitFor();
      await other.isClean(role);
    }
  });
}

/** With a look at the first step, and at what it says of a password that is too short. */
async function isShort({ page, isClean }: Door): Promise<void> {
  await isClean('owner');
  await page.getByLabel('Password').fill('short');
  await page.getByText('5 more characters').waitFor();
  await isClean('a short password');
}

async function toRole(t: ExecutionContext, look: Look, lookAtOwner?: (door: Door) => Promise<void>): Promise<Door> {
  const door = await open(t, look, { setupNeeded: true });
  const { page, isClean } = door;
  await lookAtOwner?.(door);
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create owner' }).click();
  await page.getByRole('heading', { name: 'What shall this box be?' }).waitFor();
  if (lookAtOwner !== undefined) await isClean('role');
  return door;
}
