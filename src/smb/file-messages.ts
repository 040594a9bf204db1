/** CREATE, CLOSE, FLUSH, READ, WRITE: [MS-SMB2] §2.2.13 to §2.2.22. */
import { HEADER_BYTES } from './header.ts';
import { readerOf, record, u16, u32, u64, u8, utf16, zeros } from './little-endian.ts';
import { brokenProtocol } from './smb-error.ts';

/** Opaque, 16 bytes. */
export type FileId = Uint8Array;

/** Rights asked for, §2.2.13.1. */
export const ACCESS = {
  readData: 0x1,
  writeData: 0x2,
  readAttributes: 0x80,
  remove: 0x1_0000,
  synchronize: 0x10_0000,
} as const;
/** What to do with a name that is there, or not, §2.2.13. */
export const DISPOSITION = { open: 1, create: 2, openOrCreate: 3, overwriteOrCreate: 5 } as const;
export type Create = {
  /** As on the wire. */
  readonly path: string;
  readonly access: number;
  readonly disposition: (typeof DISPOSITION)[keyof typeof DISPOSITION];
  /** `any`: whichever it is. */
  readonly kind: 'file' | 'directory' | 'any';
};

const IMPERSONATION = 2;
/**
 * Others may read, write and remove meanwhile: a connection that was cut leaves its file open on the server until that notices, and must
 * not lock out the upload that goes on from there.
 */
const SHARE_ALL = 7;
const ATTRIBUTE = { directory: 0x10, normal: 0x80 } as const;
const OPTION: Readonly<Record<Create['kind'], number>> = { directory: 0x1, file: 0x40, any: 0 };

export function encodeCreate({ path, access, disposition, kind }: Create): Uint8Array {
  const name = utf16(path);
  return record(
    u16(57),
    u8(0),
    u8(0),
    u32(IMPERSONATION),
    zeros(16),
    u32(access),
    u32(kind === 'directory' ? ATTRIBUTE.directory : ATTRIBUTE.normal),
    u32(SHARE_ALL),
    u32(disposition),
    u32(OPTION[kind]),
    u16(HEADER_BYTES + 56),
    u16(name.length),
    zeros(8),
    // The share itself has no name, but the field is never empty.
    name.length === 0 ? zeros(8) : name,
  );
}

export const parseCreate = (message: Uint8Array): FileId =>
  Uint8Array.from(readerOf(message, 'answer to CREATE').bytes(HEADER_BYTES + 64, 16));

/** CLOSE and FLUSH. */
export const encodeOnFile = (file: FileId): Uint8Array => record(u16(24), u16(0), u32(0), file);

export const encodeWrite = (file: FileId, offset: number, length: number): Uint8Array =>
  record(u16(49), u16(HEADER_BYTES + 48), u32(length), u64(BigInt(offset)), file, zeros(16));

/** How many bytes were written: 1 to `asked`. */
export function parseWrite(message: Uint8Array, asked: number): number {
  const written = readerOf(message, 'answer to WRITE').u32(HEADER_BYTES + 4);
  if (written > 0 && written <= asked) return written;
  throw brokenProtocol(`The server says it wrote ${written} of ${asked} bytes.`);
}

const DATA_AT = HEADER_BYTES + 16;

export const encodeRead = (file: FileId, offset: number, length: number): Uint8Array =>
  record(u16(49), u8(DATA_AT), u8(0), u32(length), u64(BigInt(offset)), file, u32(0), zeros(12), u8(0));

/** A view of the message. */
export function parseRead(message: Uint8Array, asked: number): Uint8Array {
  const reader = readerOf(message, 'answer to READ');
  const length = reader.u32(HEADER_BYTES + 4);
  if (length > asked) throw brokenProtocol(`The server sent ${length} bytes of a file where ${asked} were asked for.`);
  return reader.bytes(reader.u8(HEADER_BYTES + 2), length);
}
