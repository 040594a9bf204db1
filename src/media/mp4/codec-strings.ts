/** Codec strings (RFC 6381 §3.3; ISO/IEC 14496-15 Annex E) from parameter sets, as they stand in the file. */
import type { VideoCodec } from '../tracks.ts';
import { parseHevcFormat } from './parameter-sets.ts';

const hex = (value: number): string => value.toString(16).toUpperCase();
const hex2 = (value: number): string => hex(value).padStart(2, '0');

export function videoCodecString(codec: VideoCodec, parameterSets: readonly Uint8Array[]): string {
  if (codec === 'h264') {
    const sps = parameterSets.find((nal) => ((nal[0] ?? 0) & 31) === 7);
    return `avc1.${hex2(sps?.[1] ?? 0)}${hex2(sps?.[2] ?? 0)}${hex2(sps?.[3] ?? 0)}`;
  }
  const sps = parameterSets.find((nal) => (((nal[0] ?? 0) >> 1) & 63) === 33) ?? new Uint8Array();
  return hevcCodecString(parseHevcFormat(sps).profileTierLevel);
}

/** `mp4a.40.` and the audio object type (ISO/IEC 14496-3 §1.6.2.1). */
export function audioCodecString(audioSpecificConfig: Uint8Array): string {
  const [first = 0, second = 0] = audioSpecificConfig;
  const type = first >> 3;
  return `mp4a.40.${type === 31 ? 32 + ((first & 7) << 3) + (second >> 5) : type}`;
}

function hevcCodecString(profileTierLevel: Uint8Array): string {
  const [general = 0] = profileTierLevel;
  const space = ['', 'A', 'B', 'C'][general >> 6] ?? '';
  let compatibility = 0;
  for (let bit = 0; bit < 32; bit += 1) {
    const set = ((profileTierLevel[1 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1;
    compatibility += set * 2 ** bit;
  }
  const constraints = [...profileTierLevel.subarray(5, 11)];
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
  const tier = (general & 0x20) === 0 ? 'L' : 'H';
  const level = `${tier}${profileTierLevel[11] ?? 0}`;
  return ['hvc1', `${space}${general & 31}`, hex(compatibility), level, ...constraints.map(hex)].join('.');
}
