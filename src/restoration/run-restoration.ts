/**
 * One round of a restoration: find what there is, decide, send, delete. Every step can be repeated; what was done is stored before the next
 * begins, so that a process killed at any moment goes on.
 */
import type { SequenceRange } from '../archive/catalogue-types.ts';
import { isPresent, removeSegment, syncRemoval } from '../archive/remove-segments.ts';
import { isReceiptGenuine } from '../archive/receipt.ts';
import { durationMs } from '../core/units.ts';
import { mayDeleteSegment } from '../failover/deletion.ts';
import type { SegmentDeletion } from '../failover/deletion.ts';
import { adoptInPlace } from './adopt.ts';
import type { RunDeps } from './run-deps.ts';
import { decide } from './decide.ts';
import { keepHere } from './kept-here.ts';
import { listSources, placeOf } from './list-sources.ts';
import type { Listed } from './list-sources.ts';
import type { Undecided } from './decide.ts';
import type { LostFootage } from './restoration-types.ts';
import { AWAY_MS, awayOf, sendAll, SETTLE_MS } from './send-all.ts';
import type { Later } from './send-all.ts';
import { owedSnapshots, sendSnapshots } from './snapshots-here.ts';
import type { StoredFile, StoredRestoration, StoredSource } from './transfer-store.ts';

export type Round =
  | { readonly kind: 'ended'; readonly state: 'done' | 'incomplete' | 'kept' }
  | {
      readonly kind: 'wait';
      readonly retryMs: number;
      readonly code: string;
      readonly problem: string | undefined;
      readonly isFailure: boolean;
    };
type Wait = Extract<Round, { kind: 'wait' }>;

const waitOf = (code: string, problem: string | undefined, retryMs: number = SETTLE_MS): Wait => ({
  kind: 'wait',
  retryMs,
  code,
  problem,
  isFailure: false,
});

/** Our last segment is about to be closed; to look costs nobody else anything, and the link is idle meanwhile. */
const CLOSING_MS = 200;
/** A disk that hangs holds up nobody who wants a restoration to stop for longer. */
const CLOSED_WITHIN_MS = 10_000;

/** @throws what requests throw, and disks */
export async function runOnce(deps: RunDeps, restoration: StoredRestoration, signal: AbortSignal): Promise<Round> {
  const { order } = restoration;
  if (!deps.isReady()) return waitOf('restoration/not-ready', undefined);
  const listed = await listSources(deps, restoration);
  await countSnapshots(deps, restoration);
  const guess = deps.clockOffsetOf(order.serverId);
  if (guess === undefined)
    return waitOf(
      'restoration/not-connected',
      'The protected server is not connected; what remains is given back when it is.',
    );
  await decideAll(deps, restoration, { guess, signal });
  if (order.policy === 'keep') return keepRound(deps, restoration, listed);
  const footage = await giveFootage(deps, restoration, signal);
  const pictures = await giveSnapshots(deps, restoration, signal);
  const waits = footage ?? pictures.waits;
  if (waits !== undefined) return waitOf('restoration/later', waits.reason, waits.retryMs);
  return await endOf(deps, restoration, { listed, left: pictures.left });
}

async function giveFootage(
  deps: RunDeps,
  restoration: StoredRestoration,
  signal: AbortSignal,
): Promise<Later | undefined> {
  const received = async (): Promise<unknown> => await settleSources(deps, restoration);
  const waits =
    restoration.order.policy === 'shared'
      ? await adoptInPlace(deps, restoration, signal)
      : await sendAll({ ...deps, received }, restoration, signal);
  const stays = await settleSources(deps, restoration);
  return waits ?? stays;
}

type Sent = { readonly listed: Listed; readonly left: number };
async function endOf(deps: RunDeps, restoration: StoredRestoration, { listed, left }: Sent): Promise<Round> {
  const sources = deps.store.sources(restoration.id);
  if (sources.some(({ state }) => state === 'undecided')) return waitOf('restoration/open', undefined);
  if (listed.isOpen) return waitOf('restoration/open', undefined, listed.isWriting ? CLOSING_MS : SETTLE_MS);
  // One may have been taken while footage went home.
  if ((await countSnapshots(deps, restoration)) > left) return waitOf('restoration/open', undefined, CLOSING_MS);
  const isDone = !listed.isShort && left === 0 && sources.every(({ state }) => state === 'settled');
  return { kind: 'ended', state: isDone ? 'done' : 'incomplete' };
}

async function giveSnapshots(
  deps: RunDeps,
  restoration: StoredRestoration,
  signal: AbortSignal,
): ReturnType<typeof sendSnapshots> {
  const sent = await sendSnapshots(deps, restoration.order, signal);
  await countSnapshots(deps, restoration);
  return sent;
}

async function countSnapshots(deps: RunDeps, { id, order }: StoredRestoration): Promise<number> {
  const left = (await owedSnapshots(deps, order)).length;
  deps.snapshotsLeft.set(id, left);
  return left;
}

function keepRound(deps: RunDeps, restoration: StoredRestoration, { isOpen }: Listed): Round {
  keepHere(deps, restoration);
  const isDone = !isOpen && deps.store.sources(restoration.id).every(({ state }) => state === 'settled');
  return isDone ? { kind: 'ended', state: 'kept' } : waitOf('restoration/open', undefined);
}

type Deciding = { readonly guess: number; readonly signal: AbortSignal };
async function decideAll(deps: RunDeps, { id, order }: StoredRestoration, { guess, signal }: Deciding): Promise<void> {
  const files = Map.groupBy(deps.store.files(id), placeOf);
  const undecided: Undecided[] = deps.store.sources(id).flatMap((source) => {
    const row = deps.catalogue.segments.get(source.volumeId, source.path);
    const planned = (files.get(placeOf(source)) ?? []).flatMap(({ runs }) => runs);
    return source.state === 'undecided' && row !== undefined ? [{ source, row, planned }] : [];
  });
  for (const ofStream of Map.groupBy(undecided, ({ row }) => `${row.cameraId}/${row.stream}`).values()) {
    signal.throwIfAborted();
    const planned = await decide({ ...deps, signal }, order.serverId, ofStream, guess);
    // Adopted, or kept, as they lie, all at once: see adopt.ts.
    if (order.policy !== 'return' && planned.some(({ source }) => source.state === 'undecided')) continue;
    deps.store.put(
      planned.map(({ source }) => source),
      planned.flatMap(({ files }) => files),
    );
  }
}

/** Deletes what is given back; what the other server adopted is a file of its own from then on. What must wait, if anything must. */
async function settleSources(
  deps: RunDeps,
  { id, order }: Pick<StoredRestoration, 'id' | 'order'>,
): Promise<Later | undefined> {
  const bySource = Map.groupBy(deps.store.files(id), placeOf);
  let waits: Later | undefined;
  for (const source of deps.store.sources(id)) {
    if (source.state !== 'decided') continue;
    const files = bySource.get(placeOf(source)) ?? [];
    const isAdopted = order.policy === 'shared' && files.length > 0;
    const segment = { ...deletionOf(order, source, files), ...(isAdopted ? { isLeft: false } : {}) };
    if (!mayDeleteSegment({ ...segment, isCovering: false })) continue;
    if (!mayDeleteSegment({ ...segment, isCovering: deps.isCovering(source) })) waits ??= COVERED;
    else if (isAdopted) forgetSource(deps, source);
    else if (!(await removeSource(deps, source))) waits ??= { retryMs: AWAY_MS, reason: awayOf(source) };
  }
  return waits;
}

const COVERED: Later = { retryMs: SETTLE_MS, reason: undefined };

function deletionOf(
  { serverId }: StoredRestoration['order'],
  source: StoredSource,
  files: readonly StoredFile[],
): Omit<SegmentDeletion, 'isCovering'> {
  return {
    serverId,
    isDecided: source.state === 'decided',
    isLeft: (source.left ?? []).length > 0,
    files: files.map(({ id, state, receipt, receiptKey, sha256 = '', isPart = false }) => ({
      file: { id, sha256 },
      receipt: state === 'received' ? receipt : undefined,
      isSigned: receipt !== undefined && receiptKey !== undefined && isReceiptGenuine(receipt, receiptKey),
      isPart,
    })),
  };
}

/** The row goes, the file stays. */
function forgetSource({ catalogue, store }: RunDeps, source: StoredSource): void {
  catalogue.segments.remove(source.volumeId, source.path);
  store.put([{ ...source, state: 'settled' }], []);
}

/** False: its volume is not here now. */
async function removeSource(deps: RunDeps, source: StoredSource): Promise<boolean> {
  const volume = deps.volumes().find(({ id }) => id === source.volumeId);
  if (volume === undefined || !(await isPresent(volume))) return false;
  await removeSegment({ catalogue: deps.catalogue, volume }, source.path, 'deleted');
  // Once it is settled, nobody would delete it again.
  await syncRemoval(volume, source.path);
  deps.store.put([{ ...source, state: 'settled' }], []);
  return true;
}

/** Of what was recorded until its end all is listed, also what was about to be closed. */
export async function listClosed(deps: RunDeps, restoration: StoredRestoration): Promise<void> {
  for (let waited = 0; waited < CLOSED_WITHIN_MS; waited += CLOSING_MS) {
    const { isWriting } = await listSources(deps, restoration);
    if (!isWriting) return;
    await deps.clock.sleep(durationMs(CLOSING_MS));
  }
}

/** On order: what was not given back goes; what that was. */
export async function deleteRemaining(deps: RunDeps, restoration: StoredRestoration): Promise<readonly LostFootage[]> {
  await settleSources(deps, restoration);
  const lost = lostIn(deps, restoration.id);
  for (const source of deps.store.sources(restoration.id))
    if (source.state !== 'settled') await removeSource(deps, source);
  return lost;
}

/** Groups that neither went home nor are known there. */
function lostIn({ store, catalogue }: RunDeps, id: string): readonly LostFootage[] {
  const files = Map.groupBy(store.files(id), placeOf);
  return store.sources(id).flatMap((source) => {
    if (source.state === 'settled') return [];
    const { volumeId, path, cameraId, stream } = source;
    const own = files.get(placeOf(source)) ?? [];
    const isSafe = (sequence: number): boolean => {
      if (isIn(source.left ?? [], sequence)) return false;
      const file = own.find(({ runs }) => isIn(runs, sequence));
      return file === undefined ? isIn(source.decided, sequence) : file.state === 'received';
    };
    const groups = (catalogue.segments.get(volumeId, path)?.keys ?? []).filter(({ sequence }) => !isSafe(sequence));
    return groups.map(({ start, end }) => ({ cameraId, stream, start, end }));
  });
}

const isIn = (ranges: readonly SequenceRange[], sequence: number): boolean =>
  ranges.some(([first, last]) => sequence >= first && sequence <= last);
