/**
 * What control and media say to each other over the local socket `<data>/run/media.sock` (docs/design/media-protocol.md).
 * Newline-delimited JSON both ways. Control sends whole desired states; media answers with a numbered stream of events.
 *
 * Belongs here: the messages, their bounds and `parse…`. Does not: sockets, or what either side does with a message.
 */
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { AudioCodec, VideoCodec } from '../media/tracks.ts';

export const MEDIA_PROTOCOL_VERSION = 1;
/** One line; orders for 128 cameras with two streams take about 100 KB. */
export const MAX_MESSAGE_BYTES: number = 4 * 1024 * 1024;
/** 128 cameras (product C1), main and sub stream each. */
export const MAX_STREAMS = 256;

export type StreamName = 'main' | 'sub';
export type Transport = 'auto' | 'tcp' | 'udp';
export type Priority = 'high' | 'medium' | 'low' | 'never';

/** One stream that media shall keep up. Times are ISO 8601 nowhere on this wire: wall milliseconds since 1970. */
export type StreamOrder = {
  readonly cameraId: string;
  readonly stream: StreamName;
  /** `rtsp:` or `rtsps:`, without credentials; `rtmp://push/KEY` for a camera that pushes. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly transport: Transport;
  /** RTSPS only: the SHA-256 of the camera's certificate in hex, once pinned. */
  readonly fingerprint: string | undefined;
  readonly audio: boolean;
  /** False: kept connected for live view only; nothing is written, nothing is expected by the ledger. */
  readonly record: boolean;
  /**
   * Warm standby: the session is set up and kept alive, and nothing is sent. An order with false plays on the same session at
   * once. A camera that refuses such a session is connected only then (state `failed` until then, with the reason).
   */
  readonly hold: boolean;
  /** Of the footage of this stream; `undefined`: that of the orders. A change counts from the next key frame on. */
  readonly epoch: number | undefined;
  /** As `epoch`. Short where segments are dropped again soon. */
  readonly segmentSeconds: number | undefined;
  /** Fragments of the lowest priority are dropped first when the disk cannot keep up. */
  readonly priority: Priority;
  /** Where to record: the first usable one. */
  readonly volumeIds: readonly string[];
};

export type VolumeOrder = {
  readonly id: string;
  readonly path: string;
  /** Below this many free bytes nothing more is written (`volume-full`). */
  readonly reserveBytes: number;
};

/** Where cameras push to. The server for it runs only while a stream has a `rtmp://push/KEY` address. */
export type PushOrder = {
  /** Address to listen at. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
};

/** The whole desired state; replaces the one before. Media keeps it on disk and goes on with it when control is gone. */
export type Orders = {
  readonly kind: 'orders';
  readonly protocol: typeof MEDIA_PROTOCOL_VERSION;
  /** Increases with every change; a lower one than the last is refused. */
  readonly version: number;
  readonly serverId: string;
  /** Coordination epoch, written into every fragment. 1 until failover raises it. */
  readonly epoch: number;
  readonly segmentSeconds: number;
  readonly fragmentMs: number;
  readonly volumes: readonly VolumeOrder[];
  readonly streams: readonly StreamOrder[];
  /** Asked with every resolved address before every connection; without it (orders kept by an older version) only the strictest is allowed. */
  readonly addresses: CameraAddressPolicy | undefined;
  readonly push: PushOrder | undefined;
};

/** First line control sends on an event connection: events after `seq` of media process `instance`, or all kept ones. */
export type Subscribe = {
  readonly kind: 'subscribe';
  readonly instance: string | undefined;
  readonly after: number;
};

/**
 * First line of a live connection. Media answers with one line `LiveHeader` or `Refused`, then with WebSocket frames (RFC 6455,
 * server to client) ready to be copied to the browser: a text frame with the header, then one binary frame each for the init
 * segment, the cached run since the last key frame, and every access unit after it. With `audio` the init segment has a second
 * track, and every frame of sound is a binary frame too, from now on.
 */
export type LiveRequest = {
  readonly kind: 'live';
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly audio: boolean;
};
export type LiveHeader = {
  readonly kind: 'live-header';
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** RFC 6381, of the sound that the camera sends, whoever can play it: `alaw` and `ulaw` are told, never sent. */
  readonly audioCodec: string | undefined;
  /** The sound comes in this view. */
  readonly audio: boolean;
};
export type Refused = { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** The last key frame as an Annex B elementary stream, for a decoder: answered with one `KeyFrameHeader` line, then that many bytes. */
export type KeyFrameRequest = { readonly kind: 'key-frame'; readonly cameraId: string; readonly stream: StreamName };
export type KeyFrameHeader = {
  readonly kind: 'key-frame-header';
  readonly codec: VideoCodec;
  readonly at: number;
  readonly length: number;
};

export type ControlMessage = Orders | Subscribe | LiveRequest | KeyFrameRequest;

export type StreamState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  /** Set up and kept alive, held by order: it plays when the order says so. */
  | { readonly kind: 'ready' }
  /** Connected, waiting for the first key frame. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'recording' }
  /** Connected for live view, not recording by order. */
  | { readonly kind: 'watching' }
  | {
      readonly kind: 'failed';
      readonly cause: MissingCause;
      readonly message: string;
      readonly retryAt: number;
      /** The camera has no session left: somebody else has it. */
      readonly about?: 'room' | undefined;
    };

export type VolumeState =
  | { readonly kind: 'usable'; readonly freeBytes: number; readonly totalBytes: number; readonly directIo: boolean }
  | {
      readonly kind: 'unusable';
      readonly cause: Extract<MissingCause, `volume-${string}`>;
      readonly message: string;
      readonly freeBytes: number;
      readonly totalBytes: number;
    };

export type FragmentReport = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly volumeId: string;
  /** Relative to the volume's root, with `/`. */
  readonly segment: string;
  readonly offset: number;
  readonly length: number;
  readonly sequence: number;
  /** Wall milliseconds, half open. */
  readonly start: number;
  readonly end: number;
  /** Begins with a key frame. */
  readonly key: boolean;
  /** False: access units are missing between the fragment before and this one. */
  readonly continuous: boolean;
  readonly accessUnits: number;
  readonly audioFrames: number;
};

export type SegmentReport = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly volumeId: string;
  readonly segment: string;
  readonly serverId: string;
  readonly epoch: number;
  readonly start: number;
  /** Bytes from the start of the file up to the first fragment: the init segment with its padding. */
  readonly initLength: number;
  /** SHA-256 of the `moov` box in hex: equal layouts have equal hashes. */
  readonly layoutHash: string;
  readonly video: {
    readonly codec: VideoCodec;
    readonly codecString: string;
    readonly width: number;
    readonly height: number;
  };
  readonly audio: { readonly codec: AudioCodec; readonly codecString: string } | undefined;
};

export type StreamStats = {
  readonly cameraId: string;
  readonly stream: StreamName;
  /** Since the process started. */
  readonly bytes: number;
  readonly accessUnits: number;
  readonly packetsLost: number;
  readonly reconnects: number;
  readonly lastFrameAt: number | undefined;
  readonly framesPerSecond: number;
  readonly bitsPerSecond: number;
  readonly viewers: number;
};

export type MediaEvent =
  | {
      readonly kind: 'stream-state';
      readonly cameraId: string;
      readonly stream: StreamName;
      readonly at: number;
      readonly state: StreamState;
    }
  | { readonly kind: 'segment-opened'; readonly at: number; readonly segment: SegmentReport }
  /** Sent only after the bytes and the file's size are durable. */
  | { readonly kind: 'fragments-written'; readonly at: number; readonly fragments: readonly FragmentReport[] }
  | { readonly kind: 'segment-closed'; readonly at: number; readonly volumeId: string; readonly segment: string }
  /** From `start` on nothing is recorded of this stream. At most one gap of a stream is open. */
  | {
      readonly kind: 'gap-opened';
      readonly cameraId: string;
      readonly stream: StreamName;
      readonly start: number;
      readonly cause: MissingCause;
      readonly detail: string;
    }
  | { readonly kind: 'gap-closed'; readonly cameraId: string; readonly stream: StreamName; readonly end: number }
  /** A hole that was over when it was noticed: lost packets, a dropped fragment. */
  | {
      readonly kind: 'gap';
      readonly cameraId: string;
      readonly stream: StreamName;
      readonly start: number;
      readonly end: number;
      readonly cause: MissingCause;
      readonly accessUnits: number | undefined;
      readonly detail: string;
    }
  | { readonly kind: 'volume-state'; readonly at: number; readonly volumeId: string; readonly state: VolumeState }
  /** Its disk has not come back from a call for about a second, or has again. Nothing is lost yet: memory bridges. */
  | { readonly kind: 'volume-waiting'; readonly at: number; readonly volumeId: string; readonly waiting: boolean }
  | {
      readonly kind: 'stats';
      readonly at: number;
      readonly loopDelayP99Ms: number;
      readonly streams: readonly StreamStats[];
    };

/**
 * First line of an event connection; `reset` says that events before `seq` are gone: control must scan the volumes.
 * Behind it media tells the present `stream-state` and `volume-state` of everything ordered, numbered like stats, because a
 * control that was restarted has forgotten them; then the events the subscriber has not seen.
 */
export type MediaHello = {
  readonly kind: 'hello';
  readonly protocol: typeof MEDIA_PROTOCOL_VERSION;
  readonly instance: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly ordersVersion: number;
  readonly reset: boolean;
};

/** Stats are not kept for a later subscriber and carry the number of the event before them. */
export type NumberedEvent = { readonly seq: number; readonly event: MediaEvent };
export type MediaMessage = MediaHello | NumberedEvent | Refused;
