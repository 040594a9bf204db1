/** SESSION_SETUP, TREE_CONNECT, LOGOFF, TREE_DISCONNECT and the check of the negotiation: [MS-SMB2] §2.2.5 to §2.2.12, §2.2.31.4. */
import { HEADER_BYTES } from './header.ts';
import { readerOf, record, u16, u32, u8, utf16, zeros } from './little-endian.ts';
import { CAPABILITIES, OFFERED_DIALECTS, SECURITY_MODE } from './negotiate.ts';
import type { Negotiated } from './negotiate.ts';

const ENCRYPTS_SESSION = 0x4;
const GUEST_OR_NOBODY = 0x3;

export const encodeSessionSetup = (token: Uint8Array): Uint8Array =>
  record(u16(25), u8(0), u8(SECURITY_MODE), u32(0), u32(0), u16(HEADER_BYTES + 24), u16(token.length), zeros(8), token);

export type SessionSetup = {
  /** Logged on, but as nobody in particular: nothing is signed, and anyone can be the server. */
  readonly guest: boolean;
  readonly mustEncrypt: boolean;
  readonly token: Uint8Array;
};

export function parseSessionSetup(message: Uint8Array): SessionSetup {
  const reader = readerOf(message, 'answer to SESSION_SETUP');
  const flags = reader.u16(HEADER_BYTES + 2);
  return {
    guest: (flags & GUEST_OR_NOBODY) !== 0,
    mustEncrypt: (flags & ENCRYPTS_SESSION) !== 0,
    token: reader.bytes(reader.u16(HEADER_BYTES + 4), reader.u16(HEADER_BYTES + 6)),
  };
}

export function encodeTreeConnect(unc: string): Uint8Array {
  const path = utf16(unc);
  return record(u16(9), u16(0), u16(HEADER_BYTES + 8), u16(path.length), path);
}

export type TreeConnect = {
  readonly isDisk: boolean;
  readonly mustEncrypt: boolean;
  /** Whether this user may write anything at all. */
  readonly writable: boolean;
};

const DISK = 1;
const ENCRYPTS_SHARE = 0x8000;
/** FILE_WRITE_DATA, which is FILE_ADD_FILE for directories. */
const MAY_WRITE = 0x2;

export function parseTreeConnect(message: Uint8Array): TreeConnect {
  const reader = readerOf(message, 'answer to TREE_CONNECT');
  return {
    isDisk: reader.u8(HEADER_BYTES + 2) === DISK,
    mustEncrypt: (reader.u32(HEADER_BYTES + 4) & ENCRYPTS_SHARE) !== 0,
    writable: (reader.u32(HEADER_BYTES + 12) & MAY_WRITE) !== 0,
  };
}

/** LOGOFF and TREE_DISCONNECT. */
export const encodeGoodbye = (): Uint8Array => record(u16(4), u16(0));

const FSCTL_VALIDATE_NEGOTIATE = 0x0014_0204;
const NO_FILE = new Uint8Array(16).fill(0xff);
const IS_FSCTL = 1;
const ANSWER_BYTES = 24;

/** Asks the server what it was offered, now that nobody can change it on the way (3.0, 3.0.2 and 2.1; 3.1.1 needs it not). */
export function encodeValidateNegotiate(guid: Uint8Array): Uint8Array {
  const dialects = OFFERED_DIALECTS.length / 2;
  const input = record(u32(CAPABILITIES), guid, u16(SECURITY_MODE), u16(dialects), OFFERED_DIALECTS);
  return record(
    u16(57),
    u16(0),
    u32(FSCTL_VALIDATE_NEGOTIATE),
    NO_FILE,
    u32(HEADER_BYTES + 56),
    u32(input.length),
    u32(0),
    u32(0),
    u32(0),
    u32(ANSWER_BYTES),
    u32(IS_FSCTL),
    u32(0),
    input,
  );
}

const DIALECT_NUMBERS: Readonly<Record<Negotiated['dialect'], number>> = {
  '2.1': 0x0210,
  '3.0': 0x0300,
  '3.0.2': 0x0302,
  '3.1.1': 0x0311,
};

/** Whether the server says of the negotiation what we saw of it. */
export function isSameNegotiation(message: Uint8Array, { dialect, server }: Negotiated): boolean {
  const reader = readerOf(message, 'answer to VALIDATE_NEGOTIATE_INFO');
  const seen = record(u32(server.capabilities), server.guid, u16(server.securityMode), u16(DIALECT_NUMBERS[dialect]));
  const length = reader.u32(HEADER_BYTES + 36);
  return length === ANSWER_BYTES && Buffer.from(reader.bytes(reader.u32(HEADER_BYTES + 32), length)).equals(seen);
}
