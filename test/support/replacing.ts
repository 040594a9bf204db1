/** What tests of replacements ask and look at, on the servers of a pair. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { ReplacementView, ReplaceServerResult } from '../../src/api/contract/replacing.ts';
import type { Server } from '../../src/api/contract/server.ts';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { killBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { playedUnits } from '../../src/demo/played-units.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport } from '../../src/simulator/check.ts';
import { PATIENCE_MS, PROTECTED } from './protected-pair.ts';
import type { Pair } from './protected-pair.ts';
import { PASSWORD } from './real-box.ts';
import { waitFor } from './wait-for.ts';

const signIn = async ({ api }: Box): Promise<unknown> =>
  await api.call('POST', '/sessions', { username: 'owner', password: PASSWORD });
export const serverOf = async ({ api }: Box): Promise<Server> => (await api.call('GET', '/server')) as Server;
export const replacementsOf = async ({ api }: Box): Promise<readonly ReplacementView[]> =>
  ((await api.call('GET', '/replacements')) as { readonly items: readonly ReplacementView[] }).items;

/** What a server has in one of its settings files. */
export const settingsOf = async (pair: Pick<Pair, 'dir'>, name: string, file: string): Promise<unknown> =>
  (JSON.parse(await readFile(join(pair.dir, name, 'settings', `${file}.json`), 'utf8')) as { data: unknown }).data;

export type Ids = { readonly original: string; readonly successor: string };
export async function idsOf(pair: Pair): Promise<Ids> {
  const { items } = (await pair.covering().api.call('GET', '/servers')) as { items: readonly { id: string }[] };
  return { original: items[0]?.id ?? '', successor: (await serverOf(pair.covering())).id };
}

export const replaceBy = async (
  pair: Pair,
  { original, successor }: Ids,
  more: object,
): Promise<ReplaceServerResult> => {
  const asked = { by: successor, ...more };
  const { api } = pair.covering();
  return (await api.call('POST', `/servers/${original}/replace`, asked, PATIENCE_MS)) as ReplaceServerResult;
};

/** What somebody sees who plays everything of a camera at a server. */
export async function playedFrom(
  { api }: Box,
  { cameraId, began, simulated }: { readonly cameraId: string; readonly began: number; readonly simulated: string },
): Promise<CheckReport> {
  const range = { start: isoOf(epochMs(began)), end: isoOf(clock.now()) };
  const units = await playedUnits(api, { cameraId, ...range });
  return checkRecording(units, { cameraId: simulated, stream: 'main', codec: 'h264' });
}
export const playedAt = async (box: Box, { cameraId, began, simulator }: Pair): Promise<CheckReport> =>
  await playedFrom(box, { cameraId, began, simulated: simulator.cameras[0]?.id ?? '' });

/** Resolves when who is killed is gone, so that it can be started again. */
export async function kill(box: Box, which: 'control' | 'all'): Promise<void> {
  if (which === 'all') return await killBox(box);
  const control = box.status()?.control?.pid;
  if (control !== undefined) process.kill(control, 'SIGKILL');
}

/** Signs in again when control is there anew. */
export async function isUp(box: Box): Promise<boolean> {
  return await signIn(box).then(
    () => true,
    () => false,
  );
}

/** Until it is done; asked again if the process died before it was durable. */
export async function finish(
  t: Pick<ExecutionContext, 'is'>,
  pair: Pair,
  ids: Ids,
): Promise<'went on' | 'asked again'> {
  await waitFor('control to be there again', async () => await isUp(pair.covering()), PATIENCE_MS);
  const wasKept = (await replacementsOf(pair.covering())).length > 0;
  if (!wasKept) {
    t.is((await serverOf(pair.covering())).mode, 'failover', 'nothing happened');
    const again = async (): Promise<boolean> =>
      await replaceBy(pair, ids, { confirm: PROTECTED }).then(
        () => true,
        // It covers again within seconds.
        () => false,
      );
    await waitFor('the replacement to begin', again, PATIENCE_MS);
  }
  const isDone = async (): Promise<boolean> => {
    if (!(await isUp(pair.covering()))) return false;
    return (await replacementsOf(pair.covering()).catch(() => []))[0]?.state === 'done';
  };
  await waitFor('the replacement to be done', isDone, PATIENCE_MS).catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(await replacementsOf(pair.covering()))}`);
  });
  return wasKept ? 'went on' : 'asked again';
}

/** What the successor has begins where the original ended, or before: of a hot camera not one frame is nowhere. */
export async function followsWithoutLoss(
  t: Pick<ExecutionContext, 'true'>,
  { before, after }: { readonly before: Box; readonly after: Box },
  pair: Pair,
): Promise<void> {
  const { last = 0 } = await playedAt(before, pair);
  const { first = Infinity } = await playedAt(after, pair);
  t.true(last > 0 && first <= last + 1, `the original ends with frame ${last}, the successor begins with ${first}`);
}
