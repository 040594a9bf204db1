/**
 * Fields of SMB and NTLM messages: little-endian, at fixed offsets. Every read is checked against the end of the message, so that no parser
 * here can read past what came.
 */
import { brokenProtocol } from './smb-error.ts';

export type Reader = {
  readonly length: number;
  readonly u8: (at: number) => number;
  readonly u16: (at: number) => number;
  readonly u32: (at: number) => number;
  readonly u64: (at: number) => bigint;
  /** A length or position that fits a JavaScript number exactly. */
  readonly size: (at: number) => number;
  /** A view, not a copy. */
  readonly bytes: (at: number, length: number) => Uint8Array;
  readonly text: (at: number, length: number) => string;
};

/** `what` completes "The server's ... is too short"; @throws `smb-protocol` from every read past the end. */
export function readerOf(bytes: Uint8Array, what: string): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const check = (at: number, length: number): number => {
    if (at + length <= bytes.length) return at;
    throw brokenProtocol(`The server's ${what} is too short: ${length} bytes expected at ${at}, ${bytes.length} came.`);
  };
  const u64 = (at: number): bigint => view.getBigUint64(check(at, 8), true);
  return {
    length: bytes.length,
    u8: (at) => view.getUint8(check(at, 1)),
    u16: (at) => view.getUint16(check(at, 2), true),
    u32: (at) => view.getUint32(check(at, 4), true),
    u64,
    size: (at) => {
      const value = u64(at);
      if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
      throw brokenProtocol(`The server's ${what} names a size that no file has: ${value} bytes.`);
    },
    bytes: (at, length) => bytes.subarray(check(at, length), at + length),
    text: (at, length) => Buffer.from(bytes.buffer, bytes.byteOffset + check(at, length), length).toString('utf16le'),
  };
}

export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8);
export const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
export const zeros = (length: number): Uint8Array => new Uint8Array(length);
export const utf16 = (text: string): Uint8Array => Buffer.from(text, 'utf16le');
export const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** The fields one after the other. */
export const record = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);
/** `bytes` filled up with zeros to a multiple of eight. */
export const padded8 = (bytes: Uint8Array): Uint8Array => record(bytes, zeros((8 - (bytes.length % 8)) % 8));
