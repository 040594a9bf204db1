/** AES-128-CMAC, RFC 4493: signatures of SMB 3. OpenSSL has it, Node does not pass it on, so it is built from AES-128-CBC. */
import { createCipheriv } from 'node:crypto';

const BLOCK_BYTES = 16;
/** CBC writes as much as it reads, and only its last block counts: in pieces, the waste stays in the processor's cache. */
const PIECE_BYTES = 65_536;

export type AesCmac = (parts: readonly Uint8Array[]) => Uint8Array;

/** The function that gives 16 bytes over `parts`, one after the other. */
export function createAesCmac(key: Uint8Array): AesCmac {
  const zero = new Uint8Array(BLOCK_BYTES);
  const one = doubled(createCipheriv('aes-128-cbc', key, zero).setAutoPadding(false).update(zero));
  const other = doubled(one);
  return (parts) => {
    const chain = createCipheriv('aes-128-cbc', key, zero).setAutoPadding(false);
    const last = feedAllButTheLastBlock(parts, (piece) => chain.update(piece));
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(last);
    if (last.length < BLOCK_BYTES) block[last.length] = 0x80;
    const mask = last.length < BLOCK_BYTES ? other : one;
    return chain.update(block.map((byte, index) => byte ^ (mask[index] ?? 0))).subarray(-BLOCK_BYTES);
  };
}

/** What is left: 1 to 16 bytes, none only of nothing. */
function feedAllButTheLastBlock(parts: readonly Uint8Array[], feed: (piece: Uint8Array) => void): Uint8Array {
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  let toFeed = total === 0 ? 0 : Math.floor((total - 1) / BLOCK_BYTES) * BLOCK_BYTES;
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    const here = Math.min(toFeed, part.length);
    for (let at = 0; at < here; at += PIECE_BYTES) feed(part.subarray(at, Math.min(here, at + PIECE_BYTES)));
    toFeed -= here;
    rest.push(part.subarray(here));
  }
  return Buffer.concat(rest);
}

/** Times x in GF(2^128), RFC 4493 §2.3. */
function doubled(block: Uint8Array): Uint8Array {
  const carry = ((block[0] ?? 0) & 0x80) === 0 ? 0 : 0x87;
  return block.map((byte, index) => {
    const next = block[index + 1];
    return (byte << 1) ^ (next === undefined ? carry : next >>> 7);
  });
}
