/** What control may hear from media: strict, bounded parsers of `MediaMessage` and of the live and key-frame headers. */
import { MISSING_CAUSES } from '../ledger/causes.ts';
import { MAX_STREAMS, MEDIA_PROTOCOL_VERSION } from './media-protocol.ts';
import type {
  FragmentReport,
  KeyFrameHeader,
  LiveHeader,
  MediaEvent,
  MediaHello,
  MediaMessage,
  NumberedEvent,
  Refused,
  SegmentReport,
  StreamState,
  StreamStats,
  VolumeState,
} from './media-protocol.ts';
import { cameraIdText, flagOrNot, idText, serverIdText, streamNameText } from './parse-control-message.ts';
import {
  flag,
  listOf,
  matching,
  measure,
  objectOf,
  oneKindOf,
  oneOf,
  optional,
  parseJson,
  plainObject,
  text,
  whole,
} from './shape.ts';
import type { Read } from './shape.ts';

/** One batch of durable fragments; 256 streams bring at most a few each between two syncs of a volume. */
export const MAX_FRAGMENTS_PER_EVENT = 8192;
/** A key frame of an 8K camera stays below. */
export const MAX_KEY_FRAME_BYTES: number = 16 * 1024 * 1024;
const MAX_TEXT = 4096;

const wallTime = whole(0);
const count = whole(0);
const message = text(MAX_TEXT);
const hash = matching((value) => /^[0-9a-f]{64}$/.test(value), 'a SHA-256 in hex');
/** Relative, with `/`, and going down only: it is joined to the root of a volume. */
const segmentPath = matching(
  (path) => path.length <= MAX_TEXT && path.split('/').every((part) => /^(?!\.{1,2}$)[\w.-]+$/.test(part)),
  'a path of a segment below its volume',
);
const codecText = text(128);
const videoCodec = oneOf(['h264', 'h265']);
const audioCodec = oneOf(['aac', 'pcma', 'pcmu', 'opus']);
const cause = oneOf(MISSING_CAUSES);
const volumeCause = oneOf(['volume-full', 'volume-gone', 'volume-read-only', 'volume-error']);
const onStream = { cameraId: cameraIdText, stream: streamNameText };

const streamState: Read<StreamState> = oneKindOf<StreamState>({
  idle: objectOf({ kind: oneOf(['idle']) }),
  connecting: objectOf({ kind: oneOf(['connecting']) }),
  ready: objectOf({ kind: oneOf(['ready']) }),
  starting: objectOf({ kind: oneOf(['starting']) }),
  recording: objectOf({ kind: oneOf(['recording']) }),
  watching: objectOf({ kind: oneOf(['watching']) }),
  failed: objectOf({ kind: oneOf(['failed']), cause, message, retryAt: wallTime, about: optional(oneOf(['room'])) }),
});

const volumeState: Read<VolumeState> = oneKindOf<VolumeState>({
  usable: objectOf({ kind: oneOf(['usable']), freeBytes: count, totalBytes: count, directIo: flag }),
  unusable: objectOf({
    kind: oneOf(['unusable']),
    cause: volumeCause,
    message,
    freeBytes: count,
    totalBytes: count,
  }),
});

const fragment: Read<FragmentReport> = objectOf<FragmentReport>({
  ...onStream,
  volumeId: idText,
  segment: segmentPath,
  offset: count,
  length: whole(1),
  sequence: count,
  start: wallTime,
  end: wallTime,
  key: flag,
  continuous: flag,
  accessUnits: count,
  audioFrames: count,
});

export const readSegmentReport: Read<SegmentReport> = objectOf<SegmentReport>({
  ...onStream,
  volumeId: idText,
  segment: segmentPath,
  serverId: serverIdText,
  epoch: whole(1),
  start: wallTime,
  initLength: whole(1),
  layoutHash: hash,
  video: objectOf({
    codec: videoCodec,
    codecString: codecText,
    width: whole(0, 65_535),
    height: whole(0, 65_535),
  }),
  audio: optional(objectOf({ codec: audioCodec, codecString: codecText })),
});

const streamStats: Read<StreamStats> = objectOf<StreamStats>({
  ...onStream,
  bytes: measure,
  accessUnits: measure,
  packetsLost: measure,
  reconnects: measure,
  lastFrameAt: optional(measure),
  framesPerSecond: measure,
  bitsPerSecond: measure,
  viewers: measure,
});

const mediaEvent: Read<MediaEvent> = oneKindOf<MediaEvent>({
  'stream-state': objectOf({ kind: oneOf(['stream-state']), ...onStream, at: wallTime, state: streamState }),
  'segment-opened': objectOf({ kind: oneOf(['segment-opened']), at: wallTime, segment: readSegmentReport }),
  'fragments-written': objectOf({
    kind: oneOf(['fragments-written']),
    at: wallTime,
    fragments: listOf(fragment, MAX_FRAGMENTS_PER_EVENT),
  }),
  'segment-closed': objectOf({
    kind: oneOf(['segment-closed']),
    at: wallTime,
    volumeId: idText,
    segment: segmentPath,
  }),
  'gap-opened': objectOf({ kind: oneOf(['gap-opened']), ...onStream, start: wallTime, cause, detail: message }),
  'gap-closed': objectOf({ kind: oneOf(['gap-closed']), ...onStream, end: wallTime }),
  gap: objectOf({
    kind: oneOf(['gap']),
    ...onStream,
    start: wallTime,
    end: wallTime,
    cause,
    accessUnits: optional(count),
    detail: message,
  }),
  'volume-state': objectOf({ kind: oneOf(['volume-state']), at: wallTime, volumeId: idText, state: volumeState }),
  'volume-waiting': objectOf({
    kind: oneOf(['volume-waiting']),
    at: wallTime,
    volumeId: idText,
    waiting: flag,
  }),
  stats: objectOf({
    kind: oneOf(['stats']),
    at: wallTime,
    loopDelayP99Ms: measure,
    streams: listOf(streamStats, MAX_STREAMS),
  }),
});

const numberedEvent: Read<NumberedEvent> = objectOf<NumberedEvent>({ seq: count, event: mediaEvent });
const refused: Read<Refused> = objectOf<Refused>({ kind: oneOf(['refused']), code: text(128), message });
const headings: Read<MediaHello | Refused> = oneKindOf<MediaHello | Refused>({
  hello: objectOf({
    kind: oneOf(['hello']),
    protocol: oneOf([MEDIA_PROTOCOL_VERSION]),
    instance: idText,
    pid: count,
    startedAt: wallTime,
    ordersVersion: count,
    reset: flag,
  }),
  refused,
});
const mediaMessage: Read<MediaMessage> = (value, path) =>
  Object.hasOwn(plainObject(value, path), 'seq') ? numberedEvent(value, path) : headings(value, path);

const liveAnswer: Read<LiveHeader | Refused> = oneKindOf<LiveHeader | Refused>({
  'live-header': objectOf({
    kind: oneOf(['live-header']),
    codec: codecText,
    width: whole(0, 65_535),
    height: whole(0, 65_535),
    audioCodec: optional(codecText),
    audio: flagOrNot,
  }),
  refused,
});
const keyFrameAnswer: Read<KeyFrameHeader | Refused> = oneKindOf<KeyFrameHeader | Refused>({
  'key-frame-header': objectOf({
    kind: oneOf(['key-frame-header']),
    codec: videoCodec,
    at: wallTime,
    length: whole(0, MAX_KEY_FRAME_BYTES),
  }),
  refused,
});

/** @throws wire/json, wire/shape */
export const parseMediaMessage = (line: string): MediaMessage => parseJson(line, mediaMessage);
/** @throws wire/json, wire/shape */
export const parseLiveAnswer = (line: string): LiveHeader | Refused => parseJson(line, liveAnswer);
/** @throws wire/json, wire/shape */
export const parseKeyFrameAnswer = (line: string): KeyFrameHeader | Refused => parseJson(line, keyFrameAnswer);
