/** What one simulated camera is to those who use it: what can be chosen of it, what it tells, what it logs for oracles. */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { EpochMs } from '../core/units.ts';
import type { AudioClip, VideoClip } from './clip.ts';
import type { Fault } from './faults.ts';

export type StreamPath = 'main' | 'sub';

/** How a camera asks for its password. */
export type CameraAccess =
  | { readonly kind: 'open' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'digest';
      readonly algorithm: 'MD5' | 'SHA-256';
      readonly username: string;
      readonly password: string;
    };

/** What can be chosen of a camera; everything has a default. */
export type CameraOptions = {
  readonly id: string;
  /** Which of the committed scenes, 0 to 3; taken modulo their number. */
  readonly scene?: number | undefined;
  /** 0, the default: any free one. */
  readonly port?: number | undefined;
  readonly access?: CameraAccess | undefined;
  readonly audio?: boolean | undefined;
  /** 453 beyond this many playing sessions. */
  readonly maxSessions?: number | undefined;
  /** What is set up and does not play counts for them too. */
  readonly countsHeld?: boolean | undefined;
  /** Announced in `Session: …;timeout=` and kept: a session without a sign of life for longer is dropped. */
  readonly sessionTimeoutSeconds?: number | undefined;
  /** `cached`: at PLAY a client gets the current group of pictures at once; `next-key-frame`: it waits for the next. */
  readonly start?: 'cached' | 'next-key-frame' | undefined;
  /** PLI and FIR are obeyed: the next picture is a key frame, for everyone. The bar code in the picture is no measure any more then. */
  readonly keyFramesOnRequest?: boolean | undefined;
  /** First RTP time stamp of the main stream's clock; near 2^32 to see it wrap. */
  readonly firstTimestamp?: number | undefined;
  /** RTSPS: PEM texts. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Other clips than the committed ones: B-frames, H.265, several slices. */
  readonly clips?: CameraClips | undefined;
};

/** Clips of a camera by stream; `other` is what `main` becomes at a change of resolution. */
export type CameraClips = {
  readonly main: VideoClip;
  readonly sub: VideoClip;
  readonly other: VideoClip;
  readonly audio: AudioClip | undefined;
};

/** One client that reached PLAY: which access units it was sent, by counter. */
export type SessionRecord = {
  readonly cameraId: string;
  readonly stream: StreamPath;
  readonly client: string;
  readonly transport: 'tcp' | 'udp';
  readonly start: EpochMs;
  readonly end: EpochMs | undefined;
  readonly endedBy: EndedBy | undefined;
  /** Half-open runs of counters whose packets were all handed to the network, undisturbed by a fault. */
  readonly sent: readonly CounterRange[];
};
export type EndedBy = 'teardown' | 'disconnect' | 'timeout' | 'too-slow' | 'fault' | 'stop';
export type CounterRange = { readonly from: number; readonly to: number };

export type SimulatedCamera = Running & {
  readonly id: string;
  readonly port: number;
  /** Without credentials. */
  readonly urlOf: (stream: StreamPath) => string;
  /** Wall time at which access unit 0 was due; access unit n is due `n * frameMs` later, whatever goes wrong. */
  readonly origin: EpochMs;
  readonly frameMs: number;
  /** The number in the picture's bar code is the counter modulo this. */
  readonly framesPerLoop: number;
  /** Counter of the access unit that was due last. */
  readonly position: () => number;
  readonly order: (fault: Fault) => void;
  readonly sessions: () => readonly SessionRecord[];
};

export type SimulatorDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** Where to listen; 127.0.0.1 by default. */
  readonly host?: string | undefined;
};
