/** Which playlists of one camera are known, and asking for more. Does not play them (camera-player.ts). */
import type { StreamName } from '../api/api.ts';
import { sitePlaylists, type EpochParts } from '../api/site-footage.ts';
import { boxNow } from '../app/box-clock.ts';
import type { openEpochVideo } from './epoch-video.ts';

/** hls.js is large: it loads when the first camera is played. */
let opener: typeof openEpochVideo | undefined;
export const epochOpener = (): typeof openEpochVideo | undefined => opener;

const RETRY_MS = 3000;

export type Playlists = {
  readonly at: (wall: number) => EpochParts | undefined;
  readonly after: (wall: number) => EpochParts | undefined;
  /** True when that time was asked for, whether or not there is footage. */
  readonly knows: (wall: number) => boolean;
  readonly askedUntil: () => number;
  readonly idle: () => boolean;
  /** Forgets what is known and asks; failures are told and tried again. */
  readonly load: (from: number, to: number) => Promise<void>;
  /** Keeps what is known and asks for what comes after. */
  readonly extend: (to: number) => Promise<void>;
  /** What is known may be wrong: it is asked for anew when it is wanted, not before a moment has passed. */
  readonly forget: () => void;
  readonly useStream: (stream: StreamName) => void;
  readonly close: () => void;
};

export function createPlaylists(cameraId: string, onFail: (message: string) => void): Playlists {
  let stream: StreamName = 'main';
  let epochs: readonly EpochParts[] = [];
  let asked = { from: 0, until: 0 };
  let asking: AbortController | undefined;
  let retryAt = 0;
  const ask = async (from: number, to: number, kept: readonly EpochParts[]): Promise<void> => {
    const mine = new AbortController();
    asking = mine;
    const until = Math.min(to, boxNow());
    try {
      opener ??= (await import('./epoch-video.ts')).openEpochVideo;
      const { items } = await sitePlaylists(cameraId, { start: from, end: until }, stream);
      if (mine.signal.aborted) return;
      epochs = [...kept.filter(({ url }) => !items.some((item) => item.url === url)), ...items];
      asked = { from: kept.length > 0 ? asked.from : from, until: knownUntil(until, items) };
      if (items.length === 0) retryAt = Date.now() + RETRY_MS;
    } catch (error) {
      retryAt = Date.now() + RETRY_MS;
      if (!mine.signal.aborted) onFail(error instanceof Error ? error.message : '');
    } finally {
      if (asking === mine) asking = undefined;
    }
  };
  const forget = (wait: number): void => {
    epochs = [];
    asked = { from: 0, until: 0 };
    asking?.abort();
    asking = undefined;
    retryAt = Date.now() + wait;
  };
  return {
    at: (wall) => epochs.find((epoch) => holds(epoch, wall)),
    after: (wall) => epochs.find(({ start }) => Date.parse(start) >= wall),
    knows: (wall) => wall >= asked.from && wall < asked.until,
    askedUntil: () => asked.until,
    idle: () => asking === undefined && Date.now() > retryAt,
    load: (from, to) => ask(from, to, []),
    extend: (to) => ask(asked.until, to, epochs),
    forget: () => forget(RETRY_MS),
    useStream: (wanted) => {
      stream = wanted;
      forget(-1);
    },
    close: () => asking?.abort(),
  };
}

/** What is being recorded now is told a little later: behind the last that is told nothing is known yet. */
function knownUntil(until: number, items: readonly EpochParts[]): number {
  const last = items.at(-1)?.end;
  return last === undefined || boxNow() - until > FRESH_MS ? until : Math.min(until, Date.parse(last));
}
const FRESH_MS = 15_000;

export const holds = ({ start, end }: EpochParts, at: number): boolean =>
  Date.parse(start) <= at && at < Date.parse(end);
