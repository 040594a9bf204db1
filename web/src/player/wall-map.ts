/** Wall time against the media clock of a playlist: EXT-X-PROGRAM-DATE-TIME tells it per fragment. Pure. */

/** `start`, `duration` in seconds of the media clock; `wall` in milliseconds. */
export type MappedFragment = {
  readonly start: number;
  readonly duration: number;
  readonly wall: number;
  /** Fragments between two discontinuities of the playlist have one. */
  readonly run?: number;
  /** `start` is where its pictures are, told by itself and not by the playlist. */
  readonly isPlaced?: true;
};

/** The fragments of a playlist whose every fragment tells its wall time; the media clock is the sum of the durations. */
export function fragmentsOf(playlist: string): readonly MappedFragment[] {
  const fragments: MappedFragment[] = [];
  let start = 0;
  for (const [, time = '', length] of playlist.matchAll(/#EXT-X-PROGRAM-DATE-TIME:(\S+)\s+#EXTINF:([\d.]+)/g)) {
    const duration = Number(length);
    fragments.push({ start, duration, wall: Date.parse(time) });
    start += duration;
  }
  return fragments;
}

/** Where in the media `wall` is played; `undefined` when no fragment holds it. */
export function positionOf(fragments: readonly MappedFragment[], wall: number): number | undefined {
  let low = 0;
  let high = fragments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((fragments[middle]?.wall ?? 0) <= wall) low = middle + 1;
    else high = middle;
  }
  const fragment = fragments[low - 1];
  if (fragment === undefined) return undefined;
  const into = (wall - fragment.wall) / 1000;
  return into <= fragment.duration + 0.05 ? fragment.start + Math.min(into, fragment.duration) : undefined;
}

/**
 * The pictures of one of them begin at `position`. Those of its run that are not placed themselves are moved with it: between two of
 * them the wall clock may have gone another time than the camera's.
 */
export function placedAt(
  fragments: readonly MappedFragment[],
  { wall, run }: Pick<MappedFragment, 'wall' | 'run'>,
  position: number,
): readonly MappedFragment[] {
  const found = fragments.find((one) => one.wall === wall && one.run === run);
  if (found === undefined || (found.isPlaced === true && found.start === position)) return fragments;
  const later = position - found.start;
  return fragments.map((one) => {
    if (one === found) return { ...one, start: position, isPlaced: true };
    return one.run === run && one.isPlaced !== true ? { ...one, start: one.start + later } : one;
  });
}

export function wallOf(fragments: readonly MappedFragment[], position: number): number | undefined {
  const fragment = fragments.findLast(({ start }) => start <= position + 1e-6);
  return fragment === undefined ? undefined : fragment.wall + (position - fragment.start) * 1000;
}

/** How one of several videos is kept with the common clock: `drift` is its wall time minus the clock's, in milliseconds. */
export type Correction = { readonly kind: 'seek' } | { readonly kind: 'rate'; readonly rate: number };
export function correctionFor(drift: number, speed: number, playing: boolean): Correction {
  const limit = playing ? 600 * Math.max(1, speed) : 30;
  if (Math.abs(drift) > limit) return { kind: 'seek' };
  if (Math.abs(drift) < 60 * speed) return { kind: 'rate', rate: speed };
  return { kind: 'rate', rate: speed * (drift > 0 ? 0.94 : 1.06) };
}
