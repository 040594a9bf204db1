/** A failover server takes the place of the server that it covers, for good: real servers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Licences } from '../../src/api/contract/licences.ts';
import { systemClock as clock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { isRefused } from '../support/is-refused.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { COVERING, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import {
  followsWithoutLoss,
  idsOf,
  isUp,
  playedAt,
  replaceBy,
  replacementsOf,
  serverOf,
  settingsOf,
} from '../support/replacing.ts';
import { waitFor } from '../support/wait-for.ts';

test.serial('the acting failover server becomes the server that it covers, without a lost frame', async (t) => {
  t.timeout(240_000);
  const pair = await startPair(t, { prepare: addLicence });
  const ids = await idsOf(pair);
  const { successor } = ids;
  const replace = async (more: object): ReturnType<typeof replaceBy> => await replaceBy(pair, ids, more);

  await isRefused(t, async () => await replace({ confirm: PROTECTED }), { status: 409, message: /take it over first/ });
  pair.kill();
  await pair.covered(4000);
  const shown = await replace({ dryRun: true });
  t.deepEqual([shown.before.name, shown.after.name, shown.replacement], [COVERING, PROTECTED, undefined]);
  t.deepEqual(shown.after.cameras, [{ id: pair.cameraId, name: 'Door' }]);
  await isRefused(t, async () => await replace({ confirm: COVERING }), {
    status: 422,
    message: /Confirm with the name/,
  });
  t.is((await serverOf(pair.covering())).mode, 'failover', 'nothing was changed yet');

  const { replacement } = await replace({ confirm: PROTECTED });
  t.like(replacement, { state: 'done', originalTold: false });
  await waitFor('the successor to be signed in to', async () => await isUp(pair.covering()), PATIENCE_MS);
  t.like(await serverOf(pair.covering()), { id: successor, name: PROTECTED, mode: 'recording' });
  for (const file of ['cameras', 'users'])
    t.deepEqual(await settingsOf(pair, COVERING, file), await settingsOf(pair, PROTECTED, file), file);
  t.deepEqual(((await pair.covering().api.call('GET', '/servers')) as { items: unknown[] }).items, []);
  t.deepEqual(await licencesOf(pair.covering()), ['moves in-force'], 'its licence too');
  await clock.sleep(durationMs(8000));
  isWhole(t, await playedAt(pair.covering(), pair));
  const isOver = ({ state }: { readonly state: string }): boolean => ['failed', 'stopped', 'done'].includes(state);
  await waitFor('no restoration to go on', async () => (await pair.restorations()).every(isOver), PATIENCE_MS).catch(
    () => undefined,
  );
  const restorations = await pair.restorations();
  t.true(restorations.every(isOver), JSON.stringify(restorations));

  await pair.comeBack();
  const told = await waitFor(
    'the original to hear that it was replaced',
    async () => (await serverOf(pair.protectedBox())).replacedBy,
    PATIENCE_MS,
  );
  t.like(told, { id: successor, name: PROTECTED });
  await waitFor(
    'the successor to know that it was heard',
    async () => (await replacementsOf(pair.covering()))[0]?.originalTold,
    PATIENCE_MS,
  );
  const before = await stands(pair);
  await clock.sleep(durationMs(4000));
  t.is(await lastFrameAt(pair), before, 'the original records nothing');
  t.true((await serverOf(pair.protectedBox())).health.items.some(({ code }) => code === 'replaced'));
  isWhole(t, await playedAt(pair.covering(), pair));

  await followsWithoutLoss(t, { before: pair.protectedBox(), after: pair.covering() }, pair);

  const clear = async (confirm: string): Promise<unknown> =>
    await pair.protectedBox().api.call('POST', '/server/replaced/clear', { confirm });
  await isRefused(t, async () => await clear('Shed'), { status: 422, message: /1 cameras are removed/ });
  await clear(PROTECTED);
  t.is((await serverOf(pair.protectedBox())).replacedBy, undefined);
  t.deepEqual(((await pair.protectedBox().api.call('GET', '/cameras')) as { items: unknown[] }).items, []);
  t.deepEqual(await licencesOf(pair.protectedBox()), [], 'one licence is not in two places');
});

const lastFrameAt = async (pair: Pair): Promise<string | undefined> =>
  ((await pair.protectedBox().api.call('GET', `/cameras/${pair.cameraId}`)) as { lastFrameAt?: string }).lastFrameAt;
/** It recorded until it heard that it was replaced, and what it received by then is told within the next seconds. */
async function stands(pair: Pair): Promise<string | undefined> {
  const look = async (): Promise<{ readonly last: string | undefined } | undefined> => {
    const last = await lastFrameAt(pair);
    await clock.sleep(durationMs(2500));
    return (await lastFrameAt(pair)) === last ? { last } : undefined;
  };
  return (await waitFor('the original to stop', look, PATIENCE_MS)).last;
}

/** For the server that will be replaced; its successor does not know the issuer. */
async function addLicence({ protectedBox, dir }: { readonly protectedBox: Box; readonly dir: string }): Promise<void> {
  const issuer = createIssuer();
  await writeFile(join(dir, PROTECTED, 'keys', 'licence-issuers.pem'), issuer.pem);
  const licence = licenceOf(issuer, { id: 'moves', seats: { recordedCameras: 1 } });
  await protectedBox.api.call('POST', '/licences', { licence });
}
const licencesOf = async ({ api }: Box): Promise<readonly string[]> =>
  ((await api.call('GET', '/licences')) as Licences).items.map(({ id, state }) => `${id} ${state}`);
