/**
 * What two servers have left of a restoration when both lost power in the middle of it, held against what each had answered by then; and whether
 * all of it comes home when they go on.
 */
import { join } from 'node:path';
import { reconcileVolume } from '../../src/archive/rebuild.ts';
import { isReceiptGenuine } from '../../src/archive/receipt.ts';
import { verifyPaths } from '../../src/archive/verify.ts';
import { messageOf } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openTransferStore } from '../../src/restoration/transfer-store.ts';
import type { StoredFile } from '../../src/restoration/transfer-store.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport } from '../../src/simulator/check.ts';
import type { ReturnFile } from '../../src/wire/footage-protocol.ts';
import { unitsShown } from './covered-camera.ts';
import { ended, EXPECTED } from './outage.ts';
import { LAST, openCovers, placesOf, shaOf } from './return-play.ts';
import type { ReturnDisk, ReturnPlay, Told } from './return-play.ts';
import { ALL, KEY, orderOf, twoServers } from './two-servers.ts';
import type { Box, TwoServers } from './two-servers.ts';

export type ReturnTally = {
  /** Receipts answered before the cut, each of a file that was looked for afterwards. */
  receiptsChecked: number;
  /** Transfers that were under way. */
  transfersChecked: number;
  /** At the covering server: receipts that it said it had, and sources that were gone. */
  storedChecked: number;
  sourcesGone: number;
  coversChecked: number;
  /** Sent before the cut and again after it: the most of one transfer, in bytes and in fragments of that size. */
  sentAgainBytes: number;
  sentAgainFragments: number;
  accessUnitsHome: number;
};
export const NOTHING_CHECKED: ReturnTally = {
  receiptsChecked: 0,
  transfersChecked: 0,
  storedChecked: 0,
  sourcesGone: 0,
  coversChecked: 0,
  sentAgainBytes: 0,
  sentAgainFragments: 0,
  accessUnitsHome: 0,
};

type Verdict = {
  readonly play: ReturnPlay;
  readonly due: readonly Told[];
  readonly two: TwoServers;
  readonly tally: ReturnTally;
  readonly problem: (what: string) => void;
};

export async function judgeCut(
  play: ReturnPlay,
  { at, mountOf }: { readonly at: number; readonly mountOf: (name: ReturnDisk) => string },
  told: Pick<Verdict, 'tally' | 'problem'>,
): Promise<void> {
  const teardowns: (() => unknown)[] = [];
  const t = { teardown: (work: () => unknown): void => void teardowns.push(work) };
  try {
    const two = await twoServers(t, { places: placesOf(mountOf), key: play.key });
    const verdict = { play, two, due: play.told.filter((each) => each.at <= at), ...told };
    for (const box of [two.r, two.f]) {
      if (box.catalogue.condition !== 'sound')
        verdict.problem(`the catalogue of ${box.id} is ${box.catalogue.condition}`);
      await reconcileAfterBoot(box);
    }
    await judgeShown(verdict);
    await judgeReceipts(verdict);
    await judgeTransfers(verdict);
    await judgeSources(verdict);
    await judgeCovers(verdict);
    await judgeEnd(verdict);
  } catch (error) {
    told.problem(`it does not go on: ${messageOf(error)}`);
  } finally {
    for (const work of teardowns.reverse()) await work();
  }
}

/** No writer of before the cut is alive. */
async function reconcileAfterBoot({ catalogue, volumeId, root }: Box): Promise<void> {
  const signal = new AbortController().signal;
  const now = systemClock.now();
  const deps = { catalogue, clock: systemClock, signal, isBeingWritten: () => false, writerSince: () => now };
  await reconcileVolume(deps, { id: volumeId, path: root });
}

const shownAt = async ({ r }: TwoServers): Promise<CheckReport> =>
  checkRecording(await unitsShown(r.catalogue.segments.find(KEY, ALL), r.root), EXPECTED);

/** Nothing half, nothing twice; what is not home yet may be missing. */
async function judgeShown({ two, problem }: Verdict): Promise<void> {
  const { doubled, reordered, altered } = await shownAt(two);
  if (doubled.length + reordered.length + altered.length > 0)
    problem(`the timeline shows ${JSON.stringify({ doubled, reordered, altered })}`);
}

async function judgeReceipts({ due, two, play, tally, problem }: Verdict): Promise<void> {
  const { segments } = two.r.catalogue;
  for (const told of due) {
    if (told.kind !== 'receipt') continue;
    tally.receiptsChecked += 1;
    const { id, sha256 } = told.file;
    const row = segments.returnedAs(id);
    if (row === undefined) problem(`the receipt for ${id} was answered, and its row is not there`);
    else if ((await shaOf(join(two.r.root, row.path))) !== sha256)
      problem(`the receipt for ${id} was answered, and ${row.path} is not what was received`);
    else if (segments.find(KEY, ALL).every(({ path }) => path !== row.path)) problem(`${row.path} is not shown`);
    if (!(await isHome({ two, play }, told.file))) problem(`${id} has a receipt, and another one is not given`);
  }
}

async function isHome({ two, play }: Pick<Verdict, 'two' | 'play'>, file: ReturnFile): Promise<boolean> {
  const offer = await two.inbox().offer(file);
  return offer.kind === 'have' && isReceiptGenuine(offer.receipt, play.key.publicKey);
}

/** It goes on behind the last fragment that was whole and acknowledged. */
async function judgeTransfers({ due, two, play, tally, problem }: Verdict): Promise<void> {
  const transfers = Map.groupBy(
    due.filter((told) => told.kind === 'acknowledged' || told.kind === 'sent'),
    ({ id }) => id,
  );
  for (const [id, told] of transfers) {
    const file = play.files.get(id);
    if (file === undefined || due.some((each) => each.kind === 'receipt' && each.file.id === id)) continue;
    tally.transfersChecked += 1;
    const offer = await two.inbox().offer(file);
    if (offer.kind === 'have') continue;
    if (offer.kind === 'later') {
      problem(`${id} cannot go on: ${offer.reason}`);
      continue;
    }
    const furthest = (kind: Told['kind']): number =>
      told.reduce((most, each) => (each.kind === kind ? Math.max(most, each.offset) : most), 0);
    const ends = play.ends.get(id) ?? [];
    const acknowledged = furthest('acknowledged');
    const whole = ends.findLast((end) => end <= acknowledged) ?? 0;
    if (offer.offset < whole) problem(`${id} goes on at ${offer.offset}, and ${whole} was acknowledged and verified`);
    const again = Math.max(0, furthest('sent') - offer.offset);
    const longest = ends.reduce((most, end, index) => Math.max(most, end - (ends[index - 1] ?? 0)), 1);
    tally.sentAgainBytes = Math.max(tally.sentAgainBytes, again);
    tally.sentAgainFragments = Math.max(tally.sentAgainFragments, Math.round((again / longest) * 100) / 100);
  }
}

type Kept = { readonly files: readonly StoredFile[]; readonly decided: readonly string[] };
function keptAt(data: string): Kept {
  const store = openTransferStore(data);
  try {
    const ids = store.restorations().map(({ id }) => id);
    const sources = ids.flatMap((id) => store.sources(id)).filter(({ state }) => state !== 'undecided');
    return { files: ids.flatMap((id) => store.files(id)), decided: sources.map(({ path }) => path) };
  } finally {
    store.close();
  }
}

/** A source is there, whole, or its receipts are stored here and what they say is true there. */
async function judgeSources(verdict: Verdict): Promise<void> {
  const { due, two, play, tally, problem } = verdict;
  const kept = keptAt(two.f.data);
  const hasReceipt = ({ state, receipt }: StoredFile): boolean =>
    state === 'received' && receipt !== undefined && isReceiptGenuine(receipt, play.key.publicKey);
  const stored = new Set(kept.files.filter(hasReceipt).map(({ id }) => id));
  for (const told of due) {
    if (told.kind !== 'stored') continue;
    tally.storedChecked += 1;
    if (!stored.has(told.id)) problem(`the receipt for ${told.id} was stored, and is gone`);
  }
  for (const { path, sha256 } of play.sources) {
    const found = await shaOf(join(two.f.root, path));
    if (found === undefined) await judgeGone(verdict, path, { ...kept, stored });
    else if (found !== sha256) problem(`source ${path} is not what was recorded`);
  }
}

async function judgeGone(
  { two, play, tally, problem }: Verdict,
  path: string,
  { files, decided, stored }: Kept & { readonly stored: ReadonlySet<string> },
): Promise<void> {
  tally.sourcesGone += 1;
  const own = files.filter((file) => file.path === path);
  // Without a file all of it was known to be at home: the end shows that it is.
  if (own.length === 0 && !decided.includes(path)) problem(`source ${path} is gone, and nothing of it was decided`);
  for (const { id } of own) {
    const file = play.files.get(id);
    if (!stored.has(id)) problem(`source ${path} is gone, and the receipt for ${id} is not stored`);
    if (file === undefined || !(await isHome({ two, play }, file)))
      problem(`source ${path} is gone, and ${id} is not at home`);
  }
}

async function judgeCovers({ due, two, tally, problem }: Verdict): Promise<void> {
  const told = due.findLast((each) => each.kind === 'covers');
  if (told?.kind !== 'covers') return;
  tally.coversChecked += 1;
  const { index, isLost } = await openCovers(two.f.data);
  const epoch = index.covered()[0]?.epoch ?? 0;
  if (isLost || epoch < told.epoch) problem(`covers.json says epoch ${epoch}, and ${told.epoch} was written`);
}

/** Both go on: everything is home once, whole, and nothing is left. */
async function judgeEnd({ two, tally, problem }: Verdict): Promise<void> {
  const state = await ended(two, two.restoration().begin(orderOf()), 60_000);
  if (state !== 'done') problem(`afterwards the restoration ended ${state}`);
  const { first, last, missing, doubled, reordered, altered, accessUnits } = await shownAt(two);
  tally.accessUnitsHome += accessUnits;
  if (first !== 0 || last !== LAST || missing.length + doubled.length + reordered.length + altered.length > 0)
    problem(`afterwards the timeline is ${JSON.stringify({ first, last, missing, doubled, reordered, altered })}`);
  const { findings } = await verifyPaths([two.r.root], { publicKey: undefined, onFile: () => undefined });
  for (const finding of findings) if (finding.severity === 'error') problem(`afterwards: ${JSON.stringify(finding)}`);
  const left = two.f.catalogue.segments.find(KEY, ALL).length;
  if (left > 0) problem(`afterwards ${left} segments are still at the covering server`);
}
