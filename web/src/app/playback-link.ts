/** Links into playback: which cameras, when, how fast, the marked range; opening one shows exactly that. Pure. */

/** Times in wall milliseconds. What is left out is as playback opens by itself. */
export type PlaybackPlace = {
  readonly cameras?: readonly string[] | undefined;
  readonly at?: number | undefined;
  readonly speed?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** How much time the timeline shows. */
  readonly span?: number | undefined;
  /** Playing from the first picture on. */
  readonly play?: boolean | undefined;
};
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16];

/** The query of a place, each part `undefined` when the place does not say it. */
export function placeQuery(place: PlaybackPlace): Readonly<Record<string, string | undefined>> {
  const { cameras, at, speed, from, to, span, play } = place;
  return {
    cameras: cameras === undefined ? undefined : cameras.length === 0 ? 'none' : cameras.join(','),
    at: isoOf(at),
    speed: speed === undefined || speed === 1 ? undefined : String(speed),
    in: isoOf(from),
    out: isoOf(to),
    span: span === undefined ? undefined : `${Math.round(span / 1000)}`,
    play: play === true ? '1' : undefined,
  };
}

export function playbackLink(place: PlaybackPlace): string {
  const parts = Object.entries(placeQuery(place)).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value.split(',').map(encodeURIComponent).join(',')}`],
  );
  return parts.length === 0 ? '/playback' : `/playback?${parts.join('&')}`;
}

/** What a link says; nonsense is as if it had not been said. */
export function placeOf(query: URLSearchParams): PlaybackPlace {
  const time = (key: string): number | undefined => {
    const at = Date.parse(query.get(key) ?? '');
    return Number.isNaN(at) ? undefined : at;
  };
  const number = (key: string): number | undefined => {
    const value = Number(query.get(key) ?? '');
    return Number.isFinite(value) && value > 0 ? value : undefined;
  };
  const cameras = query.get('cameras');
  const [speed, seconds] = [number('speed'), number('span')];
  return {
    cameras: cameras === null ? undefined : cameras === 'none' ? [] : cameras.split(',').filter(Boolean),
    at: time('at'),
    speed: speed !== undefined && SPEEDS.includes(speed) ? speed : undefined,
    from: time('in'),
    to: time('out'),
    span: seconds === undefined ? undefined : seconds * 1000,
    play: query.get('play') === '1',
  };
}

const isoOf = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();
