/** QUERY_DIRECTORY, QUERY_INFO, SET_INFO: [MS-SMB2] §2.2.33 to §2.2.40, with the structures of [MS-FSCC] §2.4 and §2.5. */
import type { FileId } from './file-messages.ts';
import { HEADER_BYTES } from './header.ts';
import { readerOf, record, u16, u32, u8, utf16, zeros } from './little-endian.ts';
import type { Reader } from './little-endian.ts';
import { brokenProtocol } from './smb-error.ts';

export type SmbEntry = { readonly name: string; readonly kind: 'file' | 'directory'; readonly size: number };

const INFO = { file: 1, fileSystem: 2 } as const;
const CLASS = { directory: 1, standard: 5, fullSize: 7, rename: 10, disposition: 13 } as const;
/** One credit's worth of entries a request. */
const PAGE_BYTES = 65_536;

export function encodeQueryDirectory(file: FileId): Uint8Array {
  const pattern = utf16('*');
  return record(
    u16(33),
    u8(CLASS.directory),
    u8(0),
    u32(0),
    file,
    u16(HEADER_BYTES + 32),
    u16(pattern.length),
    u32(PAGE_BYTES),
    pattern,
  );
}

/** One page; `.` and `..` are left out. */
export function parseQueryDirectory(message: Uint8Array): readonly SmbEntry[] {
  const reader = outputOf(message, 'directory');
  const entries: SmbEntry[] = [];
  for (let at = 0; ;) {
    const entry = entryAt(reader, at);
    if (entry.name !== '.' && entry.name !== '..') entries.push(entry);
    const next = reader.u32(at);
    if (next === 0) return entries;
    // Anything shorter would be inside this entry, and a loop.
    if (next < ENTRY_BYTES) throw brokenProtocol(`The server lists a directory with an entry of ${next} bytes.`);
    at += next;
  }
}

const ENTRY_BYTES = 64;
const IS_DIRECTORY = 0x10;

function entryAt(reader: Reader, at: number): SmbEntry {
  const name = reader.text(at + ENTRY_BYTES, reader.u32(at + 60));
  // Never a path: what we would do with it could reach something else.
  if (name === '' || /[\0/\\]/.test(name))
    throw brokenProtocol(`The server lists a name that no file can have: ${JSON.stringify(name.slice(0, 60))}.`);
  return {
    name,
    kind: (reader.u32(at + 56) & IS_DIRECTORY) === 0 ? 'file' : 'directory',
    size: reader.size(at + 40),
  };
}

const encodeQueryInfo = (file: FileId, kind: number, infoClass: number): Uint8Array =>
  record(u16(41), u8(kind), u8(infoClass), u32(PAGE_BYTES), zeros(16), file);

export const encodeQuerySize = (file: FileId): Uint8Array => encodeQueryInfo(file, INFO.file, CLASS.standard);
export const parseQuerySize = (message: Uint8Array): number => outputOf(message, 'size of a file').size(8);

export const encodeQueryFree = (file: FileId): Uint8Array => encodeQueryInfo(file, INFO.fileSystem, CLASS.fullSize);
/** Bytes that the user may still write; more than JavaScript counts exactly is told as that much. */
export function parseQueryFree(message: Uint8Array): number {
  const reader = outputOf(message, 'free space');
  const bytes = reader.u64(8) * BigInt(reader.u32(24)) * BigInt(reader.u32(28));
  return Number(bytes < BigInt(Number.MAX_SAFE_INTEGER) ? bytes : Number.MAX_SAFE_INTEGER);
}

/** Answers of queries have one layout. */
function outputOf(message: Uint8Array, what: string): Reader {
  const reader = readerOf(message, `answer about the ${what}`);
  const length = reader.u32(HEADER_BYTES + 4);
  return readerOf(reader.bytes(reader.u16(HEADER_BYTES + 2), length), `answer about the ${what}`);
}

const encodeSetInfo = (file: FileId, infoClass: number, data: Uint8Array): Uint8Array =>
  record(u16(33), u8(INFO.file), u8(infoClass), u32(data.length), u16(HEADER_BYTES + 32), u16(0), u32(0), file, data);

/** `path` as on the wire, from the share's root. */
export function encodeRename(file: FileId, path: string, replace: boolean): Uint8Array {
  const name = utf16(path);
  const data = record(u8(replace ? 1 : 0), zeros(15), u32(name.length), name);
  // Windows refuses fewer than the 24 bytes of the structure.
  return encodeSetInfo(file, CLASS.rename, record(data, zeros(Math.max(0, 24 - data.length))));
}

/** Gone when the last one closes it. */
export const encodeRemove = (file: FileId): Uint8Array => encodeSetInfo(file, CLASS.disposition, u8(1));
