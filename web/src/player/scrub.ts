/**
 * The picture under the pointer: one group of pictures fetched by its byte range, put into a <video> of its own, sought within. Only the
 * newest wish counts; what was fetched stays in the buffer for the way back. Does not play.
 */
import { groupAt, keyGroupsOf, type Bytes, type KeyGroup } from './key-groups.ts';

export type ScrubSource = { readonly url: string; readonly codec: string };
export type Scrubber = {
  /** Shows the picture of `wall` as soon as it can. */
  readonly show: (source: ScrubSource, wall: number) => void;
  /** The picture shown is no older than the last wish but one. */
  readonly hasPicture: () => boolean;
  readonly clear: () => void;
};
/** Groups kept; one more and the buffer begins anew. */
const MAX_GROUPS = 60;

type Wish = { readonly source: ScrubSource; readonly wall: number };
type Buffer = {
  readonly url: string;
  readonly append: (data: ArrayBuffer, at: number) => Promise<void>;
  readonly close: () => void;
};

export function createScrubber(video: HTMLVideoElement): Scrubber {
  let wish: Wish | undefined;
  let busy = false;
  let buffer: Buffer | undefined;
  let groups: readonly KeyGroup[] = [];
  let origin = 0;
  const held = new Map<number, string>();
  let stop = new AbortController();

  const open = async (source: ScrubSource): Promise<void> => {
    close();
    const text = await (await fetched(source.url, stop.signal)).text();
    groups = keyGroupsOf(text, new URL(source.url, location.href).href);
    origin = (groups[0]?.wall ?? 0) - 1000;
    buffer = await openBuffer(video, source);
  };
  const close = (): void => {
    buffer?.close();
    buffer = undefined;
    held.clear();
    groups = [];
  };
  const bring = async ({ source, wall }: Wish): Promise<void> => {
    if (buffer?.url !== source.url || held.size >= MAX_GROUPS) await open(source);
    const group = groupAt(groups, wall);
    if (group === undefined || buffer === undefined) return;
    if (!held.has(group.wall)) {
      const [init, data] = await Promise.all([bytesOf(group.init, stop.signal), bytesOf(group.bytes, stop.signal)]);
      await buffer.append(init, (group.wall - origin) / 1000);
      await buffer.append(data, (group.wall - origin) / 1000);
      held.set(group.wall, source.url);
    }
    await seekTo(video, (wall - origin) / 1000 + 0.001);
  };
  const run = async (): Promise<void> => {
    busy = true;
    while (wish !== undefined) {
      const now = wish;
      wish = undefined;
      await bring(now).catch(() => close()); // the next wish begins anew; the player behind tells what is wrong
    }
    busy = false;
  };
  return {
    show: (source, wall) => {
      wish = { source, wall };
      if (!busy) void run();
    },
    hasPicture: () => buffer !== undefined && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
    clear: () => {
      wish = undefined;
      stop.abort();
      stop = new AbortController();
      close();
    },
  };
}

async function fetched(url: string, signal: AbortSignal, range?: string): Promise<Response> {
  const response = await fetch(url, { signal, headers: range === undefined ? {} : { Range: range } });
  if (!response.ok) throw new Error(`scrub: ${response.status}`);
  return response;
}
const inits = new Map<string, Promise<ArrayBuffer>>();
const MAX_INITS = 32;

async function bytesOf({ url, offset, length }: Bytes, signal: AbortSignal): Promise<ArrayBuffer> {
  const range = `bytes=${offset}-${offset + length - 1}`;
  if (offset > 0) return (await fetched(url, signal, range)).arrayBuffer();
  // What stands at the beginning of a file is small and wanted with each of its groups.
  const known = inits.get(url) ?? fetched(url, signal, range).then((response) => response.arrayBuffer());
  inits.set(url, known);
  const [oldest] = inits.keys();
  if (inits.size > MAX_INITS && oldest !== undefined) inits.delete(oldest);
  return known.catch((error: unknown) => {
    inits.delete(url);
    throw error;
  });
}

/** Groups are placed by wall time, whatever their own clock says: files of several recorders begin anywhere. */
async function openBuffer(video: HTMLVideoElement, { url, codec }: ScrubSource): Promise<Buffer> {
  const source = new MediaSource();
  const link = URL.createObjectURL(source);
  const opened = once(source, 'sourceopen');
  video.src = link;
  await opened;
  const buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
  buffer.mode = 'sequence';
  source.duration = 40 * 86_400;
  return {
    url,
    append: async (data, at) => {
      buffer.timestampOffset = at;
      const done = once(buffer, 'updateend');
      buffer.appendBuffer(data);
      await done;
    },
    close: () => {
      URL.revokeObjectURL(link);
      video.removeAttribute('src');
      video.load();
    },
  };
}

async function seekTo(video: HTMLVideoElement, position: number): Promise<void> {
  const done = once(video, 'seeked');
  video.currentTime = position;
  await done;
}

/** A source that is taken away meanwhile may never say that it is done. */
const PATIENCE_MS = 1500;
const once = (target: EventTarget, event: string): Promise<unknown> =>
  new Promise((resolve) => {
    target.addEventListener(event, resolve, { once: true });
    setTimeout(resolve, PATIENCE_MS);
  });
