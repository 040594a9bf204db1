/** A snapshot that the covering server of a pair takes in the place of the protected one: for tests of its way home. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { StoredSnapshot } from '../../src/api/contract/snapshots.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { COVERING, PATIENCE_MS } from './protected-pair.ts';
import type { Pair } from './protected-pair.ts';
import { waitFor } from './wait-for.ts';

type Page = { readonly items: readonly StoredSnapshot[]; readonly away: readonly string[] };
export type TakenSnapshot = StoredSnapshot & { readonly picture: Buffer };

export const snapshotsOf = async ({ api }: Box, { cameraId }: Pick<Pair, 'cameraId'>): Promise<Page> =>
  (await api.call('GET', `/cameras/${cameraId}/snapshots`)) as Page;
export const pictureOf = async (
  { api }: Box,
  { cameraId }: Pick<Pair, 'cameraId'>,
  { id }: Pick<StoredSnapshot, 'id'>,
): Promise<Buffer> => await api.read(`/cameras/${cameraId}/snapshots/${id}`);

/** As `failAndComeBack`, with a snapshot taken by hand while it covers. */
export async function failWithSnapshot(pair: Pair, coveredMs: number): Promise<TakenSnapshot> {
  pair.kill();
  await pair.covered(coveredMs);
  const box = pair.covering();
  const path = `/cameras/${pair.cameraId}/snapshots`;
  const take = async (): Promise<StoredSnapshot | undefined> =>
    (await box.api.call('POST', path, { note: 'while it was down' }).catch(notNow)) as StoredSnapshot | undefined;
  const taken = await waitFor('a snapshot to be taken', take, PATIENCE_MS);
  const picture = await pictureOf(box, pair, taken);
  await pair.comeBack();
  await pair.recordsAgain();
  return { ...taken, picture };
}

/** On a loaded machine the last key frame may take longer than the server waits for it: it says to try again. */
function notNow(error: unknown): undefined {
  if (error instanceof UnderstudyError && error.context['status'] === 503) return undefined;
  throw error;
}

/** At the protected server byte for byte, and at the source no more. */
export async function isHome(
  t: Pick<ExecutionContext, 'like' | 'deepEqual' | 'is'>,
  pair: Pair,
  { picture, ...taken }: TakenSnapshot,
): Promise<void> {
  const { items } = await snapshotsOf(pair.protectedBox(), pair);
  const [one] = items;
  t.is(items.length, 1);
  if (one === undefined) return;
  t.like(one, { sha256: taken.sha256, note: taken.note, keptBy: undefined });
  t.is(one.takenBy.name, COVERING);
  t.deepEqual(await pictureOf(pair.protectedBox(), pair, one), picture);
  t.deepEqual(await owedFiles(pair), []);
}

/** Pictures that lie on volumes of the covering server for others. */
export async function owedFiles({ covering }: Pick<Pair, 'covering'>): Promise<readonly string[]> {
  const { items } = (await covering().api.call('GET', '/volumes')) as { readonly items: readonly { path: string }[] };
  const lists = items.map(
    async ({ path }) => await readdir(join(path, '.snapshots-owed'), { recursive: true }).catch(() => []),
  );
  return (await Promise.all(lists)).flat().filter((name) => /\.(jpg|mp4)$/.test(name));
}
