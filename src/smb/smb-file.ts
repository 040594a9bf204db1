/** A file open on a share: writing and reading in pieces, several under way at once. */
import { UnderstudyError } from '../core/errors.ts';
import type { Answer, Connection, Request } from './connection.ts';
import { encodeOnFile, encodeRead, encodeWrite, parseRead, parseWrite } from './file-messages.ts';
import type { FileId } from './file-messages.ts';
import { COMMAND } from './header.ts';
import { encodeQuerySize, parseQuerySize } from './info-messages.ts';
import type { Limiter } from './limiter.ts';
import { CREDIT_BYTES } from './negotiate.ts';
import { readOnlyShare, STATUS } from './smb-error.ts';

/** The server holds it open until `close`. After an error with the code `smb-connection-lost`, `smb-timeout` or `smb-protocol` it is gone: open it anew. */
export type SmbFile = {
  /**
   * Writes all of `bytes` from `offset` in pieces of at most 1 MB, four of them in flight over all files of the share. Pieces may land in any
   * order, so after an error only what was flushed before is known to be there: go on from there, not from the size of the file.
   * `bytes` must not change before it resolves.
   */
  readonly write: (offset: number, bytes: Uint8Array) => Promise<void>;
  /** Resolves when everything that `write` resolved for is on the server's disk. */
  readonly flush: () => Promise<void>;
  /** Length in bytes, as the server has it now. */
  readonly size: () => Promise<number>;
  /** At most `length` (up to `MAX_READ_BYTES`) bytes from `offset`; fewer at the end of the file, none behind it. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
};

/** More at once would only fill the memory. */
export const MAX_READ_BYTES: number = 16 * 1024 * 1024;

export type OpenFile = {
  readonly connection: Pick<Connection, 'request' | 'takeCredits'>;
  readonly treeId: number;
  readonly id: FileId;
  /** As the caller named it, for messages. */
  readonly path: string;
  readonly writable: boolean;
  readonly maxWrite: number;
  readonly maxRead: number;
  readonly transfers: Limiter;
};

export function createSmbFile(file: OpenFile): SmbFile {
  const ask = async (request: Omit<Request, 'treeId'>, credits?: number): Promise<Answer> =>
    await file.connection.request({ ...request, treeId: file.treeId }, credits);
  return {
    write: async (offset, bytes) => {
      if (!file.writable) throw readOnlyShare(`write to ${file.path}`);
      checkOffset(file, offset + bytes.length);
      await inPieces(file.transfers, { total: bytes.length, piece: file.maxWrite }, async (at, length) => {
        await writePiece(file, offset + at, bytes.subarray(at, at + length));
      });
    },
    flush: async () => {
      const doing = `flush ${file.path} to disk`;
      await ask({ command: COMMAND.flush, body: encodeOnFile(file.id), doing });
    },
    size: async () => {
      const doing = `ask for the size of ${file.path}`;
      return parseQuerySize((await ask({ command: COMMAND.queryInfo, body: encodeQuerySize(file.id), doing })).message);
    },
    read: async (offset, length) => {
      checkOffset(file, offset + length);
      return await readAll(file, offset, Math.min(length, MAX_READ_BYTES));
    },
    close: async () => {
      await ask({ command: COMMAND.close, body: encodeOnFile(file.id), doing: `close ${file.path}` });
    },
  };
}

function checkOffset({ path }: OpenFile, end: number): void {
  if (!Number.isSafeInteger(end) || end < 0)
    throw new UnderstudyError('invalid', 'smb-path', `Expected a place in ${path}, got one that ends at ${end}.`);
}

/** Rejects with the first failure, once none of the pieces is under way any more; after it no other is begun. */
async function inPieces(
  transfers: Limiter,
  { total, piece }: { readonly total: number; readonly piece: number },
  work: (at: number, length: number) => Promise<void>,
): Promise<void> {
  let failure: unknown;
  const one = async (at: number): Promise<void> => {
    if (failure !== undefined) return;
    await work(at, Math.min(piece, total - at)).catch((error: unknown) => {
      failure ??= error;
    });
  };
  const pieces: Promise<void>[] = [];
  for (let at = 0; at < total; at += piece) pieces.push(transfers(async () => await one(at)));
  await Promise.all(pieces);
  if (failure !== undefined) throw failure;
}

/** Once more for what the server left over, and for what its credits did not cover. */
async function writePiece(file: OpenFile, offset: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const doing = `write to ${file.path}`;
    const credits = await file.connection.takeCredits(creditsFor(bytes.length - done), doing);
    const payload = bytes.subarray(done, done + credits * CREDIT_BYTES);
    const body = encodeWrite(file.id, offset + done, payload.length);
    const request = { command: COMMAND.write, body, payload, treeId: file.treeId, doing };
    done += parseWrite((await file.connection.request(request, credits)).message, payload.length);
  }
}

const creditsFor = (bytes: number): number => Math.max(1, Math.ceil(bytes / CREDIT_BYTES));

/** Up to the first piece that comes short: there the file ends. */
async function readAll(file: OpenFile, offset: number, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  let end = length;
  await inPieces(file.transfers, { total: length, piece: file.maxRead }, async (at, piece) => {
    const read = await readPiece(file, offset + at, all.subarray(at, at + piece));
    if (read < piece) end = Math.min(end, at + read);
  });
  return all.subarray(0, end);
}

/** How many bytes there were. */
async function readPiece(file: OpenFile, offset: number, into: Uint8Array): Promise<number> {
  for (let done = 0; done < into.length;) {
    const doing = `read ${file.path}`;
    const credits = await file.connection.takeCredits(creditsFor(into.length - done), doing);
    const length = Math.min(into.length - done, credits * CREDIT_BYTES);
    const body = encodeRead(file.id, offset + done, length);
    const accept = [STATUS.endOfFile];
    const request = { command: COMMAND.read, body, treeId: file.treeId, doing, accept };
    const { header, message } = await file.connection.request(request, credits);
    const data = header.status === STATUS.endOfFile ? new Uint8Array(0) : parseRead(message, length);
    if (data.length === 0) return done;
    into.set(data, done);
    done += data.length;
  }
  return into.length;
}
