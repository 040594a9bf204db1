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
 * hls.js puts what it loads first of a run where the playlist has it, by its earliest sample: where sound comes before the picture that is
 * the sound, and all pictures of the run are later than the playlist says.
 */
export function watchPlaces(hls: HlsLight, apply: (change: Change) => void): void {
  let loaded: { readonly sn: Fragment['sn']; readonly at: number | undefined } | undefined;
  // It moves fragments once it has seen their real times.
  hls.on(Events.LEVEL_UPDATED, (_event, { details }) => apply(() => placesOf(details.fragments)));
  hls.on(Events.FRAG_LOADED, (_event, { frag: { sn }, payload }) => {
    loaded = { sn, at: pictureTimeOf(payload) };
  });
  hls.on(Events.INIT_PTS_FOUND, (_event, { frag: { sn, cc: run, programDateTime: wall }, initPTS, timescale }) => {
    if (loaded?.sn !== sn || loaded.at === undefined || wall === null) return;
    const position = loaded.at - initPTS / timescale;
    apply((places) => placedAt(places, { wall, run }, position));
  });
}
