/**
 * Live view: WebSocket in (first a JSON header, then an init segment and fragments), Media Source out. Reconnects for ever. Sound comes
 * in a view of its own, which takes the place of the one before when it begins: until then the picture goes on.
 * Belongs here: the sockets, the clock of the last picture. Does not: how a tile looks, the source buffer (live-sink.ts).
 */
import { API } from '../api/client.ts';
import { retryDelay } from './latency.ts';
import { openSink, type Sink } from './live-sink.ts';

export type LiveState =
  | { readonly kind: 'connecting' }
  | ({ readonly kind: 'playing' } & Header)
  | { readonly kind: 'waiting'; readonly reason: string | undefined }
  | { readonly kind: 'unsupported'; readonly codec: string };
export type LivePlayer = {
  readonly stop: () => void;
  /** Somebody else may record the camera by now: a connection that gives nothing new, or none, is made anew at once. */
  readonly nudge: () => void;
  /** With sound or without. */
  readonly setAudio: (on: boolean) => void;
  /** When the last new picture was on screen, browser milliseconds; undefined before the first. */
  readonly lastFrameAt: () => number | undefined;
};
export type Header = {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Of the sound that the camera sends; G.711 (`alaw`, `ulaw`) never comes to browsers. */
  readonly audioCodec: string | undefined;
  /** The sound comes in this view. */
  readonly audio: boolean;
};
type Deps = {
  readonly video: HTMLVideoElement;
  readonly audio: boolean;
  /** Below the API, with its query. */
  readonly path: (audio: boolean) => string;
  readonly onState: (state: LiveState) => void;
};

/** So often it is tried again without waiting longer: a failover server has the camera within a second or two. */
const SOON = 8;
const STEER_MS = 100;
/** No fragment for this long: the connection is taken for dead. */
const SILENCE_MS = 10_000;
/** A stream of one picture a second is not called dead by a nudge. */
const NUDGE_AFTER_MS = 1500;

// oxlint-disable-next-line max-lines-per-function -- one closure over the views of one picture
export function startLivePlayer(deps: Deps): LivePlayer {
  const { video, onState } = deps;
  let heard = deps.audio;
  /** This browser cannot play the sound after all. */
  let isRefused = false;
  let attempt = 0;
  let stopped = false;
  let session: Session | undefined;
  /** Takes the place of `session` as soon as it has something to show. */
  let next: Session | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frames = watchFrames(video);

  const begin = (): Session => {
    const made: Session = runSession(video, deps.path(heard && !isRefused), {
      onHeader: (header) => {
        if (made === next) {
          session?.drop();
          [session, next] = [made, undefined];
        }
        onState({ kind: 'playing', ...header });
      },
      onPicture: () => {
        attempt = 0;
      },
      onEnd: (reason) => ended(made, reason),
    });
    return made;
  };
  const connect = (): void => {
    onState({ kind: 'connecting' });
    session = begin();
  };
  const ended = (which: Session, reason: EndReason): void => {
    isRefused = reason.kind === 'no-sound';
    if (which === next) {
      next = undefined;
      return;
    }
    [session, next] = [next, undefined];
    if (stopped || session !== undefined) return;
    if (reason.kind === 'unsupported') onState(reason);
    else if (reason.kind === 'no-sound') connect();
    else again(reason.text);
  };
  const again = (reason: string | undefined): void => {
    onState({ kind: 'waiting', reason });
    timer = setTimeout(connect, retryDelay(Math.max(0, attempt - SOON), Math.random()));
    attempt += 1;
  };
  video.muted = !heard;
  connect();
  return {
    lastFrameAt: frames.lastAt,
    nudge: () => {
      if (stopped || (session !== undefined && session.silentMs() < NUDGE_AFTER_MS)) return;
      attempt = 0;
      clearTimeout(timer);
      if (session === undefined) connect();
      else session.end(); // which tries again
    },
    setAudio: (on) => {
      if (on === heard) return;
      heard = on;
      isRefused = false;
      video.muted = !on;
      next?.drop();
      next = session === undefined ? undefined : begin();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      frames.stop();
      next?.drop();
      session?.drop();
      video.removeAttribute('src');
      video.load();
    },
  };
}

type EndReason =
  | { readonly kind: 'ended'; readonly text: string | undefined }
  | { readonly kind: 'unsupported'; readonly codec: string }
  /** The picture would play, its sound does not. */
  | { readonly kind: 'no-sound' };
type Session = {
  readonly end: () => void;
  /** As `end`, and nothing is told of it. */
  readonly drop: () => void;
  readonly silentMs: () => number;
};
type SessionEvents = {
  readonly onHeader: (header: Header) => void;
  readonly onPicture: () => void;
  readonly onEnd: (reason: EndReason) => void;
};

function runSession(video: HTMLVideoElement, path: string, events: SessionEvents): Session {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}${API}${path}`);
  socket.binaryType = 'arraybuffer';
  let over = false;
  let sink: Sink | undefined;
  let heard = performance.now();
  const drop = (): void => {
    over = true;
    clearInterval(watch);
    socket.close();
    sink?.close();
  };
  const finish = (reason: EndReason): void => {
    if (over) return;
    drop();
    events.onEnd(reason);
  };
  const fail = (): void => finish({ kind: 'ended', text: undefined });
  const watch = setInterval(() => {
    if (performance.now() - heard > SILENCE_MS) fail();
    else sink?.steer();
  }, STEER_MS);

  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
    heard = performance.now();
    if (over) return;
    if (typeof data !== 'string') {
      sink?.append(data);
      if (sink !== undefined) events.onPicture();
      return;
    }
    const header = headerOf(data);
    if (header === undefined) return;
    const { mime, refusal } = playing(header);
    if (refusal !== undefined) {
      finish(refusal);
      return;
    }
    events.onHeader(header);
    sink?.close(); // a new header means a new layout: start over with a new source
    sink = openSink(video, { mime, audio: header.audio }, fail);
  });
  socket.addEventListener('close', ({ reason }) => finish({ kind: 'ended', text: reason === '' ? undefined : reason }));
  socket.addEventListener('error', fail);
  return { end: fail, drop, silentMs: () => performance.now() - heard };
}

type Playing = { readonly mime: string; readonly refusal?: EndReason };
function playing({ codec, audio, audioCodec }: Header): Playing {
  const silent = `video/mp4; codecs="${codec}"`;
  const mime = audio && audioCodec !== undefined ? `video/mp4; codecs="${codec},${audioCodec}"` : silent;
  if (canPlay(mime)) return { mime };
  return { mime, refusal: canPlay(silent) ? { kind: 'no-sound' } : { kind: 'unsupported', codec } };
}
const canPlay = (mime: string): boolean => typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(mime);

function headerOf(text: string): Header | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<Header>;
    if (typeof parsed.codec !== 'string') return undefined;
    const { codec, width = 0, height = 0, audioCodec, audio = false } = parsed;
    return { codec, width, height, audioCodec, audio };
  } catch {
    return undefined;
  }
}

/** Notes when a new picture was really shown, not when bytes arrived. */
function watchFrames(video: HTMLVideoElement): {
  readonly lastAt: () => number | undefined;
  readonly stop: () => void;
} {
  let last: number | undefined;
  let handle = 0;
  const shown = (): void => {
    last = Date.now();
    handle = video.requestVideoFrameCallback(shown);
  };
  handle = video.requestVideoFrameCallback(shown);
  return { lastAt: () => last, stop: () => video.cancelVideoFrameCallback(handle) };
}
