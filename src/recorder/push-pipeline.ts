/**
 * From the tags of a push to fragments: one fragment builder a push, anew when the camera starts over.
 * Belongs here: when a push starts over, sound in the builder's clock. Does not: fetching (push-session.ts), FLV (media/flv).
 */
import type { MissingCause } from '../ledger/causes.ts';
import { parseAudioSpecificConfig } from '../media/codec/aac.ts';
import type { FlvOutput } from '../media/flv/flv-reader.ts';
import type { AccessUnitSink, AudioSink } from '../media/rtp/access-unit-sink.ts';
import { VIDEO_TIMESCALE } from '../media/tracks.ts';
import type { AudioCodec, AudioTrack, VideoCodec } from '../media/tracks.ts';
import { createFragmentBuilder } from './fragment-builder.ts';
import type { FragmentBuilder } from './fragment-builder-types.ts';
import { alsoLive } from './live-sound.ts';
import { builderEvents } from './recording-session.ts';
import type { SessionDeps } from './recording-session.ts';
import { createSessionClock } from './session-clock.ts';

export type PushPipelineDeps = Pick<
  SessionDeps,
  | 'order'
  | 'clock'
  | 'slabs'
  | 'sequence'
  | 'queue'
  | 'origin'
  | 'recording'
  | 'counter'
  | 'emit'
  | 'hub'
  | 'on'
  | 'taking'
> & {
  /** The push started over: nothing is recorded from `recordedUntil` (wall ms, `undefined`: nothing was) to the next `begun`. */
  readonly interrupted: (recordedUntil: number | undefined, cause: MissingCause, message: string) => void;
};
export type PushPipeline = {
  readonly output: FlvOutput;
  /** Whole access units so far. */
  readonly accessUnits: () => number;
  readonly builder: () => FragmentBuilder | undefined;
  /** Wall milliseconds up to which is recorded. */
  readonly end: () => number | undefined;
};

/** A camera that repeats its parameter sets goes on in time; a new push begins near 0. B-frames go back less than this. */
const MAX_BACK_TICKS: number = VIDEO_TIMESCALE;
/** G.711 in FLV: Adobe Flash Video File Format 10.1 §E.4.2.1 knows it at 8 kHz only. */
const G711_RATE = 8000;
/** FLV tells milliseconds; within this the frame that was due is meant. */
const ROUNDING_SECONDS = 0.02;

type Video = { readonly codec: VideoCodec; readonly parameterSets: readonly Uint8Array[] };

// oxlint-disable-next-line max-lines-per-function -- one closure over the state of one push
export function createPushPipeline(deps: PushPipelineDeps): PushPipeline {
  const { clock, on } = deps;
  let video: Video | undefined;
  let sound: AudioTrack | undefined;
  let builder: FragmentBuilder | undefined;
  let audio: AudioSink | undefined;
  let times = createSessionClock([VIDEO_TIMESCALE]);
  let trackClock = times.trackClock(0);
  let soundTime = createSoundTime(1, 0);
  let latest = 0;
  let count = 0;
  let playing = false;
  /** Parameter sets or sound changed: what comes next may be another push. */
  let startedOver: MissingCause | undefined;

  const finish = (): number | undefined => {
    const until = builder?.end();
    if (builder !== undefined) deps.queue.endSegment();
    builder = undefined;
    audio = undefined;
    return until === undefined ? undefined : Math.round(until / 1000);
  };
  const open = ({ codec, parameterSets }: Video): FragmentBuilder => {
    times = createSessionClock([VIDEO_TIMESCALE]);
    trackClock = times.trackClock(0);
    const track = sound;
    const rate = track?.sampleRate ?? 1;
    soundTime = createSoundTime(rate, track?.codec === 'aac' ? SAMPLES_OF_AAC : 0);
    // One clock for both in FLV.
    const soundWallUs = (timestamp: number): number => times.wallUs(0, (timestamp * VIDEO_TIMESCALE) / rate);
    const made: FragmentBuilder = createFragmentBuilder({
      slabs: deps.slabs,
      sequence: deps.sequence,
      origin: deps.origin,
      policy: deps.recording,
      codec,
      parameterSets,
      audio: track,
      videoWallUs: (timestamp) => times.wallUs(0, timestamp),
      audioWallUs: soundWallUs,
      clock: times.kind,
      previousChain: undefined,
      on: builderEvents(deps, () => made),
    });
    audio = alsoLive(made.audio, deps.hub, soundWallUs);
    return made;
  };
  const ready = (timestamp: number): FragmentBuilder | undefined => {
    if (video === undefined) return undefined;
    if (!playing) on.playing();
    playing = true;
    const isBack = timestamp < latest - MAX_BACK_TICKS;
    if (builder !== undefined && (isBack || startedOver !== undefined)) {
      deps.interrupted(finish(), isBack ? 'camera-unreachable' : (startedOver ?? 'no-key-frame'), STARTED_OVER);
    }
    startedOver = undefined;
    latest = builder === undefined ? timestamp : Math.max(latest, timestamp);
    builder ??= open(video);
    return builder;
  };

  let target: AccessUnitSink = NOWHERE;
  return {
    output: {
      videoConfiguration: (codec, parameterSets) => {
        if (video !== undefined && isSame(video, { codec, parameterSets })) return;
        if (builder !== undefined) startedOver = 'no-key-frame';
        video = { codec, parameterSets };
      },
      audioConfiguration: (codec, config) => {
        if (!deps.order.audio || (sound?.codec === codec && Buffer.compare(sound.config, config) === 0)) return;
        sound = audioOf(codec, config);
        if (builder !== undefined) startedOver = 'no-key-frame';
      },
      video: {
        beginAccessUnit: (timestamp) => {
          const made = ready(timestamp);
          target = made?.video ?? NOWHERE;
          const observation = trackClock.arrived(timestamp, clock.now(), clock.monotonic());
          if (observation !== 'steady') made?.newRun(observation);
          target.beginAccessUnit(timestamp);
        },
        beginNal: (type, first, second) => target.beginNal(type, first, second),
        data: (bytes, start, end) => target.data(bytes, start, end),
        endNal: () => target.endNal(),
        endAccessUnit: (intact) => {
          count += 1;
          target.endAccessUnit(intact);
        },
      },
      audio: {
        frame: (timestamp, bytes, start, end) => {
          // Sound after the parameters of a new push does not belong to the one before.
          if (startedOver === undefined) audio?.frame(soundTime(timestamp), bytes, start, end);
        },
      },
    },
    accessUnits: () => count,
    builder: () => builder,
    end: finish,
  };
}

const STARTED_OVER = 'The push of the camera broke off and began anew.';
const SAMPLES_OF_AAC = 1024;
const NOWHERE: AccessUnitSink = {
  beginAccessUnit: () => undefined,
  beginNal: () => undefined,
  data: () => undefined,
  endNal: () => undefined,
  endAccessUnit: () => undefined,
};

const isSame = (one: Video, other: Video): boolean =>
  one.codec === other.codec &&
  one.parameterSets.length === other.parameterSets.length &&
  one.parameterSets.every((set, index) => Buffer.compare(set, other.parameterSets[index] ?? EMPTY) === 0);
const EMPTY = new Uint8Array(0);

/** @throws UnderstudyError when the AudioSpecificConfig cannot be read. */
function audioOf(codec: AudioCodec, config: Uint8Array): AudioTrack {
  if (codec !== 'aac') {
    return { codec, sampleRate: G711_RATE, channels: 1, config, codecString: codec === 'pcma' ? 'alaw' : 'ulaw' };
  }
  const aac = parseAudioSpecificConfig(config);
  return { codec, sampleRate: aac.sampleRate, channels: aac.channels, config, codecString: aac.codecString };
}

/** Ticks of 90 kHz, whole milliseconds, to samples: where a frame follows the one before, it begins where that one ends. */
export function createSoundTime(sampleRate: number, samplesPerFrame: number): (timestamp: number) => number {
  let due: number | undefined;
  return (timestamp) => {
    const told = Math.round((timestamp * sampleRate) / VIDEO_TIMESCALE);
    const isDue = samplesPerFrame > 0 && due !== undefined && Math.abs(told - due) <= ROUNDING_SECONDS * sampleRate;
    const time = isDue && due !== undefined ? due : told;
    due = time + samplesPerFrame;
    return time;
  };
}
