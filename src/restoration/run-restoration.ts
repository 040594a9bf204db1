/**
 * One round of a restoration: find what there is, decide, send, delete. Every step can be repeated; what was done is stored before the next
 * begins, so that a process killed at any moment goes on.
 */
import { openReturnFile } from '../archive/compose-return.ts';
import type { SequenceRange } from '../archive/catalogue-types.ts';
import { isPresent, removeSegment } from '../archive/remove-segments.ts';
import { isReceiptGenuine } from '../archive/receipt.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
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
import { sendFile } from './send-file.ts';
import type { SendDeps, SentFile } from './send-file.ts';
import { sendOverShare } from './send-smb.ts';
import type { StoredFile, StoredRestoration, StoredSource } from './transfer-store.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';

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

/** The other side's last group grows, or our last segment is still open. */
const SETTLE_MS = 1000;
/** Between two looks for a volume that is not there. */
const AWAY_MS = 5000;
/** These say that the file itself will never be taken. */
const REFUSALS: ReadonlySet<string> = new Set([
  'footage/refused',
  'footage/damaged',
  'footage/supersedes',
  'footage/no-camera',
]);

const waitOf = (code: string, problem: string | undefined, retryMs: number = SETTLE_MS): Wait => ({
  kind: 'wait',
  retryMs,
  code,
  problem,
  isFailure: false,
});

/** @throws what requests throw, and disks */
export async function runOnce(deps: RunDeps, restoration: StoredRestoration, signal: AbortSignal): Promise<Round> {
  const { order } = restoration;
  if (!deps.isReady()) return waitOf('restoration/not-ready', undefined);
  const listed = await listSources(deps, restoration);
  const guess = deps.clockOffsetOf(order.serverId);
  if (guess === undefined)
    return waitOf(
      'restoration/not-connected',
      'The protected server is not connected; what remains is given back when it is.',
    );
  await decideAll(deps, restoration, { guess, signal });
  if (order.policy === 'keep') return keepRound(deps, restoration, listed);
  const waits =
    order.policy === 'shared'
      ? await adoptInPlace(deps, restoration, signal)
      : await sendAll(deps, restoration, signal);
  const stays = await settleSources(deps, restoration);
  if (waits !== undefined) return waitOf('restoration/later', waits.reason, waits.retryMs);
  if (stays !== undefined) return waitOf('restoration/later', stays.reason, stays.retryMs);
  const sources = deps.store.sources(restoration.id);
  if (listed.isOpen || sources.some(({ state }) => state === 'undecided')) return waitOf('restoration/open', undefined);
  const isDone = !listed.isShort && sources.every(({ state }) => state === 'settled');
  return { kind: 'ended', state: isDone ? 'done' : 'incomplete' };
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

/** `isPart`: fragments that are not what was recorded were left out, and are nowhere but here. */
type Sent = (
  | (Extract<SentFile, { kind: 'received' }> & { readonly file: ReturnFile })
  | Extract<SentFile, { kind: 'later' }>
) & { readonly isPart: boolean };
const later = (reason: string): Sent => ({ kind: 'later', retryMs: SETTLE_MS, reason, isPart: false });
type Later = { readonly reason: string | undefined; readonly retryMs: number };

/** What must wait, if anything must. */
async function sendAll(
  deps: RunDeps,
  { id, order }: StoredRestoration,
  signal: AbortSignal,
): Promise<Later | undefined> {
  const send: SendDeps = { ...deps, serverId: order.serverId, signal };
  let away: Later | undefined;
  for (const file of deps.store.files(id)) {
    signal.throwIfAborted();
    if (file.state !== 'planned') continue;
    // A disk that is away may come back; what lies on the others does not wait for it.
    if (!(await isHere(deps, file))) {
      away = { retryMs: AWAY_MS, reason: awayOf(file) };
      continue;
    }
    const sent = await sendOne(deps, send, order.transport, file);
    if (sent === 'refused') deps.store.putFile({ ...file, state: 'refused' });
    else if (sent.kind === 'later') return sent;
    else {
      const { receipt, receiptKey, isPart, file: home } = sent;
      deps.store.putFile({ ...file, state: 'received', receipt, receiptKey, sha256: home.sha256, isPart });
      deps.publish({ kind: 'file-received', id, serverId: order.serverId, receipt, file: home });
      await settleSources(deps, { id, order });
    }
  }
  return away;
}

const awayOf = ({ volumeId }: Pick<StoredFile, 'volumeId'>): string => `Volume ${volumeId} is not here now.`;
async function isHere({ volumes }: RunDeps, { volumeId }: StoredFile): Promise<boolean> {
  const volume = volumes().find(({ id }) => id === volumeId);
  return volume !== undefined && (await isPresent(volume));
}

async function sendOne(
  deps: RunDeps,
  send: SendDeps,
  transport: 'direct' | 'smb',
  stored: StoredFile,
): Promise<Sent | 'refused'> {
  const { id, volumeId, path, runs, note } = stored;
  const file = deps.fileOf({ volumeId, path });
  if (file === undefined) return later(awayOf(stored));
  const composed = await openReturnFile({ path: file, runs, note }).catch(unreadable);
  // It may have gone in the middle of this.
  if (composed === undefined) return (await isHere(deps, stored)) ? 'refused' : later(awayOf(stored));
  if (composed.damaged.length > 0)
    deps.log.warn('fragments of covered footage are damaged and stay', { id, path, fragments: composed.damaged });
  try {
    const isPart = composed.damaged.length > 0;
    const more = { isPart, file: composed.file };
    if (transport === 'direct') return { ...(await sendFile(send, composed)), ...more };
    const opened = await deps.openShare(send.serverId, send.signal);
    try {
      return { ...(await sendOverShare(send, composed, opened)), ...more };
    } finally {
      await opened.share.close();
    }
  } catch (error) {
    if (!(error instanceof UnderstudyError) || !REFUSALS.has(error.code)) throw error;
    deps.log.error('a returned file was refused', { id, code: error.code, reason: error.message });
    return 'refused';
  } finally {
    await composed.close();
  }
}

/** Gone, or its start is broken. */
function unreadable(error: unknown): undefined {
  const isBroken = error instanceof UnderstudyError && error.kind === 'corrupt';
  if (!isBroken && systemCodeOf(error) !== 'ENOENT') throw error;
  return undefined;
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
  deps.store.put([{ ...source, state: 'settled' }], []);
  return true;
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
