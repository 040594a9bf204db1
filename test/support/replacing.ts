/** What tests of replacements ask and look at, on the servers of a pair. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplacementView, ReplaceServerResult } from '../../src/api/contract/replacing.ts';
import type { Server } from '../../src/api/contract/server.ts';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { playedUnits } from '../../src/demo/played-units.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport } from '../../src/simulator/check.ts';
import type { Pair } from './protected-pair.ts';
import { PASSWORD } from './real-box.ts';

export const signIn = async ({ api }: Box): Promise<unknown> =>
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
  return (await pair.covering().api.call('POST', `/servers/${original}/replace`, asked)) as ReplaceServerResult;
};

/** What somebody sees who plays everything at a server. */
export async function playedAt({ api }: Box, { cameraId, began, simulator }: Pair): Promise<CheckReport> {
  const range = { start: isoOf(epochMs(began)), end: isoOf(clock.now()) };
  const units = await playedUnits(api, { cameraId, ...range });
  return checkRecording(units, { cameraId: simulator.cameras[0]?.id ?? '', stream: 'main', codec: 'h264' });
}
