/** The SMB2 header, [MS-SMB2] §2.2.1, and the error response, §2.2.2. */
import { readerOf, record, u16, u32, u64, zeros } from './little-endian.ts';
import { brokenProtocol } from './smb-error.ts';

export const COMMAND = {
  negotiate: 0,
  sessionSetup: 1,
  logoff: 2,
  treeConnect: 3,
  treeDisconnect: 4,
  create: 5,
  close: 6,
  flush: 7,
  read: 8,
  write: 9,
  ioctl: 11,
  queryDirectory: 14,
  queryInfo: 16,
  setInfo: 17,
} as const;
export type Command = (typeof COMMAND)[keyof typeof COMMAND];

export const HEADER_BYTES = 64;
export const SIGNATURE_AT = 48;
export const SIGNATURE_BYTES = 16;
/** What the server sends on its own (lease and oplock breaks) has this message id, §3.2.5.19. */
export const UNSOLICITED = 0xffff_ffff_ffff_ffffn;

const PROTOCOL_ID = 0x424d_53fe;
const FLAG_RESPONSE = 1;
const FLAG_ASYNC = 2;
export const FLAG_SIGNED = 8;

export type RequestHeader = {
  readonly command: Command;
  /** As it goes on the wire: 0 where the connection has no credits of more than 64 KB. */
  readonly creditCharge: number;
  readonly creditsWanted: number;
  readonly messageId: bigint;
  readonly treeId: number;
  readonly sessionId: bigint;
  readonly signed: boolean;
};

export const encodeHeader = (header: RequestHeader): Uint8Array =>
  record(
    u32(PROTOCOL_ID),
    u16(HEADER_BYTES),
    u16(header.creditCharge),
    u32(0),
    u16(header.command),
    u16(header.creditsWanted),
    u32(header.signed ? FLAG_SIGNED : 0),
    u32(0),
    u64(header.messageId),
    u32(0),
    u32(header.treeId),
    u64(header.sessionId),
    zeros(SIGNATURE_BYTES),
  );

export type ResponseHeader = {
  readonly status: number;
  readonly command: number;
  readonly credits: number;
  readonly messageId: bigint;
  readonly sessionId: bigint;
  /** Zero in answers to requests that went on asynchronously. */
  readonly treeId: number;
  readonly signed: boolean;
  readonly isAsync: boolean;
};

/** @throws `smb-protocol` unless it is one response: requests and chains of responses are refused, we ask for neither. */
export function parseHeader(message: Uint8Array): ResponseHeader {
  const reader = readerOf(message, 'message');
  if (reader.length < HEADER_BYTES || reader.u32(0) !== PROTOCOL_ID || reader.u16(4) !== HEADER_BYTES)
    throw brokenProtocol('Expected an SMB 2 message from the server, got something else: is this port a file server?');
  const flags = reader.u32(16);
  if ((flags & FLAG_RESPONSE) === 0) throw brokenProtocol('The server sent a request where a response was expected.');
  if (reader.u32(20) !== 0) throw brokenProtocol('The server sent a chain of responses that nobody asked for.');
  const isAsync = (flags & FLAG_ASYNC) !== 0;
  return {
    status: reader.u32(8),
    command: reader.u16(12),
    credits: reader.u16(14),
    messageId: reader.u64(24),
    sessionId: reader.u64(40),
    treeId: isAsync ? 0 : reader.u32(36),
    signed: (flags & FLAG_SIGNED) !== 0,
    isAsync,
  };
}
