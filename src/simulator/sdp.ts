/** What a simulated camera answers to DESCRIBE (RFC 8866, RFC 6184 §8.2, RFC 7798 §7.2, RFC 3640 §4.4), right or wrong. */
import type { AudioClip, VideoClip } from './clip.ts';
import type { Fault } from './faults.ts';

export const VIDEO_PAYLOAD_TYPE = 96;
export const AUDIO_PAYLOAD_TYPE = 97;

type SdpVariant = Extract<Fault, { readonly kind: 'sdp' }>['variant'];

const HEAD = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=Simulated camera', 'c=IN IP4 0.0.0.0', 't=0 0', 'a=control:*'];

export function encodeSdp(video: VideoClip, audio: AudioClip | undefined, variant: SdpVariant | undefined): string {
  if (variant !== undefined) {
    const wrong = WRONG[variant](video, audio);
    if (wrong !== undefined) return wrong;
  }
  return text([...HEAD, ...videoLines(video, parametersOf(video)), ...audioLines(audio)]);
}

const text = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

const WRONG: Readonly<Record<SdpVariant, (video: VideoClip, audio: AudioClip | undefined) => string | undefined>> = {
  empty: () => '',
  garbage: () => '\u0001\u0002m=m=m=\r\n=====\r\na=rtpmap:\r\nm=video\r\nm=video x RTP/AVP 999999999999\r\n',
  /** The connection sends this without end (rtsp-connection.ts); one piece of it. */
  endless: () => 'a=fmtp:96 x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(200),
  'no-video': (_video, audio) => text([...HEAD, ...audioLines(audio)]),
  mjpeg: () => text([...HEAD, 'm=video 0 RTP/AVP 26', 'a=rtpmap:26 JPEG/90000', 'a=control:trackID=0']),
  'no-parameter-sets': (video, audio) =>
    text([...HEAD, ...videoLines(video, video.codec === 'h264' ? ['packetization-mode=1'] : []), ...audioLines(audio)]),
  'wrong-parameter-sets': (video, audio) =>
    text([
      ...HEAD,
      ...videoLines(video, ['packetization-mode=1', 'sprop-parameter-sets=Z0IAH//,%%%,aM4=']),
      ...audioLines(audio),
    ]),
};

function videoLines(video: VideoClip, parameters: readonly string[]): readonly string[] {
  const name = video.codec === 'h264' ? 'H264' : 'H265';
  return [
    `m=video 0 RTP/AVP ${VIDEO_PAYLOAD_TYPE}`,
    `a=rtpmap:${VIDEO_PAYLOAD_TYPE} ${name}/90000`,
    ...(parameters.length === 0 ? [] : [`a=fmtp:${VIDEO_PAYLOAD_TYPE} ${parameters.join(';')}`]),
    `a=framerate:${video.framesPerSecond}`,
    'a=control:trackID=0',
  ];
}

function parametersOf({ codec, parameterSets }: VideoClip): readonly string[] {
  const encoded = parameterSets.map((set) => Buffer.from(set).toString('base64'));
  if (codec === 'h265') return parameterSets.map((set, at) => `sprop-${h265Name(set)}=${encoded[at] ?? ''}`);
  const sps = parameterSets.find((set) => ((set[0] ?? 0) & 0x1f) === 7);
  return [
    'packetization-mode=1',
    `profile-level-id=${Buffer.from(sps?.subarray(1, 4) ?? []).toString('hex')}`,
    `sprop-parameter-sets=${encoded.join(',')}`,
  ];
}

const h265Name = (set: Uint8Array): string => ['vps', 'sps', 'pps'][(((set[0] ?? 0) >> 1) & 0x3f) - 32] ?? 'sei';

function audioLines(audio: AudioClip | undefined): readonly string[] {
  if (audio === undefined) return [];
  const config = Buffer.from(audio.config).toString('hex');
  return [
    `m=audio 0 RTP/AVP ${AUDIO_PAYLOAD_TYPE}`,
    `a=rtpmap:${AUDIO_PAYLOAD_TYPE} MPEG4-GENERIC/${audio.sampleRate}/${audio.channels}`,
    `a=fmtp:${AUDIO_PAYLOAD_TYPE} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${config}`,
    'a=control:trackID=1',
  ];
}
