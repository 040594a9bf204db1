/** What one segment file holds, read from it: damaged ends, and what cannot be shown without them, left out. Does not: what becomes of it (rebuild.ts). */
import { checkPayload, readInit, scanFragments } from '../media/mp4/scan.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import type { FragmentInfo } from '../media/mp4/parse-fragment.ts';
import type { VideoCodec } from '../media/tracks.ts';
import { openByteSource } from './byte-source.ts';
import type { ScannedFragment, SegmentToStore } from './catalogue-types.ts';
import { returnNoteOf } from './return-note.ts';

/** What one unsynced batch can hold of one file, and more. */
const TAIL_CHECKED = 4;

/** `path`: inside its volume. */
export type SegmentPlace = { readonly file: string; readonly volumeId: string; readonly path: string };
export type ScannedSegment = { readonly segment: SegmentToStore; readonly fragments: readonly ScannedFragment[] };

/** What a segment file holds, as the catalogue wants it; `all`: every payload is held against its hash. @throws UnderstudyError of kind `corrupt`; system errors */
export async function scanSegmentFile(
  file: string,
  volumeId: string,
  path: string,
  checked: 'tail' | 'all' = 'tail',
): Promise<ScannedSegment> {
  const source = await openByteSource(file);
  try {
    return await scanSource(source, { file, volumeId, path }, checked);
  } finally {
    await source.close();
  }
}

/** As `scanSegmentFile`, of a file that is open. */
export async function scanSource(
  source: ByteSource,
  { file, volumeId, path }: SegmentPlace,
  checked: 'tail' | 'all',
): Promise<ScannedSegment> {
  const init = await readInit(source);
  const { video, audio } = init.layout;
  const found: FragmentInfo[] = [];
  for await (const step of scanFragments(source, { from: init.length, resync: true }))
    if (step.kind === 'fragment' && step.fragment.intact) found.push(step.fragment);
  const trusted = checked === 'all' ? 0 : Math.max(0, found.length - TAIL_CHECKED);
  const whole = [...found.slice(0, trusted), ...(await wholeOnes(source, found.slice(trusted), video.codec))];
  const { cameraId, stream, serverId, epoch, start } = init.header;
  const returned = await returnNoteOf(file, init.header);
  const shift = returned?.clockOffsetMs ?? 0;
  return {
    segment: {
      cameraId,
      stream,
      volumeId,
      segment: path,
      serverId,
      epoch,
      start: start + shift,
      initLength: init.length,
      layoutHash: init.layoutHash,
      video: { codec: video.codec, codecString: video.codecString, width: video.width, height: video.height },
      audio: audio && { codec: audio.codec, codecString: audio.codecString },
      ...(returned === undefined ? {} : { returned }),
    },
    fragments: whole.map((fragment, index) => scannedOf(fragment, whole[index - 1], shift)),
  };
}

/** What came behind a key frame that is damaged cannot be shown without it, and is no part of the group before. */
async function wholeOnes(
  source: ByteSource,
  fragments: readonly FragmentInfo[],
  codec: VideoCodec,
): Promise<readonly FragmentInfo[]> {
  const whole: FragmentInfo[] = [];
  let hasKey = true;
  for (const fragment of fragments) {
    const isWhole = (await checkPayload(source, fragment, codec)).kind === 'whole';
    if (fragment.key) hasKey = isWhole;
    if (isWhole && hasKey) whole.push(fragment);
  }
  return whole;
}

const scannedOf = (fragment: FragmentInfo, before: FragmentInfo | undefined, shift: number): ScannedFragment => ({
  offset: fragment.offset,
  length: fragment.length,
  sequence: fragment.sequence,
  start: fragment.start / 1000 + shift,
  end: fragment.end / 1000 + shift,
  key: fragment.key,
  // Its own word is about the fragment before it in the recording; here that one may be damaged.
  continuous: fragment.continuous && (before === undefined || before.sequence === fragment.sequence - 1),
});
