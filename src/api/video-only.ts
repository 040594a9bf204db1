/**
 * Hides the audio track of a segment from a browser that cannot play it (G.711): the boxes of track 2 are renamed to `free`
 * where they stand, so that no offset changes (ISO/IEC 14496-12 §8.1.2). Chromium refuses a `moof` with a track that the
 * `moov` does not have, so both must be changed. The audio samples in `mdat` stay and are not looked at.
 */
const AUDIO_TRACK = 2;
const FREE = 0x66726565;
const typeOf = (name: string): number => Buffer.from(name, 'latin1').readUInt32BE(0);
const MOOV = typeOf('moov');
const MVEX = typeOf('mvex');
const MOOF = typeOf('moof');
/** The box that names the track, inside the box that is hidden. */
const HIDDEN: ReadonlyMap<number, number> = new Map([
  [typeOf('trak'), typeOf('tkhd')],
  [typeOf('traf'), typeOf('tfhd')],
]);
const TREX = typeOf('trex');
const TKHD = typeOf('tkhd');
const KNOWN_AT_TOP: ReadonlySet<number> = new Set(
  ['ftyp', 'moov', 'uuid', 'free', 'prft', 'moof', 'mdat'].map((name) => typeOf(name)),
);

/** Changes `bytes`. False, and nothing changed, if they do not begin with a box of a segment. */
export function hideAudio(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || !KNOWN_AT_TOP.has(view.getUint32(4))) return false;
  for (const box of boxesIn(view, 0, view.byteLength)) if (box.type === MOOV || box.type === MOOF) hideIn(view, box);
  return true;
}

type Box = { readonly type: number; readonly start: number; readonly body: number; readonly end: number };

function hideIn(view: DataView, parent: Box): void {
  for (const box of boxesIn(view, parent.body, parent.end)) {
    if (box.type === MVEX) hideIn(view, box);
    if (trackOf(view, box) === AUDIO_TRACK) view.setUint32(box.start + 4, FREE);
  }
}

/** track_ID of a `trak`, `traf` or `trex`. */
function trackOf(view: DataView, box: Box): number | undefined {
  if (box.type === TREX) return wordAt(view, box.body + 4, box.end);
  const header = HIDDEN.get(box.type);
  if (header === undefined) return undefined;
  for (const inner of boxesIn(view, box.body, box.end)) {
    if (inner.type !== header) continue;
    // tkhd has two times in front of the id, of 4 or 8 bytes each by version.
    const skip = inner.type === TKHD ? (view.getUint8(inner.body) === 1 ? 20 : 12) : 4;
    return wordAt(view, inner.body + skip, inner.end);
  }
  return undefined;
}

const wordAt = (view: DataView, at: number, end: number): number | undefined =>
  at + 4 <= end ? view.getUint32(at) : undefined;

/** Boxes that lie wholly between; a torn last one is left out. */
function* boxesIn(view: DataView, from: number, end: number): Generator<Box> {
  for (let start = from; start + 8 <= end;) {
    const size = view.getUint32(start);
    const large = size === 1 && start + 16 <= end;
    const length = large ? Number(view.getBigUint64(start + 8)) : size;
    if (length < 8 || start + length > end) return;
    yield { type: view.getUint32(start + 4), start, body: start + (large ? 16 : 8), end: start + length };
    start += length;
  }
}
