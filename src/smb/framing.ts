/** Messages out of a TCP stream: a zero, three bytes of length (big-endian), then the message. [MS-SMB2] §2.1. */
import { TRANSFORM_BYTES } from './encryption.ts';
import { MAX_TRANSFER_BYTES } from './negotiate.ts';
import { brokenProtocol } from './smb-error.ts';

/** The longest answer is one to READ; headers around it take less than 4 KB. */
export const MAX_MESSAGE_BYTES: number = MAX_TRANSFER_BYTES + 4096 + TRANSFORM_BYTES;
const LENGTH_BYTES = 4;

export const lengthPrefix = (length: number): Uint8Array =>
  Uint8Array.of(0, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);

export type Framer = {
  /** The messages that `chunk` completes; it must not change afterwards. @throws `smb-protocol` */
  readonly push: (chunk: Uint8Array) => readonly Uint8Array[];
};

/** Holds at most one message that is still coming in, and takes memory for it only as announced. */
export function createFramer(): Framer {
  let prefix: Uint8Array = new Uint8Array(0);
  let message: Uint8Array | undefined;
  let filled = 0;

  function take(chunk: Uint8Array, messages: Uint8Array[]): Uint8Array {
    if (message === undefined) {
      const needed = LENGTH_BYTES - prefix.length;
      prefix = Buffer.concat([prefix, chunk.subarray(0, needed)]);
      if (prefix.length === LENGTH_BYTES) message = new Uint8Array(announced(prefix));
      return chunk.subarray(needed);
    }
    const piece = chunk.subarray(0, message.length - filled);
    message.set(piece, filled);
    filled += piece.length;
    if (filled === message.length) {
      messages.push(message);
      [prefix, message, filled] = [new Uint8Array(0), undefined, 0];
    }
    return chunk.subarray(piece.length);
  }

  return {
    push: (chunk) => {
      const messages: Uint8Array[] = [];
      for (let rest = chunk; rest.length > 0;) rest = take(rest, messages);
      return messages;
    },
  };
}

function announced(prefix: Uint8Array): number {
  const length = Buffer.from(prefix).readUInt32BE();
  if (length > 0 && length <= MAX_MESSAGE_BYTES) return length;
  throw brokenProtocol(`The server announced a message of ${length} bytes; 1 to ${MAX_MESSAGE_BYTES} expected.`);
}
