/**
 * What a camera stream consists of: one video track, perhaps one audio track.
 * Two streams with equal layouts can stand in one playlist; a change of layout starts a new segment and a new layout epoch.
 */
export type VideoCodec = 'h264' | 'h265';
export type AudioCodec = 'aac' | 'pcma' | 'pcmu' | 'opus';

export type VideoTrack = {
  readonly codec: VideoCodec;
  /** NAL units without start codes, in the order VPS (H.265 only), SPS, PPS; at least one of each. */
  readonly parameterSets: readonly Uint8Array[];
  /** Luma samples after cropping. */
  readonly width: number;
  readonly height: number;
  /** RFC 6381, such as `avc1.64001F` or `hvc1.1.6.L93.B0`. */
  readonly codecString: string;
};

export type AudioTrack = {
  readonly codec: AudioCodec;
  /** Hz; also the timescale of the track. Opus: 48000. */
  readonly sampleRate: number;
  readonly channels: number;
  /** AudioSpecificConfig (ISO/IEC 14496-3) for AAC, empty for the others. */
  readonly config: Uint8Array;
  /** RFC 6381, such as `mp4a.40.2`; `alaw`, `ulaw`, `opus`. */
  readonly codecString: string;
};

/** Media Source Extensions take AAC and Opus in MP4. */
export const playsInBrowsers = ({ codec }: Pick<AudioTrack, 'codec'>): boolean => codec === 'aac' || codec === 'opus';

export type TrackLayout = { readonly video: VideoTrack; readonly audio: AudioTrack | undefined };

/** Ticks per second of every video track we write (RFC 6184 §8.1, RFC 7798 §7.1). */
export const VIDEO_TIMESCALE = 90_000;
