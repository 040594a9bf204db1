/**
 * Licences of a real box that records: a camera beyond the seats is refused, an expiry, a clock that is set back, a file that is
 * tampered with and kills in the middle of adding one stop no recording and leave nothing half done.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { Licence, Licences } from '../../src/api/contract/licences.ts';
import { placeOf } from '../../src/demo/demo-box.ts';
import { readStatus } from '../../src/supervisor/instance.ts';
import type { LicenceTerms } from '../../src/site/licence.ts';
import { isRefused } from '../support/is-refused.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { createRandom } from '../support/seeded-random.ts';
import {
  addCameras,
  addVolume,
  healthItem,
  killAll,
  PATIENCE_MS,
  recordMore,
  signIn,
  startAgain,
  startServiceBox,
  stopBox,
} from '../support/service-box.ts';
import type { ServiceBox } from '../support/service-box.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const ISSUER = createIssuer();
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const DAY = 86_400_000;
const KILLS = 6;

/** Two cameras are recorded, and the box trusts the issuer. */
async function boxWithIssuer(t: ExecutionContext): Promise<ServiceBox> {
  const box = await startServiceBox(t, { cameras: 2 });
  await addVolume(box, await tempDir(t, 'footage'), 16 * 1024 * 1024);
  await addCameras(box);
  await writeFile(join(box.dataDir, 'keys', 'licence-issuers.pem'), ISSUER.pem);
  await recordMore(box, 1);
  return box;
}
const add = async ({ api }: ServiceBox, terms: Partial<LicenceTerms>): Promise<Licence> =>
  (await api.call('POST', '/licences', { licence: licenceOf(ISSUER, terms) })) as Licence;
const licencesOf = async ({ api }: ServiceBox): Promise<Licences> => (await api.call('GET', '/licences')) as Licences;
const statesOf = async (box: ServiceBox): Promise<readonly string[]> =>
  (await licencesOf(box)).items.map(({ id, state }) => `${id} ${state}`);
const oneMore = async (box: ServiceBox): Promise<unknown> =>
  await box.api.call('POST', '/cameras', { name: 'More', main: { url: box.simulator.cameras[0]?.urlOf('main') } });
const TOO_MANY = { status: 409, message: /lets this server record 2 cameras; 2 are recorded now, and 3 would be/ };

test('a licence that is too small, expires, or is tampered with stops no recording; a clock set back revives none', async (t) => {
  const box = await boxWithIssuer(t);
  const expiresAt = new Date(Date.now() + 10 * DAY).toISOString();
  await add(box, { id: 'ten-days', expiresAt, seats: { recordedCameras: 2 } });
  await isRefused(t, async () => await oneMore(box), TOO_MANY);
  await recordMore(box, 1);

  if (existsSync(FAKETIME)) {
    await stopBox(box);
    await startAgain(box, { LD_PRELOAD: FAKETIME, FAKETIME: '+20d', FAKETIME_DONT_FAKE_MONOTONIC: '1' });
    t.deepEqual(await statesOf(box), ['ten-days expired']);
    t.regex((await healthItem(box, 'licence-expired')).message, /Whatever is recorded or covered goes on/);
    await stopBox(box);
    await startAgain(box);
    t.deepEqual(await statesOf(box), ['ten-days expired'], 'the clock was set back by twenty days');
    await isRefused(t, async () => await oneMore(box), {
      status: 409,
      message: /record 2 cameras|no-seat|The licence/,
    });
    await recordMore(box, 1);
    await box.api.call('DELETE', '/licences/ten-days');
  } else t.log('without libfaketime the clock stays as it is');

  await add(box, { id: 'good', seats: { recordedCameras: 2 } });
  await stopBox(box);
  await tamper(box);
  await startAgain(box);
  t.regex((await healthItem(box, 'licence-untrusted')).message, /signature/);
  t.true((await statesOf(box)).some((state) => state.endsWith(' untrusted')));
  await recordMore(box, 1);
});

/** More seats under the old signature, in every generation of the file. */
async function tamper({ dataDir }: ServiceBox): Promise<void> {
  const folder = join(dataDir, 'settings');
  for (const name of (await readdir(folder)).filter((one) => one.startsWith('licences.json'))) {
    const path = join(folder, name);
    const more = licenceOf(ISSUER, { id: 'good', seats: { recordedCameras: 2000 } }).split('.')[1] ?? '';
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replaceAll(/"text": ?"([^".]*)\.[^".]*\./g, `"text": "$1.${more}.`),
    );
  }
}

test('a box that is killed in the middle of adding a licence has it whole or not at all, and goes on recording', async (t) => {
  const box = await boxWithIssuer(t);
  const random = createRandom(11);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const id = `kill-${kill}`;
    const added = add(box, { id, seats: { coveredCameras: 1 } }).then(
      () => true,
      () => false,
    );
    await sleep(random.int(0, 60));
    const pid = readStatus(box.dataDir)?.control?.pid;
    const before = placeOf(box.dataDir)?.pid;
    if (kill === KILLS - 1) {
      await killAll(box);
      await added;
      await startAgain(box);
    } else {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await waitFor('control to run again', () => (placeOf(box.dataDir)?.pid ?? before) !== before, PATIENCE_MS);
      await waitFor('control to answer', async () => await signIn(box), PATIENCE_MS);
    }
    // It may be on its way still, and reach who was started again.
    const wasAnswered = await added;
    const states = await statesOf(box);
    if (wasAnswered) t.true(states.includes(`${id} in-force`), 'what was answered is there');
    t.false(
      states.some((state) => state.endsWith('untrusted')),
      states.join(', '),
    );
    if (states.includes(`${id} in-force`))
      await isRefused(t, async () => await add(box, { id, seats: { coveredCameras: 1 } }), {
        status: 409,
        message: /already/,
      });
    else await add(box, { id, seats: { coveredCameras: 1 } });
  }
  t.is((await licencesOf(box)).items.length, KILLS);
  await recordMore(box, 1);
});
