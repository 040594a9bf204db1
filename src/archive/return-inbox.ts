/**
 * Takes returned files in, piece by piece: a temporary file under `<volume>/.incoming/`, each fragment verified and made durable before its
 * last piece is acknowledged. A transfer goes on behind what is there, also after a restart.
 *
 * Low priority: one piece at a time, asynchronous, behind `pause`, and never below the reserve of the volume.
 *
 * Belongs here: transfers. Does not: what a fragment must be (return-check.ts), the place in the archive (insert-return.ts).
 */
import { open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { removeIfThere } from '../core/durable-file.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { AppendResult, InsertParams, OfferResult, Receipt, ReturnFile } from '../wire/footage-protocol.ts';
import { createDiskReader } from './disk-reader.ts';
import type { DiskReader } from './disk-reader.ts';
import {
  hasRoom,
  MAX_INCOMING,
  openIncoming,
  partPath,
  rescan,
  shorten,
  sweepIncoming,
  takeRoom,
  unverifiedOf,
} from './incoming-file.ts';
import type { InboxVolume, IncomingFile } from './incoming-file.ts';
import { adoptFile, holdVolume, insertFile, receiptFor, register } from './insert-return.ts';
import type { InsertDeps } from './insert-return.ts';
import { isPresent } from './remove-segments.ts';
import type { VolumePlace } from './remove-segments.ts';
import { checkAdopted, damaged, isOnDisk, placed, wrongIn } from './return-whole.ts';
import type { Disk } from './return-whole.ts';

const RETRY_MS = 10_000;
/** Volumes are being looked at, after a start. */
const NOT_YET_MS = 1000;
/** Another one may take the place of a transfer with which nobody went on for so long. */
export const IDLE_MS = 60_000;

export type InboxDeps = Omit<InsertDeps, 'clock'> & {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Where footage of this camera may go now, best first. */
  readonly volumesFor: (cameraId: string) => readonly InboxVolume[];
  /** All of this server. */
  readonly volumes: () => readonly InboxVolume[];
  /** The folder of `returnShare` with its volume; `undefined`: none is set up. */
  readonly shareFolder: () => { readonly volume: VolumePlace; readonly folder: string } | undefined;
  /** Resolves when so many bytes may be written: live recording comes first. */
  readonly pause: (bytes: number) => Promise<void>;
  readonly inserted: (file: ReturnFile, receipt: Receipt) => void;
  readonly log: Log;
  /** One of its own unless given. */
  readonly disk?: DiskReader;
};
export type ReturnInbox = {
  readonly offer: (file: ReturnFile) => Promise<OfferResult>;
  /** @throws footage/not-offered, footage/no-space */
  readonly append: (id: string, offset: number, bytes: Uint8Array) => Promise<AppendResult>;
  /** @throws footage/incomplete, footage/damaged, footage/no-share, footage/volume, footage/supersedes */
  readonly insert: (params: InsertParams) => Promise<Receipt>;
  /** Removes what was left lying for a day. */
  readonly sweep: () => Promise<void>;
  readonly close: () => Promise<void>;
};

type Inbox = {
  readonly deps: InboxDeps & Disk;
  readonly transfers: Map<string, IncomingFile>;
  /** One step a file at a time. */
  readonly busy: Map<string, Promise<unknown>>;
  isClosed: boolean;
};

export function createReturnInbox(given: InboxDeps): ReturnInbox {
  const deps = { ...given, disk: given.disk ?? createDiskReader(given.log) };
  const inbox: Inbox = { deps, transfers: new Map(), busy: new Map(), isClosed: false };
  return {
    offer: async (file) => await inTurn(inbox, file.id, async () => await offer(inbox, file)),
    append: async (id, offset, bytes) =>
      await inTurn(inbox, id, async () => ({ offset: await append(inbox, id, offset, bytes) })),
    insert: async (params) => await inTurn(inbox, params.file.id, async () => await insert(inbox, params)),
    sweep: async () => await sweepIncoming(deps.volumes(), deps.clock.now(), (id) => inbox.transfers.has(id)),
    close: async () => {
      inbox.isClosed = true;
      await Promise.allSettled(inbox.busy.values());
      for (const id of inbox.transfers.keys()) await drop(inbox, id);
    },
  };
}

async function inTurn<T>(inbox: Inbox, id: string, work: () => Promise<T>): Promise<T> {
  const { busy } = inbox;
  if (inbox.isClosed) throw new UnderstudyError('unavailable', 'footage/closing', 'This server is being stopped.');
  const before = busy.get(id) ?? Promise.resolve();
  const result = before.then(work, work);
  busy.set(id, result);
  try {
    return await result;
  } finally {
    if (busy.get(id) === result) busy.delete(id);
  }
}

/** Files of one stream become rows one after the other: each is held against those before it. A stream is no id of a file. */
const oneOfStream = async (
  inbox: Inbox,
  { cameraId, stream }: ReturnFile,
  work: () => Promise<Receipt>,
): Promise<Receipt> => await inTurn(inbox, `${cameraId}/${stream}`, work);

/** Ids become names of files. */
const ID = /^[\w-]{1,64}$/;

async function offer(inbox: Inbox, file: ReturnFile): Promise<OfferResult> {
  if (!ID.test(file.id)) throw new UnderstudyError('invalid', 'footage/id', 'The id of a returned file is no id.');
  const receipt = await receiptOf(inbox, file);
  if (receipt !== undefined) return { kind: 'have', receipt };
  const open = transferOf(inbox, file.id);
  if (open !== undefined && open.file.sha256 === file.sha256) return { kind: 'send', offset: open.written };
  if (open !== undefined) await drop(inbox, file.id);
  if (inbox.transfers.size >= MAX_INCOMING) await dropIdle(inbox);
  if (inbox.transfers.size >= MAX_INCOMING) return later('This server is taking in as many files as it can.');
  if (inbox.deps.volumesFor(file.cameraId).length === 0)
    return later('This server has no volume that can be written to now.', NOT_YET_MS);
  const volume = await roomFor(inbox, file);
  if (volume === undefined)
    return later('No volume of the protected server has room for returned footage now: free space there.');
  return await goOn(inbox, file, volume);
}

async function goOn(inbox: Inbox, file: ReturnFile, volume: InboxVolume): Promise<OfferResult> {
  try {
    const transfer = await openIncoming(file, volume, inbox.deps.clock.monotonic());
    inbox.transfers.set(file.id, transfer);
    const wrong = await rescan(transfer);
    if (wrong !== undefined)
      inbox.deps.log.info('the rest of a returned file is sent again', { id: file.id, from: transfer.written, wrong });
    return { kind: 'send', offset: transfer.written };
  } catch (error) {
    await drop(inbox, file.id);
    if (systemCodeOf(error) === undefined) throw error;
    return later(`Volume ${volume.id} refuses: ${systemCodeOf(error) ?? ''}.`);
  }
}

const later = (reason: string, retryMs: number = RETRY_MS): OfferResult => ({ kind: 'later', retryMs, reason });

/** It was inserted before; also if the process died before it could say so. */
async function receiptOf(inbox: Inbox, file: ReturnFile): Promise<Receipt | undefined> {
  const { deps } = inbox;
  const row = deps.catalogue.segments.returnedAs(file.id);
  const known = row === undefined ? undefined : deps.catalogue.receipts.get(file.id);
  if (known?.sha256 === file.sha256) return receiptFor(deps, file, known.at);
  const volume = deps.volumes().find(({ id }) => id === row?.volumeId);
  const place = volume && row ? { volume, path: row.path } : await placed(deps, file);
  if (place === undefined) return undefined;
  if ((await wrongIn(deps.disk, join(place.volume.path, place.path), file)) !== undefined) return undefined;
  return await oneOfStream(inbox, file, async () => await register(deps, file, place));
}

/** Where it was begun before, else the first with room. */
async function roomFor({ deps }: Inbox, file: ReturnFile): Promise<InboxVolume | undefined> {
  const volumes = deps.volumesFor(file.cameraId);
  for (const volume of volumes) {
    const there = await stat(partPath(volume.path, file.id)).catch(() => undefined);
    if (there !== undefined && (await hasRoom(volume, file.bytes - there.size))) return volume;
  }
  for (const volume of volumes) if (await hasRoom(volume, file.bytes)) return volume;
  return undefined;
}

async function append(inbox: Inbox, id: string, offset: number, bytes: Uint8Array): Promise<number> {
  const transfer = transferOf(inbox, id);
  if (transfer === undefined)
    throw new UnderstudyError('conflict', 'footage/not-offered', `Nothing is known of file ${id}: offer it again.`);
  // Another place than what is there ends at: the answer says where to go on.
  if (offset !== transfer.written) return transfer.written;
  if (offset + bytes.length > transfer.file.bytes)
    throw new UnderstudyError('invalid', 'footage/too-long', `More came of file ${id} than was offered.`);
  await inbox.deps.pause(bytes.length);
  if (!(await takeRoom(transfer, bytes.length, inbox.deps.clock.monotonic()))) throw noSpace(transfer);
  await writeAt(inbox, transfer, bytes);
  const before = transfer.check.verified();
  const wrong = await transfer.check.advance(await unverifiedOf(transfer));
  if (wrong !== undefined) {
    inbox.deps.log.warn('a piece of a returned file was refused', { id, offset: transfer.check.verified(), wrong });
    await shorten(transfer, transfer.check.verified());
  }
  if (wrong !== undefined || transfer.check.verified() > before) await transfer.handle.datasync();
  return transfer.written;
}

/** Read at the other server, by somebody who looks for the disk: by its path, for nobody knows ids of volumes. */
const noSpace = ({ volume }: IncomingFile): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'footage/no-space',
    `${volume.path} of the protected server has no room left for returned footage: free space there.`,
  );

async function writeAt(inbox: Inbox, transfer: IncomingFile, bytes: Uint8Array): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      const at = transfer.written + done;
      done += (await transfer.handle.write(bytes, done, bytes.length - done, at)).bytesWritten;
    }
    transfer.written += bytes.length;
  } catch (error) {
    // After a failed write nothing is known of the file but what is read again.
    await drop(inbox, transfer.file.id);
    throw storageError(error);
  }
}

const storageError = (cause: unknown): UnderstudyError =>
  new UnderstudyError('unavailable', 'footage/no-space', `The volume refuses: ${systemCodeOf(cause) ?? 'unknown'}.`, {
    cause,
  });

async function insert(inbox: Inbox, { file, place }: InsertParams): Promise<Receipt> {
  const known = await receiptOf(inbox, file);
  const receipt = known ?? (await insertAt(inbox, file, place));
  await drop(inbox, file.id);
  if (known === undefined) inbox.deps.inserted(file, receipt);
  return receipt;
}

async function insertAt(inbox: Inbox, file: ReturnFile, place: InsertParams['place']): Promise<Receipt> {
  if (place.kind === 'sent') return await insertSent(inbox, file);
  if (place.kind === 'share') return await insertFromShare(inbox, file, place.path);
  const volume = inbox.deps.volumes().find(({ id }) => id === place.volumeId);
  if (volume === undefined || !(await isPresent(volume)))
    throw new UnderstudyError('unavailable', 'footage/volume', `Volume ${place.volumeId} is not here now.`);
  await checkAdopted(inbox.deps, join(volume.path, place.path), file);
  const { path, note } = place;
  return await oneOfStream(inbox, file, async () => await adoptFile(inbox.deps, file, { volume, path, note }));
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function insertSent(inbox: Inbox, file: ReturnFile): Promise<Receipt> {
  const transfer = inbox.transfers.get(file.id);
  if (transfer === undefined || transfer.check.verified() < file.bytes)
    throw new UnderstudyError('conflict', 'footage/incomplete', `File ${file.id} is not here whole: offer it again.`);
  const wrong = transfer.check.finish();
  if (wrong !== undefined) {
    await discard(inbox, transfer);
    throw damaged(file, wrong);
  }
  await transfer.handle.sync();
  await checkWritten(inbox, transfer);
  return await oneOfStream(inbox, file, async () => await insertFile(inbox.deps, file, transfer));
}

/** A disk may acknowledge what it does not keep. @throws footage/damaged, footage/no-space */
async function checkWritten(inbox: Inbox, transfer: IncomingFile): Promise<void> {
  const { path, file } = transfer;
  let isThere = false;
  try {
    isThere = await isOnDisk(inbox.deps, path, file);
  } catch (error) {
    await discard(inbox, transfer);
    throw storageError(error);
  }
  if (isThere) return;
  inbox.deps.log.error('a disk does not give back what was written to it', { id: file.id, path });
  await discard(inbox, transfer);
  throw damaged(file, 'the disk gives back something else than what was written and flushed');
}

async function insertFromShare(inbox: Inbox, file: ReturnFile, name: string): Promise<Receipt> {
  const share = inbox.deps.shareFolder();
  if (share === undefined)
    throw new UnderstudyError('conflict', 'footage/no-share', 'No share for returned footage is set up here.');
  const { base, handle: root } = await holdVolume(share.volume);
  try {
    const path = await realpath(join(base, share.folder, name)).catch(() => '');
    const folder = await realpath(join(base, share.folder));
    if (!path.startsWith(folder + sep)) throw damaged(file, 'it is not in the folder of the share');
    await syncFile(path);
    const wrong = await wrongIn(inbox.deps.disk, path, file);
    if (wrong !== undefined) throw damaged(file, wrong);
    const { volume } = share;
    return await oneOfStream(inbox, file, async () => await insertFile(inbox.deps, file, { volume, base, path }));
  } finally {
    await root.close();
  }
}

/** Closes what is open of it; the file stays for the next offer. */
async function drop({ transfers }: Inbox, id: string): Promise<void> {
  const transfer = transfers.get(id);
  if (transfer === undefined) return;
  transfers.delete(id);
  await transfer.handle.close().catch(() => undefined);
  await transfer.root.close().catch(() => undefined);
}

async function discard(inbox: Inbox, transfer: IncomingFile): Promise<void> {
  await removeIfThere(transfer.path);
  await drop(inbox, transfer.file.id);
}

/** It is the last one then that goes for another. */
function transferOf({ transfers, deps }: Inbox, id: string): IncomingFile | undefined {
  const transfer = transfers.get(id);
  if (transfer === undefined) return undefined;
  transfer.touchedAt = deps.clock.monotonic();
  return transfer;
}

/** The one that was left alone longest; it goes on from its file when it is offered again. Nobody who is sending loses his place. */
async function dropIdle(inbox: Inbox): Promise<void> {
  const until = inbox.deps.clock.monotonic() - IDLE_MS;
  const idle = [...inbox.transfers.values()].filter(
    ({ file, touchedAt }) => !inbox.busy.has(file.id) && touchedAt <= until,
  );
  const [longest] = idle.sort((left, right) => left.touchedAt - right.touchedAt);
  if (longest !== undefined) await drop(inbox, longest.file.id);
}
