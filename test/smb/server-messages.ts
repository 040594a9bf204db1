/** What a server says, for tests of our parsers: bytes by [MS-SMB2] §2.2. */
import { padded8, record, u16, u32, u64, u8, zeros } from '../../src/smb/little-endian.ts';

export type AnswerHeader = {
  readonly command?: number;
  readonly status?: number;
  readonly credits?: number;
  readonly flags?: number;
  readonly next?: number;
  readonly messageId?: bigint;
  readonly treeId?: number;
  readonly sessionId?: bigint;
};

/** Not signed. */
export const answerHeader = (header: AnswerHeader = {}): Uint8Array =>
  record(
    Uint8Array.of(0xfe, 0x53, 0x4d, 0x42),
    u16(64),
    u16(1),
    u32(header.status ?? 0),
    u16(header.command ?? 0),
    u16(header.credits ?? 1),
    u32(header.flags ?? 1),
    u32(header.next ?? 0),
    u64(header.messageId ?? 0n),
    u32(0),
    u32(header.treeId ?? 0),
    u64(header.sessionId ?? 0n),
    zeros(16),
  );

export type NegotiateAnswer = {
  readonly dialect: number;
  readonly capabilities?: number;
  readonly maxTransfer?: number;
  readonly contexts?: readonly { readonly kind: number; readonly data: Uint8Array }[];
};
export const SERVER_GUID: Uint8Array = new Uint8Array(16).fill(0x77);

export const negotiateBody = (answer: NegotiateAnswer): Uint8Array => {
  const { dialect, capabilities = 0x44, maxTransfer = 1 << 20, contexts = [] } = answer;
  return record(
    u16(65),
    u16(3),
    u16(dialect),
    u16(contexts.length),
    SERVER_GUID,
    u32(capabilities),
    u32(maxTransfer),
    u32(maxTransfer),
    u32(maxTransfer),
    zeros(16),
    u16(128),
    u16(0),
    u32(128),
    ...contexts.map(({ kind, data }) => padded8(record(u16(kind), u16(data.length), u32(0), data))),
  );
};
export const negotiateAnswer = (answer: NegotiateAnswer): Uint8Array => record(answerHeader(), negotiateBody(answer));

export const sessionSetupBody = (flags: number, token: Uint8Array): Uint8Array =>
  record(u16(9), u16(flags), u16(72), u16(token.length), token);
export const treeConnectBody = (kind = 1, flags = 0, access = 0x001f_01ff): Uint8Array =>
  record(u16(16), u8(kind), u8(0), u32(flags), u32(0), u32(access));
export const createBody = (id: Uint8Array = new Uint8Array(16).fill(1)): Uint8Array =>
  record(u16(89), zeros(62), id, zeros(8));
/** QUERY_INFO and QUERY_DIRECTORY. */
export const outputBody = (data: Uint8Array): Uint8Array => record(u16(9), u16(72), u32(data.length), data);
export const errorBody = (): Uint8Array => record(u16(9), u16(0), u32(0), zeros(1));

/** `next` is where the next entry begins; 0 ends the page. */
export const directoryEntry = (name: string, next = 0, size = 0n): Uint8Array => {
  const text = Buffer.from(name, 'utf16le');
  return padded8(record(u32(next), zeros(36), u64(size), u64(size), u32(0x80), u32(text.length), text));
};
export const directoryPage = (names: readonly string[]): Uint8Array =>
  record(
    ...names.map((name, index) =>
      directoryEntry(name, index === names.length - 1 ? 0 : directoryEntry(name).length, BigInt(index)),
    ),
  );
