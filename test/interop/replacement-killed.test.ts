/**
 * Replacements that are cut off: real servers, killed at random moments. In the end one server owns the identity. `SEED` draws who is killed
 * and when; `./build.sh campaign interruptions` plays many.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { systemClock as clock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import { COVERING, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { finish, idsOf, isUp, kill, playedAt, replaceBy, serverOf, settingsOf } from '../support/replacing.ts';
import type { Ids } from '../support/replacing.ts';
import { createRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** What a replacement takes here, about: kills fall before, into and behind it. */
const LONGEST_MS = 250;

async function ownsIt(t: ExecutionContext, pair: Pair, { successor }: Ids): Promise<void> {
  t.like(await serverOf(pair.covering()), { id: successor, name: PROTECTED, mode: 'recording' });
  for (const file of ['cameras', 'users'])
    t.deepEqual(await settingsOf(pair, COVERING, file), await settingsOf(pair, PROTECTED, file), file);
  await pair.comeBack();
  const told = async (): Promise<unknown> => (await serverOf(pair.protectedBox())).replacedBy;
  t.like(await waitFor('the original to hear of it', told, PATIENCE_MS), { id: successor });
}

const random = createRandom(SEED);
const which = random.pick(['control', 'all'] as const);
test.serial(`killed in the middle (${which}): it goes on, and one server owns everything`, async (t) => {
  t.timeout(280_000);
  const pair = await startPair(t);
  const ids = await idsOf(pair);
  pair.kill();
  await pair.covered(3000);
  const asked = replaceBy(pair, ids, { confirm: PROTECTED }).catch(() => undefined);
  const afterMs = random.int(0, LONGEST_MS);
  await clock.sleep(durationMs(afterMs));
  await kill(pair.covering(), which);
  await asked;
  if (which === 'all') await pair.startCovering();
  t.log(`killed after ${afterMs} ms: ${await finish(t, pair, ids)}`);
  await clock.sleep(durationMs(3000));
  // Media of its own is not touched by a kill of control: not one frame is lost.
  const played = await playedAt(pair.covering(), pair);
  if (which === 'control') isWhole(t, played);
  t.deepEqual([played.doubled, played.reordered, played.altered], [[], [], []]);
  await ownsIt(t, pair, ids);
});

test.serial('the original comes back in the middle, and is killed: it is told, whenever it is there', async (t) => {
  t.timeout(280_000);
  const pair = await startPair(t);
  const ids = await idsOf(pair);
  pair.kill();
  await pair.covered(3000);
  // Asked first: once it records again nobody takes its place.
  const asked = replaceBy(pair, ids, { confirm: PROTECTED });
  await Promise.all([asked, pair.comeBack()]);
  pair.kill();
  await waitFor('control to be signed in to', async () => await isUp(pair.covering()), PATIENCE_MS);
  await clock.sleep(durationMs(3000));
  isWhole(t, await playedAt(pair.covering(), pair));
  await ownsIt(t, pair, ids);
});
