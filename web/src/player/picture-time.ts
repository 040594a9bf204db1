/** When the picture of a loaded fragment begins, from its bytes (ISO/IEC 14496-12): hls.js tells it of whichever track begins first. Pure. */

/** Of every segment of ours (docs/design/segment-format.md). */
const PICTURE_TRACK = 1;
const PICTURE_SCALE = 90_000;
const HEADER_BYTES = 8;
/** A `tfdt` of version 1, as all of ours are. */
const LONG_TIME_BYTES = 12;

/** Seconds of the file's own clock; undefined where there is no picture, or the bytes are no fragment. */
export function pictureTimeOf(payload: ArrayBuffer): number | undefined {
  const view = new DataView(payload);
  const [moof] = boxesIn(view, { start: 0, end: view.byteLength }, 'moof');
  if (moof === undefined) return undefined;
  for (const traf of boxesIn(view, moof, 'traf')) {
    const [[header], [time]] = [boxesIn(view, traf, 'tfhd'), boxesIn(view, traf, 'tfdt')];
    if (header === undefined || time === undefined || !holds(header, 8) || !holds(time, LONG_TIME_BYTES)) continue;
    if (view.getUint32(header.start + 4) === PICTURE_TRACK)
      return Number(view.getBigUint64(time.start + 4)) / PICTURE_SCALE;
  }
  return undefined;
}

const holds = ({ start, end }: Span, bytes: number): boolean => end - start >= bytes;

type Span = { readonly start: number; readonly end: number };
/** What the boxes of this kind hold. */
function* boxesIn(view: DataView, { start, end }: Span, kind: string): Generator<Span, void> {
  for (let at = start; at + HEADER_BYTES <= end;) {
    const size = view.getUint32(at);
    if (size < HEADER_BYTES || at + size > end) return;
    const name = String.fromCharCode(...[4, 5, 6, 7].map((index) => view.getUint8(at + index)));
    if (name === kind) yield { start: at + HEADER_BYTES, end: at + size };
    at += size;
  }
}
