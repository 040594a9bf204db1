/** A disk of the protected server that gives back something else than was written to it, where the failover server has the good copy. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openByteSource } from '../../src/archive/byte-source.ts';
import type { FragmentInfo } from '../../src/media/mp4/parse-fragment.ts';
import { readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import { failAndComeBack, filesOf, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { LedgerSpan, Pair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

/** More than a start reads again of a segment that was open, and less than a hot camera is kept for. */
const BEFORE_THE_END = 8;

type Recorded = { readonly path: string; readonly fragments: readonly FragmentInfo[] };
/** The newest file at home. */
async function recorded({ dir, cameraId }: Pair): Promise<Recorded> {
  const volume = join(dir, PROTECTED, 'footage');
  const newest = (await filesOf(volume, cameraId)).toSorted().at(-1) ?? '';
  const path = join(volume, cameraId, 'main', newest);
  const source = await openByteSource(path);
  const fragments: FragmentInfo[] = [];
  for await (const step of scanFragments(source, { from: (await readInit(source)).length, resync: true }))
    if (step.kind === 'fragment') fragments.push(step.fragment);
  await source.close();
  return { path, fragments };
}

/** The payload of a fragment in front of the failure; the headers stay as they are. */
async function rot(pair: Pair): Promise<void> {
  const { path, fragments } = await recorded(pair);
  const fragment = fragments.at(-BEFORE_THE_END);
  if (fragment === undefined) throw new Error(`${path} has only ${fragments.length} fragments`);
  const file = await open(path, 'r+');
  const at = fragment.payloadOffset + (fragment.payloadLength >> 1);
  await file.write(Uint8Array.of(0xff, 0x5a, 0x00, 0xa5), 0, 4, at);
  await file.close();
}

/** The camera was being connected before. */
async function sinceRecorded(pair: Pair): Promise<readonly LedgerSpan[]> {
  const spans = await pair.ledger();
  return spans.slice(spans.findIndex(({ state }) => state === 'recorded'));
}

test('what rotted at home goes home once more before the good copy is let go, and the owner is told of the disk', async (t) => {
  t.timeout(4 * PATIENCE_MS);
  const pair = await startPair(t);
  const isLong = async (): Promise<boolean> => (await recorded(pair)).fragments.length > 2 * BEFORE_THE_END;
  await waitFor('both to have some seconds', isLong, PATIENCE_MS);
  await failAndComeBack({
    ...pair,
    comeBack: async () => {
      await rot(pair);
      await pair.comeBack();
    },
  });
  const { id } = await pair.restoration('the footage to be home', ({ state }) => state === 'done');
  t.truthy(id);
  isWhole(t, await pair.played());
  const log = await waitFor(
    'the damage to be told',
    async () => {
      const entries = await pair.logOf(pair.protectedBox());
      return entries.some(({ code }) => code === 'footage-damaged') ? entries : undefined;
    },
    PATIENCE_MS,
  );
  t.regex(log.find(({ code }) => code === 'footage-damaged')?.message ?? '', /check the disk/);
  // What is being recorded at this moment may be late on a slow machine; what is lost is missing for good.
  let since = await sinceRecorded(pair);
  const isNothingMissing = async (): Promise<boolean> => {
    since = await sinceRecorded(pair);
    return since.every(({ state }) => state !== 'missing');
  };
  await waitFor('the ledger to miss nothing', isNothingMissing, PATIENCE_MS).catch(() => undefined);
  t.deepEqual(
    since.filter(({ state }) => state === 'missing'),
    [],
  );
  const returned = since.filter(({ state }) => state === 'returned');
  t.is(returned.length, 2, `the rotten group, and the cover: ${JSON.stringify(since)}`);
});
