/**
 * Bits of a NAL unit's payload, emulation prevention bytes left out (ITU-T H.264 §7.3.1, H.265 §7.3.1.1), with Exp-Golomb
 * codes (§9.1). Reading past the end gives zeros and sets `overrun`, so parsers check once, at their end.
 */
export type BitReader = {
  /** `count` 0 to 32. */
  readonly bits: (count: number) => number;
  readonly flag: () => boolean;
  readonly skip: (count: number) => void;
  /** Unsigned Exp-Golomb. */
  readonly ue: () => number;
  /** Signed Exp-Golomb. */
  readonly se: () => number;
  readonly overrun: () => boolean;
};

/** Reads from `start` of `nal`; the bytes before it (NAL header) are left out. */
export function createBitReader(nal: Uint8Array, start: number): BitReader {
  const data = withoutEmulationPrevention(nal.subarray(start));
  const end = data.length * 8;
  let position = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index += 1, position += 1) {
      value = value * 2 + (((data[position >> 3] ?? 0) >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const ue = (): number => {
    const limit = Math.min(32, end - position);
    let zeros = 0;
    while (zeros < limit && bits(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + bits(zeros);
  };
  return {
    bits,
    flag: () => bits(1) === 1,
    skip: (count) => {
      position += count;
    },
    ue,
    se: () => {
      const code = ue();
      return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
    },
    overrun: () => position > end,
  };
}

/** `00 00 03` becomes `00 00`. */
export function withoutEmulationPrevention(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  let length = 0;
  let zeros = 0;
  for (const value of bytes) {
    if (zeros >= 2 && value === 3) {
      zeros = 0;
      continue;
    }
    zeros = value === 0 ? zeros + 1 : 0;
    result[length] = value;
    length += 1;
  }
  return result.subarray(0, length);
}
