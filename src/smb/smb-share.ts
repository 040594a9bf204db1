/** A share that is connected, and what can be done on it. Paths are relative to the share, parts separated by `/`. */
import { UnderstudyError } from '../core/errors.ts';
import type { Answer, Connection } from './connection.ts';
import { ACCESS, DISPOSITION, encodeCreate, encodeOnFile, parseCreate } from './file-messages.ts';
import type { Create, FileId } from './file-messages.ts';
import { COMMAND } from './header.ts';
import type { Command } from './header.ts';
import {
  encodeQueryDirectory,
  encodeQueryFree,
  encodeRemove,
  encodeRename,
  parseQueryDirectory,
  parseQueryFree,
} from './info-messages.ts';
import type { SmbEntry } from './info-messages.ts';
import { createLimiter } from './limiter.ts';
import type { SmbDialect } from './negotiate.ts';
import { encodeGoodbye } from './session-messages.ts';
import { readOnlyShare, STATUS } from './smb-error.ts';
import { createSmbFile } from './smb-file.ts';
import type { SmbFile } from './smb-file.ts';
import { wireDirectoryOf, wirePathOf } from './smb-path.ts';

/** `create-new`: must not be there (`smb-exists`). `open`: must be there (`smb-not-found`). `overwrite`: made, or emptied. */
export type SmbOpenMode = 'create-new' | 'open' | 'overwrite';

export type SmbShare = {
  readonly dialect: SmbDialect;
  /** Every message is authenticated, by a signature or by encryption; there is no other way. */
  readonly signed: true;
  readonly encrypted: boolean;
  /** With its parents; one that is there already is fine. */
  readonly makeDirectory: (path: string) => Promise<void>;
  /** On a read-only share `open` is for reading. */
  readonly open: (path: string, mode: SmbOpenMode) => Promise<SmbFile>;
  /** Within the share, also into another directory. Without `replace`, a taken name is `smb-exists`. */
  readonly rename: (from: string, to: string, options: { readonly replace: boolean }) => Promise<void>;
  /** A file or an empty directory. */
  readonly remove: (path: string) => Promise<void>;
  /** All of it, without `.` and `..`; the empty path is the share itself. */
  readonly list: (path: string) => Promise<readonly SmbEntry[]>;
  /** What this user may still write. */
  readonly freeBytes: () => Promise<number>;
  /** Logs off as far as the server still answers; never rejects. */
  readonly close: () => Promise<void>;
};

/** 4 x 1 MB fill 1 Gbit/s over 30 ms; more only waits in the server's memory. */
const MAX_TRANSFERS = 4;
/** A camera makes some thousand segments a day; a server that lists for ever would fill the memory. */
export const MAX_ENTRIES = 100_000;

export type ConnectedShare = {
  readonly connection: Connection;
  readonly treeId: number;
  readonly dialect: SmbDialect;
  readonly encrypted: boolean;
  readonly writable: boolean;
  readonly maxRead: number;
  readonly maxWrite: number;
};

export function createSmbShare(share: ConnectedShare): SmbShare {
  const tree = createTree(share);
  const transfers = createLimiter(MAX_TRANSFERS);
  return {
    dialect: share.dialect,
    signed: true,
    encrypted: share.encrypted,
    makeDirectory: async (path) => {
      tree.mustBeWritable(`make the directory ${path}`);
      await makeDirectories(tree, wirePathOf(path).split('\\'));
    },
    open: async (path, mode) => {
      const wirePath = wirePathOf(path);
      if (mode !== 'open') tree.mustBeWritable(`make ${path}`);
      const access = ACCESS.readData | ACCESS.readAttributes | (share.writable ? ACCESS.writeData : 0);
      const disposition = DISPOSITIONS[mode];
      const id = await tree.create({ path: wirePath, access, disposition, kind: 'file' }, `open ${path}`);
      return createSmbFile({ ...share, id, path, transfers });
    },
    rename: async (from, to, { replace }) => {
      const doing = `rename ${from} to ${to}`;
      tree.mustBeWritable(doing);
      const target = wirePathOf(to);
      await tree.withFile(existing(wirePathOf(from), ACCESS.remove), doing, async (id) => {
        await tree.ask(COMMAND.setInfo, encodeRename(id, target, replace), doing);
      });
    },
    remove: async (path) => {
      const doing = `remove ${path}`;
      tree.mustBeWritable(doing);
      await tree.withFile(existing(wirePathOf(path), ACCESS.remove), doing, async (id) => {
        await tree.ask(COMMAND.setInfo, encodeRemove(id), doing);
      });
    },
    list: async (path) => {
      const doing = path === '' ? 'list the share' : `list ${path}`;
      const directory = { ...existing(wireDirectoryOf(path), ACCESS.readData), kind: 'directory' } as const;
      return await tree.withFile(directory, doing, async (id) => await listAll(tree, id, doing));
    },
    freeBytes: async () => {
      const doing = 'ask for the free space';
      const root = { ...existing('', ACCESS.readAttributes), kind: 'directory' } as const;
      return await tree.withFile(root, doing, async (id) =>
        parseQueryFree((await tree.ask(COMMAND.queryInfo, encodeQueryFree(id), doing)).message),
      );
    },
    close: async () => {
      try {
        await tree.ask(COMMAND.treeDisconnect, encodeGoodbye(), 'disconnect from the share');
        await tree.ask(COMMAND.logoff, encodeGoodbye(), 'log off');
      } catch {
        // Gone is gone: the server forgets us with the connection.
      }
      share.connection.close();
    },
  };
}

const DISPOSITIONS: Readonly<Record<SmbOpenMode, Create['disposition']>> = {
  'create-new': DISPOSITION.create,
  open: DISPOSITION.open,
  overwrite: DISPOSITION.overwriteOrCreate,
};

const existing = (path: string, access: number): Create => ({
  path,
  access: access | ACCESS.readAttributes | ACCESS.synchronize,
  disposition: DISPOSITION.open,
  kind: 'any',
});

type Tree = {
  readonly mustBeWritable: (doing: string) => void;
  readonly ask: (command: Command, body: Uint8Array, doing: string, accept?: readonly number[]) => Promise<Answer>;
  readonly create: (create: Create, doing: string) => Promise<FileId>;
  /** Open around `work`; closing is part of it, because a removal or a refusal may only come true then. */
  readonly withFile: <T>(create: Create, doing: string, work: (id: FileId) => Promise<T>) => Promise<T>;
};

function createTree({ connection, treeId, writable }: ConnectedShare): Tree {
  const ask: Tree['ask'] = async (command, body, doing, accept = []) =>
    await connection.request({ command, body, treeId, doing, accept });
  const create: Tree['create'] = async (wanted, doing) =>
    parseCreate((await ask(COMMAND.create, encodeCreate(wanted), doing)).message);
  return {
    mustBeWritable: (doing) => {
      if (!writable) throw readOnlyShare(doing);
    },
    ask,
    create,
    withFile: async (wanted, doing, work) => {
      const id = await create(wanted, doing);
      const result = await work(id).catch(async (error: unknown) => {
        await ask(COMMAND.close, encodeOnFile(id), doing).catch(() => undefined);
        throw error;
      });
      await ask(COMMAND.close, encodeOnFile(id), doing);
      return result;
    },
  };
}

async function makeDirectories(tree: Tree, parts: readonly string[]): Promise<void> {
  for (const [index] of parts.entries()) {
    const path = parts.slice(0, index + 1).join('\\');
    const doing = `make the directory ${parts.slice(0, index + 1).join('/')}`;
    const access = ACCESS.readAttributes | ACCESS.synchronize;
    const wanted: Create = { path, access, disposition: DISPOSITION.openOrCreate, kind: 'directory' };
    await tree.withFile(wanted, doing, async () => {});
  }
}

async function listAll(tree: Tree, id: FileId, doing: string): Promise<readonly SmbEntry[]> {
  const entries: SmbEntry[] = [];
  for (;;) {
    const accept = [STATUS.noMoreFiles, STATUS.noSuchFile];
    const { header, message } = await tree.ask(COMMAND.queryDirectory, encodeQueryDirectory(id), doing, accept);
    if (header.status !== STATUS.success) return entries;
    entries.push(...parseQueryDirectory(message));
    if (entries.length > MAX_ENTRIES)
      throw new UnderstudyError('limit', 'smb-limit', `Could not ${doing}: more than ${MAX_ENTRIES} entries.`);
  }
}
