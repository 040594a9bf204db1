/** Keys of a session from its session key: NIST SP 800-108 in counter mode with HMAC-SHA256, as [MS-SMB2] §3.1.4.2 has it. */
import { createHmac } from 'node:crypto';
import { record, zeros } from './little-endian.ts';

export type KeyBytes = 16 | 32;

/** SP 800-108 §4.1 with a 32-bit counter in front; one round gives up to 32 bytes, and no key here is longer. */
export function counterModeKey(key: Uint8Array, fixedInput: Uint8Array, length: KeyBytes): Uint8Array {
  const output = createHmac('sha256', key)
    .update(Uint8Array.of(0, 0, 0, 1))
    .update(fixedInput)
    .digest();
  return output.subarray(0, length);
}

/** `label` and `context` with their closing zeros where the standard has them. */
export function derivedKey(key: Uint8Array, label: Uint8Array, context: Uint8Array, length: KeyBytes): Uint8Array {
  const bits = length * 8;
  return counterModeKey(key, record(label, zeros(1), context, Uint8Array.of(0, 0, bits >>> 8, bits & 0xff)), length);
}
