/**
 * Files read from their disk, past the page cache (O_DIRECT): whoever lets a copy go because of another one must know what the disk gives
 * back, not what memory still has of the write.
 *
 * Belongs here: reading at positions. Does not: whether a file system takes O_DIRECT for writing (direct-io.ts).
 * One buffer for each disk, so one read of it at a time, and a disk that hangs holds up no other; each fills a window that the next reads mostly
 * find theirs in.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCodeOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { openByteSource } from './byte-source.ts';
import type { OpenByteSource } from './byte-source.ts';
import { DIRECT_ALIGNMENT, REFUSALS, createAlignedBuffer } from './direct-io.ts';

export type DiskReader = {
  /** By the page cache where the file system refuses O_DIRECT; said once of each. @throws system errors */
  readonly open: (path: string) => Promise<OpenByteSource>;
};

/** Two fragments of most cameras. */
export const WINDOW_BYTES: number = 1024 * 1024;

type Memory = Uint8Array;
/** What of a file handle is used. */
export type DirectFile = {
  readonly stat: () => Promise<{ readonly size: number; readonly dev: number }>;
  readonly read: (
    into: Memory,
    at: number,
    length: number,
    position: number,
  ) => Promise<{ readonly bytesRead: number }>;
  readonly close: () => Promise<void>;
};
/** As that of node:fs/promises. */
export type OpenDirect = (path: string, flags: number | string) => Promise<DirectFile>;

type Lane = {
  readonly memory: Memory;
  /** What is in memory. */
  window: { readonly owner: DirectFile; readonly from: number; readonly length: number } | undefined;
  /** One after the other. */
  last: Promise<unknown>;
};
type Reader = {
  readonly open: OpenDirect;
  readonly log: Pick<Log, 'info'>;
  readonly refused: Set<number>;
  /** By device, whose numbers the kernel uses again. */
  readonly lanes: Map<number, Lane>;
  /** Memory of one has been read into, so the others are aligned as well: they are made alike. */
  isAligned: boolean;
};

export function createDiskReader(
  log: Pick<Log, 'info'> = { info: () => undefined },
  openFile: OpenDirect = open,
): DiskReader {
  const reader: Reader = { open: openFile, log, refused: new Set(), lanes: new Map(), isAligned: false };
  return { open: async (path) => await openPast(reader, path) };
}

type Opened = {
  readonly file: DirectFile;
  readonly lane: Lane;
  readonly size: number;
  /** It has a place that cannot be read: no more is asked for than is wanted. */
  hasBadPlace: boolean;
};

async function openPast(reader: Reader, path: string): Promise<OpenByteSource> {
  const file = await openDirect(reader, path);
  if (file === undefined) return await openByteSource(path);
  const { size, dev } = await statOf(file);
  const opened: Opened = { file, size, lane: laneOf(reader, dev), hasBadPlace: false };
  let buffered: OpenByteSource | undefined;
  return {
    size,
    read: async (position, length) => {
      const end = Math.min(size, position + length);
      try {
        if (buffered === undefined)
          return await inTurn(opened.lane, async () => await readAll(reader, opened, position, end));
      } catch (error) {
        // Some take the flag, and refuse the first read.
        const code = systemCodeOf(error) ?? '';
        if (!REFUSALS.has(code)) throw error;
        refuse(reader, {
          dev,
          path,
          code,
          by: reader.isAligned ? 'file system' : 'file system, or memory not aligned',
        });
      }
      buffered ??= await openByteSource(path);
      return await buffered.read(position, end - position);
    },
    // Not behind reads of other files; its own are over, as with every source.
    close: async () => {
      await file.close();
      await buffered?.close();
    },
  };
}

async function statOf(file: DirectFile): Promise<{ readonly size: number; readonly dev: number }> {
  try {
    return await file.stat();
  } catch (error) {
    await file.close();
    throw error;
  }
}

function laneOf({ lanes }: Reader, dev: number): Lane {
  const found = lanes.get(dev);
  if (found !== undefined) return found;
  const lane: Lane = { memory: createAlignedBuffer(WINDOW_BYTES), window: undefined, last: Promise.resolve() };
  lanes.set(dev, lane);
  return lane;
}

async function openDirect(reader: Reader, path: string): Promise<DirectFile | undefined> {
  try {
    // oxlint-disable-next-line no-bitwise -- flags of open(2)
    return await reader.open(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined || !REFUSALS.has(code)) throw error;
    const plain = await reader.open(path, 'r');
    try {
      refuse(reader, { dev: (await plain.stat()).dev, path, code, by: 'file system' });
    } finally {
      await plain.close();
    }
    return undefined;
  }
}

type Refusal = { readonly dev: number; readonly path: string; readonly code: string; readonly by: string };
function refuse({ refused, log }: Reader, { dev, path, code, by }: Refusal): void {
  if (refused.has(dev)) return;
  refused.add(dev);
  log.info('copies are verified as the page cache has them: direct reads are refused', { path, code, by });
}

async function inTurn<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
  const result = lane.last.then(work, work);
  lane.last = result.catch(() => undefined);
  return await result;
}

async function readAll(reader: Reader, opened: Opened, position: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - position));
  let done = 0;
  while (done < bytes.length) {
    const found = await windowAt(reader, opened, { position: position + done, end });
    if (found.length === 0) break;
    const part = found.subarray(0, bytes.length - done);
    bytes.set(part, done);
    done += part.length;
  }
  return done === bytes.length ? bytes : bytes.subarray(0, done);
}

type Wanted = { readonly position: number; readonly end: number };

/** What the window has from there on; filled anew when that is nothing. */
async function windowAt(reader: Reader, opened: Opened, { position, end }: Wanted): Promise<Uint8Array> {
  const { file, lane, size } = opened;
  const { window } = lane;
  if (window?.owner === file && position >= window.from && position < window.from + window.length)
    return lane.memory.subarray(position - window.from, window.length);
  const from = position - (position % DIRECT_ALIGNMENT);
  lane.window = undefined;
  const length = await fill(opened, from, { wanted: end - from, all: size - from });
  reader.isAligned = true;
  lane.window = { owner: file, from, length };
  return lane.memory.subarray(Math.min(position - from, length), length);
}

async function fill(
  opened: Opened,
  from: number,
  { wanted, all }: { readonly wanted: number; readonly all: number },
): Promise<number> {
  const { file, lane } = opened;
  const read = async (length: number): Promise<number> =>
    (await file.read(lane.memory, 0, unitsOf(length), from)).bytesRead;
  if (opened.hasBadPlace) return await read(wanted);
  try {
    return await read(all);
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO' || unitsOf(wanted) === unitsOf(all)) throw error;
    opened.hasBadPlace = true;
    return await read(wanted);
  }
}

const unitsOf = (length: number): number =>
  Math.min(WINDOW_BYTES, Math.ceil(length / DIRECT_ALIGNMENT) * DIRECT_ALIGNMENT);
