/**
 * Live view: WebSocket in (first a JSON header, then an init segment and fragments), Media Source out. Reconnects for ever.
 * Belongs here: the socket, the source buffer, the clock of the last picture. Does not: how a tile looks, the steering's rules (latency.ts).
 */
import { API } from '../api/client.ts';
import { retryDelay, steer } from './latency.ts';

export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'playing'; readonly codec: string; readonly width: number; readonly height: number }
  | { readonly kind: 'waiting'; readonly reason: string | undefined }
  | { readonly kind: 'unsupported'; readonly codec: string };
export type LivePlayer = {
  readonly stop: () => void;
  /** When the last new picture was on screen, browser milliseconds; undefined before the first. */
  readonly lastFrameAt: () => number | undefined;
};
type Header = { readonly codec: string; readonly width: number; readonly height: number };
type Deps = {
  readonly video: HTMLVideoElement;
  readonly cameraId: string;
  readonly stream: 'main' | 'sub';
  readonly onState: (state: LiveState) => void;
};

/** What a stalled decoder may leave unread; more and the connection starts anew at the newest picture. */
const MAX_QUEUED_BYTES = 24 * 1024 * 1024;
const KEEP_BEHIND_S = 6;
const STEER_MS = 100;
/** No fragment for this long: the connection is taken for dead. */
const SILENCE_MS = 10_000;

export function startLivePlayer(deps: Deps): LivePlayer {
  let attempt = 0;
  let stopped = false;
  let session: { readonly end: () => void } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frames = watchFrames(deps.video);

  const connect = (): void => {
    deps.onState({ kind: 'connecting' });
    session = runSession(deps, {
      onPicture: () => {
        attempt = 0;
      },
      onEnd: (reason) => {
        session = undefined;
        if (stopped) return;
        if (reason.kind === 'unsupported') {
          deps.onState(reason);
          return;
        }
        deps.onState({ kind: 'waiting', reason: reason.text });
        timer = setTimeout(connect, retryDelay(attempt, Math.random()));
        attempt += 1;
      },
    });
  };
  connect();
  return {
    lastFrameAt: frames.lastAt,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      frames.stop();
      session?.end();
    },
  };
}

type EndReason =
  | { readonly kind: 'ended'; readonly text: string | undefined }
  | { readonly kind: 'unsupported'; readonly codec: string };
type SessionEvents = { readonly onPicture: () => void; readonly onEnd: (reason: EndReason) => void };

function runSession({ video, cameraId, stream, onState }: Deps, events: SessionEvents): { readonly end: () => void } {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(
    `${scheme}://${location.host}${API}/cameras/${encodeURIComponent(cameraId)}/live?stream=${stream}`,
  );
  socket.binaryType = 'arraybuffer';
  let over = false;
  let sink: Sink | undefined;
  let heard = performance.now();
  const finish = (reason: EndReason): void => {
    if (over) return;
    over = true;
    clearInterval(watch);
    socket.close();
    sink?.close();
    events.onEnd(reason);
  };
  const watch = setInterval(() => {
    if (performance.now() - heard > SILENCE_MS) finish({ kind: 'ended', text: undefined });
    else sink?.steer();
  }, STEER_MS);

  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
    heard = performance.now();
    if (typeof data !== 'string') {
      sink?.append(data);
      if (sink !== undefined) events.onPicture();
      return;
    }
    const header = headerOf(data);
    if (header === undefined) return;
    const mime = `video/mp4; codecs="${header.codec}"`;
    if (typeof MediaSource === 'undefined' || !MediaSource.isTypeSupported(mime)) {
      finish({ kind: 'unsupported', codec: header.codec });
      return;
    }
    sink?.close(); // a new header means a new layout: start over with a new source
    sink = openSink(video, mime, () => finish({ kind: 'ended', text: undefined }));
    onState({ kind: 'playing', codec: header.codec, width: header.width, height: header.height });
  });
  socket.addEventListener('close', ({ reason }) => finish({ kind: 'ended', text: reason === '' ? undefined : reason }));
  socket.addEventListener('error', () => finish({ kind: 'ended', text: undefined }));
  return { end: () => finish({ kind: 'ended', text: undefined }) };
}

function headerOf(text: string): Header | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<Header>;
    if (typeof parsed.codec !== 'string') return undefined;
    return { codec: parsed.codec, width: parsed.width ?? 0, height: parsed.height ?? 0 };
  } catch {
    return undefined;
  }
}

type Sink = { readonly append: (data: ArrayBuffer) => void; readonly steer: () => void; readonly close: () => void };

function openSink(video: HTMLVideoElement, mime: string, onFail: () => void): Sink {
  const source = new MediaSource();
  const url = URL.createObjectURL(source);
  let buffer: SourceBuffer | undefined;
  let queue: ArrayBuffer[] = [];
  let queued = 0;
  video.src = url;

  const pump = (): void => {
    if (buffer === undefined || buffer.updating || source.readyState !== 'open') return;
    const next = queue.length === 1 ? queue[0] : joined(queue);
    if (next === undefined) return;
    queue = [];
    queued = 0;
    try {
      buffer.appendBuffer(next);
    } catch {
      onFail();
    }
  };
  source.addEventListener('sourceopen', () => {
    try {
      buffer = source.addSourceBuffer(mime);
    } catch {
      onFail();
      return;
    }
    buffer.addEventListener('updateend', pump);
    buffer.addEventListener('error', onFail);
    pump();
  });
  return {
    append: (data) => {
      queue.push(data);
      queued += data.byteLength;
      if (queued > MAX_QUEUED_BYTES) onFail();
      else pump();
    },
    steer: () => {
      if (buffer !== undefined && source.readyState === 'open') steerVideo(video, buffer);
    },
    close: () => {
      URL.revokeObjectURL(url);
      if (video.src === url) {
        video.removeAttribute('src');
        video.load();
      }
    },
  };
}

function steerVideo(video: HTMLVideoElement, buffer: SourceBuffer): void {
  const { buffered } = buffer;
  if (buffered.length === 0) return;
  const start = buffered.start(buffered.length - 1);
  const end = buffered.end(buffered.length - 1);
  const { rate, seekTo } = steer({ position: video.currentTime, start, end });
  if (seekTo !== undefined) video.currentTime = seekTo;
  if (video.playbackRate !== rate) video.playbackRate = rate;
  if (video.paused) void video.play().catch(() => undefined);
  const first = buffered.start(0);
  if (!buffer.updating && video.currentTime - first > 2 * KEEP_BEHIND_S)
    buffer.remove(first, video.currentTime - KEEP_BEHIND_S);
}

function joined(parts: readonly ArrayBuffer[]): ArrayBuffer | undefined {
  if (parts.length === 0) return undefined;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return whole.buffer;
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
