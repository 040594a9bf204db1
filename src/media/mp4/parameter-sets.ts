/**
 * The few fields of sequence parameter sets that `avcC` and `hvcC` repeat.
 *
 * Belongs here: profile, chroma and bit depth as the sample entry wants them. Does not: picture size, codec strings and
 * everything else a stream's layout is made of.
 */

export type AvcFormat = {
  /** Absent in profiles that have only 4:2:0 with 8 bits: `avcC` then leaves the fields out. */
  readonly extended: { readonly chroma: number; readonly lumaDepth: number; readonly chromaDepth: number } | undefined;
};

export type HevcFormat = {
  /** The 12 bytes of general profile, tier and level. */
  readonly profileTierLevel: Uint8Array;
  readonly temporalLayers: number;
  readonly temporalNesting: boolean;
  readonly chroma: number;
  readonly lumaDepth: number;
  readonly chromaDepth: number;
};

/** ISO/IEC 14496-15 §5.3.3.1.2: profiles whose `avcC` carries chroma format and bit depths. */
const AVC_EXTENDED_PROFILES: readonly number[] = [100, 110, 122, 144, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

type BitReader = { readonly bits: (count: number) => number; readonly ue: () => number };

/** H.264 §7.3.2.1.1, as far as the bit depths. A cut parameter set reads as zeros. */
export function parseAvcFormat(sps: Uint8Array): AvcFormat {
  if (!AVC_EXTENDED_PROFILES.includes(sps[1] ?? 0)) return { extended: undefined };
  const reader = createBitReader(unescape(sps.subarray(4)));
  reader.ue();
  const chroma = reader.ue();
  if (chroma === 3) reader.bits(1);
  return { extended: { chroma: chroma & 3, lumaDepth: (reader.ue() & 7) + 8, chromaDepth: (reader.ue() & 7) + 8 } };
}

/** H.265 §7.3.2.2.1, as far as the bit depths. */
export function parseHevcFormat(sps: Uint8Array): HevcFormat {
  const payload = unescape(sps.subarray(2));
  const reader = createBitReader(payload);
  reader.bits(4);
  const subLayers = reader.bits(3);
  const temporalNesting = reader.bits(1) === 1;
  const profileTierLevel = new Uint8Array(12);
  profileTierLevel.set(payload.subarray(1, 13));
  for (let index = 0; index < 12; index += 1) reader.bits(8);
  skipSubLayers(reader, subLayers);
  reader.ue();
  const chroma = reader.ue();
  if (chroma === 3) reader.bits(1);
  reader.ue();
  reader.ue();
  if (reader.bits(1) === 1) for (let index = 0; index < 4; index += 1) reader.ue();
  const lumaDepth = (reader.ue() & 7) + 8;
  const chromaDepth = (reader.ue() & 7) + 8;
  return {
    profileTierLevel,
    temporalLayers: subLayers + 1,
    temporalNesting,
    chroma: chroma & 3,
    lumaDepth,
    chromaDepth,
  };
}

/** H.265 §7.3.3: profile and level of each sub-layer, which we have no use for. */
function skipSubLayers(reader: BitReader, count: number): void {
  if (count === 0) return;
  let bits = 0;
  for (let index = 0; index < count; index += 1) bits += reader.bits(1) * 88 + reader.bits(1) * 8;
  for (let index = count; index < 8; index += 1) reader.bits(2);
  for (; bits > 0; bits -= 8) reader.bits(8);
}

/** Removes emulation prevention bytes (H.264 §7.4.1.1). */
function unescape(nal: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let index = 0; index < nal.length; index += 1) {
    if (index >= 2 && nal[index] === 3 && nal[index - 1] === 0 && nal[index - 2] === 0) continue;
    out.push(nal[index] ?? 0);
  }
  return Uint8Array.from(out);
}

function createBitReader(data: Uint8Array): BitReader {
  let position = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index += 1, position += 1) {
      value = value * 2 + (((data[position >> 3] ?? 0) >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const ue = (): number => {
    let zeros = 0;
    while (zeros < 32 && position < data.length * 8 && bits(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + bits(zeros);
  };
  return { bits, ue };
}
