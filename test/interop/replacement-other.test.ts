/** Another recording server takes the place of a server that is covered: real servers. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { systemClock as clock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import { addCameras, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { isRefused } from '../support/is-refused.ts';
import { authorize, filesOf, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { PASSWORD } from '../support/real-box.ts';
import {
  finish,
  followsWithoutLoss,
  isUp,
  kill,
  playedAt,
  replaceBy,
  replacementsOf,
  serverOf,
  settingsOf,
} from '../support/replacing.ts';
import type { Ids } from '../support/replacing.ts';
import { createRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_122);
/** What the request takes here, about; handing over takes seconds more. */
const LONGEST_MS = 400;
const OTHER = 'Barn';
type Three = { readonly pair: Pair; readonly other: Box; readonly start: () => Promise<Box>; readonly ids: Ids };

/** A failover server that protects two, each with a camera. */
async function startThree(t: ExecutionContext): Promise<Three> {
  const pair = await startPair(t);
  const simulator = await startSimulator({ clock, log: silentLog }, [{ id: 'barn-1' }]);
  t.teardown(() => simulator.stop());
  const peerPort = await freePort();
  const place = { dataDir: join(pair.dir, OTHER), httpPort: 0, peerPort, password: PASSWORD, clock, name: OTHER };
  const boxes: Box[] = [];
  const start = async (): Promise<Box> => {
    let spawned: ChildProcess | undefined;
    const logTo = openSync(join(pair.dir, `${OTHER}.log`), 'a');
    const box = await startBox({ ...place, logTo, onSpawn: (supervisor) => (spawned = supervisor) }).catch(
      // Its accounts were replaced while it was signed in to: it runs, and lets in whoever asks again.
      async (error: unknown) => {
        if (spawned === undefined) throw error;
        const ended = once(spawned, 'close');
        spawned.kill('SIGTERM');
        await ended;
        return await startBox({ ...place, logTo });
      },
    );
    boxes.push(box);
    return box;
  };
  t.teardown(async () => void (await Promise.all(boxes.map((box) => box.stop()))));
  const other = await start();
  await addCameras(other.api, simulator, ['Gate']);
  await authorize(pair.covering(), other);
  const { id: original } = await serverOf(pair.protectedBox());
  return { pair, other, start, ids: { original, successor: (await serverOf(other)).id } };
}

const isDone = async (pair: Pair): Promise<boolean> => {
  const [now] = await replacementsOf(pair.covering());
  return now?.state === 'done';
};

const knownAt = async (api: Box['api']): Promise<unknown> => {
  const { items } = (await api.call('GET', '/servers')) as {
    items: { id: string; name: string; watch?: { state: string } }[];
  };
  return items.map(({ id, name, watch }) => [id, name, watch?.state]);
};
const openIncidentsAt = async (api: Box['api']): Promise<unknown> =>
  ((await api.call('GET', '/incidents')) as { items: { state: string }[] }).items.filter(
    ({ state }) => state !== 'closed',
  );
/** What follows from the end of a replacement comes with the next word of the successor, and with the next look. */
async function settlesTo(t: ExecutionContext, look: () => Promise<unknown>, wanted: unknown): Promise<void> {
  const isSo = async (): Promise<boolean> => isDeepStrictEqual(await look(), wanted);
  await waitFor(JSON.stringify(wanted), isSo, PATIENCE_MS).catch(() => undefined);
  t.deepEqual(await look(), wanted);
}

test.serial('a takeover ends at another recording server, which has settings, name and all footage then', async (t) => {
  t.timeout(280_000);
  const { pair, other, ids } = await startThree(t);
  const { api } = pair.covering();
  await isRefused(t, async () => await replaceBy(pair, ids, { confirm: PROTECTED }), {
    status: 409,
    message: /take it over/,
  });
  pair.kill();
  await pair.covered(4000);
  const shown = await replaceBy(pair, ids, { dryRun: true });
  t.deepEqual([shown.before.name, shown.before.cameras.map(({ name }) => name)], [OTHER, ['Gate']]);
  t.deepEqual([shown.after.name, shown.after.cameras.map(({ name }) => name)], [PROTECTED, ['Door']]);
  t.regex(shown.warnings.join(' '), /records these no more.*Gate/);
  t.is((await serverOf(other)).name, OTHER, 'nothing was changed');

  await replaceBy(pair, ids, { confirm: PROTECTED });
  await waitFor('the replacement to be done', async () => await isDone(pair), PATIENCE_MS).catch(
    async (error: unknown) => {
      throw new Error(
        `${String(error)}: ${JSON.stringify([await replacementsOf(pair.covering()), await pair.restorations()])}`,
      );
    },
  );
  await waitFor('the successor to be signed in to', async () => await isUp(other), PATIENCE_MS);
  t.like(await serverOf(other), { id: ids.successor, name: PROTECTED, mode: 'recording' });
  for (const file of ['cameras', 'users'])
    t.deepEqual(await settingsOf(pair, OTHER, file), await settingsOf(pair, PROTECTED, file), file);
  await clock.sleep(durationMs(2000));
  isWhole(t, await playedAt(other, pair));
  await settlesTo(t, async () => await knownAt(api), [[ids.successor, PROTECTED, 'alive']]);
  await settlesTo(t, async () => await openIncidentsAt(api), []);
  await waitFor(
    'nothing but the ring to be left at the failover server',
    async () => (await filesOf(join(pair.dir, 'Spare', 'footage'), pair.cameraId)).length < 8,
    PATIENCE_MS,
  );

  await pair.comeBack();
  const told = await waitFor(
    'the original to hear of it',
    async () => (await serverOf(pair.protectedBox())).replacedBy,
    PATIENCE_MS,
  );
  t.like(told, { id: ids.successor, name: PROTECTED });
  t.is((await serverOf(pair.covering())).mode, 'failover');
  await followsWithoutLoss(t, { before: pair.protectedBox(), after: other }, pair);

  await isRefused(t, async () => await authorize(pair.covering(), pair.protectedBox()), {
    status: 409,
    message: /took the place/,
  });
  await pair.protectedBox().api.call('POST', '/server/replaced/clear', { confirm: PROTECTED });
  await authorize(pair.covering(), pair.protectedBox());
  const known = ((await api.call('GET', '/servers')) as { items: { id: string }[] }).items.map(({ id }) => id);
  t.deepEqual(known.toSorted(), [ids.original, ids.successor].toSorted(), 'set up anew it is protected again');
});

const random = createRandom(SEED);
const which = random.pick(['failover control', 'successor', 'failover server'] as const);
test.serial(`killed in the middle (${which}): it goes on, and the successor has everything`, async (t) => {
  t.timeout(280_000);
  const { pair, other, start, ids } = await startThree(t);
  pair.kill();
  await pair.covered(3000);
  const asked = replaceBy(pair, ids, { confirm: PROTECTED }).catch(() => undefined);
  const afterMs = random.int(0, LONGEST_MS);
  await clock.sleep(durationMs(afterMs));
  await kill(which === 'successor' ? other : pair.covering(), which === 'failover control' ? 'control' : 'all');
  await asked;
  if (which === 'failover server') await pair.startCovering();
  const now = which === 'successor' ? await start() : other;
  t.log(`killed after ${afterMs} ms: ${await finish(t, pair, ids)}`);
  await waitFor('the successor to be signed in to', async () => await isUp(now), PATIENCE_MS);
  t.like(await serverOf(now), { id: ids.successor, name: PROTECTED, mode: 'recording' });
  for (const file of ['cameras', 'users'])
    t.deepEqual(await settingsOf(pair, OTHER, file), await settingsOf(pair, PROTECTED, file), file);
  await clock.sleep(durationMs(2000));
  const played = await playedAt(now, pair);
  if (which !== 'failover server') isWhole(t, played);
  t.deepEqual([played.doubled, played.reordered, played.altered], [[], [], []]);
  t.is((await serverOf(pair.covering())).mode, 'failover');
});
