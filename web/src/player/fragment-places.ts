/** Where hls.js puts fragments on the clock of a <video>, and where their pictures really begin. */
import type HlsLight from 'hls.js/light';
import { Events, type Fragment } from 'hls.js/light';
import { pictureTimeOf } from './picture-time.ts';
import { placedAt, type MappedFragment } from './wall-map.ts';

export function placesOf(fragments: readonly Fragment[]): readonly MappedFragment[] {
  return fragments.flatMap(({ start, duration, programDateTime, gap, cc }) =>
    programDateTime === null || programDateTime === undefined || gap === true
      ? []
      : [{ start, duration, wall: programDateTime, run: cc }],
  );
}

type Change = (places: readonly MappedFragment[]) => readonly MappedFragment[];
/**
 * hls.js puts what it loads first of a run where the playlist has it, by its earliest sample, and all others of the run by their own
 * clock. So pictures are later than the playlist says where sound comes before them, and are at other distances than the playlist says
 * where the wall clock was set right while they were recorded: each is placed by itself when it is loaded.
 */
export function watchPlaces(hls: HlsLight, apply: (change: Change) => void): void {
  let loaded: { readonly sn: Fragment['sn']; readonly at: number | undefined } | undefined;
  /** Of each run: seconds of the files' clock where the media clock is zero. */
  const zeros = new Map<number, number>();
  // It moves fragments once it has seen their real times.
  hls.on(Events.LEVEL_UPDATED, (_event, { details }) => apply(() => placesOf(details.fragments)));
  hls.on(Events.FRAG_LOADED, (_event, { frag: { sn }, payload }) => {
    loaded = { sn, at: pictureTimeOf(payload) };
  });
  hls.on(Events.INIT_PTS_FOUND, (_event, { frag: { cc: run }, initPTS, timescale }) => {
    zeros.set(run, initPTS / timescale);
  });
  hls.on(Events.FRAG_PARSED, (_event, { frag: { sn, cc: run, programDateTime: wall } }) => {
    const [at, zero] = [loaded?.sn === sn ? loaded.at : undefined, zeros.get(run)];
    if (at === undefined || zero === undefined || wall === null) return;
    apply((places) => placedAt(places, { wall, run }, at - zero));
  });
}
