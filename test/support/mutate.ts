/** Damages bytes the way wires, disks and attackers do: flips, cuts, splices, repeats. Seeded, so a failure can be played again. */
import type { Random } from './seeded-random.ts';

/** A damaged copy of `bytes` after 1 to 4 random changes; `other` is what splices take their pieces from. */
export function mutate(random: Random, bytes: Uint8Array, other: Uint8Array = bytes): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let rounds = random.int(1, 4); rounds > 0; rounds -= 1) result = random.pick(CHANGES)(random, result, other);
  return result;
}

type Change = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array;
const CHANGES: readonly Change[] = [flip, overwrite, cut, remove, splice, repeat];

/** One bit. */
function flip(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.int(0, bytes.length - 1);
  return bytes.map((value, index) => (index === at ? value ^ (1 << random.int(0, 7)) : value));
}

/** One byte becomes a value that parsers stumble over. */
function overwrite(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.int(0, bytes.length - 1);
  const value = random.pick([0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x24, random.int(0, 255)]);
  return bytes.map((old, index) => (index === at ? value : old));
}

/** The end goes missing. */
function cut(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, random.int(0, bytes.length));
}

function remove(random: Random, bytes: Uint8Array): Uint8Array {
  const [start, end] = rangeOf(random, bytes);
  return join(bytes.subarray(0, start), bytes.subarray(end));
}

function splice(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = random.int(0, bytes.length);
  return join(bytes.subarray(0, at), other.subarray(...rangeOf(random, other)), bytes.subarray(at));
}

function repeat(random: Random, bytes: Uint8Array): Uint8Array {
  const [start, end] = rangeOf(random, bytes);
  const piece = bytes.subarray(start, end);
  const copies = Array.from({ length: random.int(1, 8) }, () => piece);
  return join(bytes.subarray(0, end), ...copies, bytes.subarray(end));
}

function rangeOf(random: Random, bytes: Uint8Array): [start: number, end: number] {
  const start = random.int(0, bytes.length);
  return [start, random.int(start, Math.min(bytes.length, start + 64))];
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
