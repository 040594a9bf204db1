/**
 * Which media of a session description are recorded, and what must be known to read them: one video track (H.264 RFC 6184 §8,
 * H.265 RFC 7798 §7), perhaps one audio track (RFC 3640 AAC-hbr, RFC 3551 G.711, RFC 7587 Opus). Others are refused by name.
 *
 * Tolerated, each with a test of that name: broken or missing parameter sets (they come in the bitstream); static payload types without
 * `rtpmap`; `fmtp` with spaces, any case, missing equal signs; AAC without `config` is left out with a remark.
 */
import { UnderstudyError } from '../../core/errors.ts';
import { H264_NAL } from '../codec/h264.ts';
import { H265_NAL } from '../codec/h265.ts';
import { nalTypeOf } from '../codec/nal-kinds.ts';
import type { AudioCodec, VideoCodec } from '../tracks.ts';
import { attributeOf, formatAttributesOf } from './sdp.ts';
import type { Sdp, SdpMedia } from './sdp.ts';

export type VideoDescription = {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  readonly payloadType: number;
  readonly clockRate: number;
  /** Value of `a=control`, to be resolved. */
  readonly control: string | undefined;
  /** NAL units of `fmtp` that decode as base64 and have the right type; may be empty. */
  readonly parameterSets: readonly Uint8Array[];
};
export type AacFraming = {
  readonly sizeLength: number;
  readonly indexLength: number;
  readonly indexDeltaLength: number;
};
export type AudioDescription = {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  readonly payloadType: number;
  /** Of the RTP timestamps, Hz. */
  readonly clockRate: number;
  readonly channels: number;
  readonly control: string | undefined;
  /** AudioSpecificConfig; empty but for AAC. */
  readonly config: Uint8Array;
  readonly framing: AacFraming | undefined;
};
export type TrackDescription = VideoDescription | AudioDescription;
export type SelectedTracks = {
  readonly video: VideoDescription;
  readonly audio: AudioDescription | undefined;
  /** `a=control` of the whole session, for PLAY; `undefined` if it does not say. */
  readonly control: string | undefined;
  /** Why audio was left out, for the event log. */
  readonly remarks: readonly string[];
};

type Format = {
  readonly payloadType: number;
  readonly encoding: string;
  readonly clockRate: number;
  readonly channels: number;
  readonly parameters: ReadonlyMap<string, string>;
};

/** RFC 3551 §6: what a payload type means when no `rtpmap` says so. */
const STATIC_FORMATS: Readonly<Record<string, Pick<Format, 'encoding' | 'clockRate' | 'channels'>>> = {
  '0': { encoding: 'PCMU', clockRate: 8000, channels: 1 },
  '8': { encoding: 'PCMA', clockRate: 8000, channels: 1 },
  '26': { encoding: 'JPEG', clockRate: 90_000, channels: 1 },
  '33': { encoding: 'MP2T', clockRate: 90_000, channels: 1 },
};
/** Fifteen parameter sets of 64 KB are more than any camera has. */
const MAX_PARAMETER_SETS = 16;

/** @throws UnderstudyError `sdp/no-video`, `sdp/video-codec`, `sdp/packetization-mode`. */
export function tracksOf(sdp: Sdp, wanted: { readonly audio: boolean }): SelectedTracks {
  const video = selectVideo(sdp);
  const { audio, remarks } = wanted.audio ? selectAudio(sdp) : { audio: undefined, remarks: [] };
  return { video, audio, control: attributeOf(sdp, 'control'), remarks };
}

function selectVideo(sdp: Sdp): VideoDescription {
  const candidates = sdp.media
    .filter(({ media }) => media === 'video')
    .flatMap((media) => formatsOf(media).map((format) => ({ media, format })));
  const found = candidates.find(({ format }) => videoCodecOf(format.encoding) !== undefined);
  if (found === undefined) throw noVideo(candidates.map(({ format }) => format.encoding));
  const { media, format } = found;
  const codec = videoCodecOf(format.encoding) ?? 'h264';
  refuseModes(codec, format.parameters);
  return {
    kind: 'video',
    codec,
    payloadType: format.payloadType,
    clockRate: format.clockRate,
    control: attributeOf(media, 'control'),
    parameterSets: codec === 'h264' ? h264SetsOf(format.parameters) : h265SetsOf(format.parameters),
  };
}

function selectAudio(sdp: Sdp): { readonly audio: AudioDescription | undefined; readonly remarks: readonly string[] } {
  const remarks: string[] = [];
  const talkBack = !sdp.media.some((entry) => entry.media === 'video' && isSendOnly(entry));
  for (const media of sdp.media.filter((entry) => entry.media === 'audio' && !(talkBack && isSendOnly(entry)))) {
    for (const format of formatsOf(media)) {
      const audio = describeAudio(media, format);
      if (typeof audio !== 'string') return { audio, remarks };
      remarks.push(audio);
    }
  }
  return { audio: undefined, remarks };
}

/**
 * ONVIF talk-back towards the camera is marked `sendonly` (ONVIF Streaming Specification §5.3); where the video is too, the
 * camera means the other direction.
 */
const isSendOnly = (media: SdpMedia): boolean => media.attributes.some(({ name }) => name === 'sendonly');

/** A sentence instead if it cannot be recorded. */
function describeAudio(media: SdpMedia, format: Format): AudioDescription | string {
  const { payloadType, clockRate, channels, parameters } = format;
  const control = attributeOf(media, 'control');
  const plain = {
    kind: 'audio',
    payloadType,
    clockRate,
    channels,
    control,
    config: new Uint8Array(0),
    framing: undefined,
  } as const;
  switch (format.encoding) {
    case 'PCMA':
      return { ...plain, codec: 'pcma' };
    case 'PCMU':
      return { ...plain, codec: 'pcmu' };
    case 'OPUS':
      // RFC 7587 §7: always 48000/2 in rtpmap; sprop-stereo tells what is sent.
      return { ...plain, codec: 'opus', clockRate: 48_000, channels: parameters.get('sprop-stereo') === '1' ? 2 : 1 };
    case 'MPEG4-GENERIC':
      return describeAac({ ...plain, codec: 'aac' }, parameters);
    default:
      return `Audio in ${format.encoding} is not recorded: set the camera to AAC, G.711 or Opus.`;
  }
}

function describeAac(plain: AudioDescription, parameters: ReadonlyMap<string, string>): AudioDescription | string {
  const mode = parameters.get('mode')?.toLowerCase() ?? 'aac-hbr';
  if (mode !== 'aac-hbr') return `Audio in AAC mode ${mode} is not recorded: set the camera to AAC-hbr (RFC 3640).`;
  const config = fromHex(parameters.get('config') ?? '');
  if (config === undefined || config.length < 2)
    return 'Audio in AAC is not recorded: the camera does not tell its configuration.';
  const size = (name: string, fallback: number): number => {
    const value = Number(parameters.get(name) ?? fallback);
    return Number.isInteger(value) && value >= 0 && value <= 16 ? value : fallback;
  };
  const framing = {
    sizeLength: size('sizelength', 13),
    indexLength: size('indexlength', 3),
    indexDeltaLength: size('indexdeltalength', 3),
  };
  return { ...plain, config, framing };
}

function videoCodecOf(encoding: string): VideoCodec | undefined {
  if (encoding === 'H264') return 'h264';
  return encoding === 'H265' || encoding === 'HEVC' ? 'h265' : undefined;
}

function refuseModes(codec: VideoCodec, parameters: ReadonlyMap<string, string>): void {
  const mode = parameters.get('packetization-mode');
  if (codec === 'h264' && mode !== undefined && Number(mode) >= 2)
    throw unsupportedMode('packetization-mode 0 or 1', mode);
  const difference = parameters.get('sprop-max-don-diff');
  if (codec === 'h265' && difference !== undefined && Number(difference) > 0)
    throw unsupportedMode('sprop-max-don-diff 0', difference);
}

function formatsOf(media: SdpMedia): readonly Format[] {
  return media.formats.map((payloadType) => {
    const map = rtpmapOf(media, payloadType);
    return {
      payloadType: Number(payloadType) & 0x7f,
      encoding: map.encoding.toUpperCase(),
      clockRate: map.clockRate >= 1000 && map.clockRate <= 192_000 ? map.clockRate : defaultRateOf(media),
      channels: Math.min(8, Math.max(1, map.channels)),
      parameters: parametersOf(formatAttributesOf(media, 'fmtp', payloadType).join(';')),
    };
  });
}

function rtpmapOf(media: SdpMedia, payloadType: string): Pick<Format, 'encoding' | 'clockRate' | 'channels'> {
  const [text = ''] = formatAttributesOf(media, 'rtpmap', payloadType);
  const map = /^([^/\s]+)\s*(?:\/\s*(\d+))?\s*(?:\/\s*(\d+))?/.exec(text);
  if (map) return { encoding: map[1] ?? '', clockRate: Number(map[2] ?? 0), channels: Number(map[3] ?? 1) };
  return (
    STATIC_FORMATS[payloadType] ?? { encoding: `payload type ${payloadType.slice(0, 8)}`, clockRate: 0, channels: 1 }
  );
}

const defaultRateOf = ({ media }: SdpMedia): number => (media === 'video' ? 90_000 : 8000);

function parametersOf(text: string): ReadonlyMap<string, string> {
  const entries = text.split(';').map((part) => {
    const equal = part.indexOf('=');
    return equal < 0
      ? ([part.trim().toLowerCase(), ''] as const)
      : ([part.slice(0, equal).trim().toLowerCase(), part.slice(equal + 1).trim()] as const);
  });
  return new Map(entries.filter(([name]) => name !== ''));
}

function h264SetsOf(parameters: ReadonlyMap<string, string>): readonly Uint8Array[] {
  const sets = base64List(parameters.get('sprop-parameter-sets'));
  return ofTypes('h264', sets, [H264_NAL.sps, H264_NAL.pps]);
}

function h265SetsOf(parameters: ReadonlyMap<string, string>): readonly Uint8Array[] {
  const sets = ['sprop-vps', 'sprop-sps', 'sprop-pps'].flatMap((name) => base64List(parameters.get(name)));
  return ofTypes('h265', sets, [H265_NAL.vps, H265_NAL.sps, H265_NAL.pps]);
}

const ofTypes = (codec: VideoCodec, sets: readonly Uint8Array[], types: readonly number[]): readonly Uint8Array[] =>
  types.flatMap((type) => sets.filter((set) => set.length > 3 && nalTypeOf(codec, set[0] ?? 0) === type));

const base64List = (text: string | undefined): readonly Uint8Array[] =>
  (text ?? '')
    .split(',', MAX_PARAMETER_SETS)
    .map(fromBase64)
    .filter((bytes) => bytes !== undefined);

/** Padding may be missing; some cameras put a start code in front. */
function fromBase64(text: string): Uint8Array | undefined {
  const clean = text.trim().replaceAll('"', '').replace(/=+$/, '');
  if (clean === '' || !/^[A-Za-z0-9+/]+$/.test(clean) || clean.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(clean), (character) => character.charCodeAt(0));
  const startCode = bytes[0] === 0 && bytes[1] === 0 ? bytes.indexOf(1) + 1 : 0;
  return startCode === 3 || startCode === 4 ? bytes.slice(startCode) : bytes;
}

function fromHex(text: string): Uint8Array | undefined {
  const clean = text.replaceAll('"', '');
  if (!/^(?:[0-9a-fA-F]{2}){1,64}$/.test(clean)) return undefined;
  return Uint8Array.from(clean.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function noVideo(encodings: readonly string[]): UnderstudyError {
  const named = [...new Set(encodings)]
    .map((encoding) => (encoding === 'JPEG' ? 'MJPEG' : encoding))
    .join(', ')
    .slice(0, 100);
  return encodings.length === 0
    ? new UnderstudyError('protocol', 'sdp/no-video', 'The camera offers no video under this path: check the path.')
    : new UnderstudyError(
        'unsupported',
        'sdp/video-codec',
        `The camera sends video as ${named}, which is not recorded: set it to H.264 or H.265.`,
      );
}

const unsupportedMode = (expected: string, came: string): UnderstudyError =>
  new UnderstudyError(
    'unsupported',
    'sdp/packetization-mode',
    `Expected video with ${expected}, the camera offers ${came.slice(0, 20)}: switch off interleaving.`,
  );
