/** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1): what RTP and MP4 tell about AAC. */
import { UnderstudyError } from '../../core/errors.ts';
import { createBitReader } from './bit-reader.ts';
import type { BitReader } from './bit-reader.ts';

export type AacConfig = {
  /** Audio object type: 2 is AAC-LC, 5 SBR, 29 parametric stereo. */
  readonly objectType: number;
  /** Hz, of the core coder. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples that one access unit holds: 1024 or 960. */
  readonly samplesPerFrame: number;
  /** RFC 6381 §3.3. */
  readonly codecString: string;
};

const SAMPLE_RATES: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const CHANNELS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8];

/** @throws UnderstudyError `codec/aac` */
export function parseAudioSpecificConfig(config: Uint8Array): AacConfig {
  const reader = createBitReader(config, 0);
  const objectType = readObjectType(reader);
  const sampleRate = readSampleRate(reader);
  const channelConfiguration = reader.bits(4);
  const sbr = objectType === 5 || objectType === 29;
  if (sbr) {
    readSampleRate(reader);
    readObjectType(reader);
  }
  const short = reader.flag();
  const channels = CHANNELS[channelConfiguration] ?? 0;
  // Zero would mean that a program config element follows; no camera was seen with one, mono is what they mean.
  if (reader.overrun() || objectType === 0 || sampleRate < 7350 || sampleRate > 96_000) {
    throw new UnderstudyError(
      'protocol',
      'codec/aac',
      'Expected an AAC configuration (ISO/IEC 14496-3), got bytes that are none.',
    );
  }
  return {
    objectType,
    sampleRate,
    channels: channels === 0 ? 1 : channels,
    samplesPerFrame: short ? 960 : 1024,
    codecString: `mp4a.40.${objectType}`,
  };
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4);
  return index === 15 ? reader.bits(24) : (SAMPLE_RATES[index] ?? 0);
}
