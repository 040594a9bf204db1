/**
 * What a live view sends, in the source buffer of a <video>: appended as it comes, kept close to the newest picture, forgotten behind.
 * Belongs here: Media Source Extensions. Does not: the connection (live-player.ts), the steering's rules (latency.ts).
 */
import { steer } from './latency.ts';

/** What a stalled decoder may leave unread; more and the connection starts anew at the newest picture. */
const MAX_QUEUED_BYTES = 24 * 1024 * 1024;
const KEEP_BEHIND_S = 6;

export type Sink = {
  readonly append: (data: ArrayBuffer) => void;
  readonly steer: () => void;
  readonly close: () => void;
};

type Source = { readonly mime: string; readonly audio: boolean };
export function openSink(video: HTMLVideoElement, { mime, audio }: Source, onFail: () => void): Sink {
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
      if (buffer !== undefined && source.readyState === 'open') steerVideo(video, buffer, audio);
    },
    // The last picture stays, marked as old by the tile, until the next connection has one.
    close: () => URL.revokeObjectURL(url),
  };
}

function steerVideo(video: HTMLVideoElement, buffer: SourceBuffer, audio: boolean): void {
  const { buffered } = buffer;
  if (buffered.length === 0) return;
  const start = buffered.start(buffered.length - 1);
  const end = buffered.end(buffered.length - 1);
  const { rate, seekTo } = steer({ position: video.currentTime, start, end, audio });
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
