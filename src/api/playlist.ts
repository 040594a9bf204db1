/**
 * HLS playlists (RFC 8216) over segment files as they lie on the volume: one EXT-X-MAP a file, one byte range a group of
 * pictures, program date-times, and a discontinuity wherever time or file does not go on. Missing time is left out; the
 * ledger tells it. Pure.
 */
import type { KeyGroup, Segment } from '../archive/catalogue-types.ts';
import type { MillisecondRange } from './footage-access.ts';
import { isoOfNumber } from './footage-query.ts';

/** Above this distance between two groups time does not go on; below, it is jitter. */
const CONTINUOUS_MS = 100;

/** What identifies a segment in a URL: opaque to clients, resolved through the catalogue only. */
export const segmentIdOf = ({ volumeId, path }: Pick<Segment, 'volumeId' | 'path'>): string =>
  Buffer.from(`${volumeId}/${path}`).toString('base64url');
/** `undefined` unless it is what `segmentIdOf` makes. */
export function parseSegmentId(id: string): { readonly volumeId: string; readonly path: string } | undefined {
  if (!/^[\w-]{1,512}$/.test(id)) return undefined;
  const text = Buffer.from(id, 'base64url').toString('utf8');
  const at = text.indexOf('/');
  if (at < 1) return undefined;
  const parsed = { volumeId: text.slice(0, at), path: text.slice(at + 1) };
  return segmentIdOf(parsed) === id ? parsed : undefined;
}

/** Media Source Extensions take AAC and Opus in MP4; G.711 is left out of what browsers get. */
export const isAudioPlayable = ({ audio }: Pick<Segment, 'audio'>): boolean =>
  audio === undefined || audio.codec === 'aac' || audio.codec === 'opus';

export function playableCodecOf(segment: Segment): string {
  const { video, audio } = segment;
  return audio === undefined || !isAudioPlayable(segment)
    ? video.codecString
    : `${video.codecString},${audio.codecString}`;
}

export const groupsIn = ({ keys }: Pick<Segment, 'keys'>, range: MillisecondRange): readonly KeyGroup[] =>
  keys.filter(({ start, end }) => end > range.start && start < range.end);

export type LayoutEpoch = MillisecondRange & { readonly layoutHash: string; readonly codec: string };
/** Runs of segments that can stand in one playlist, as far as they have key frames in the range. */
export function layoutEpochsOf(segments: readonly Segment[], range: MillisecondRange): readonly LayoutEpoch[] {
  const epochs: LayoutEpoch[] = [];
  for (const segment of segments) {
    const groups = groupsIn(segment, range);
    const [first] = groups;
    const last = groups.at(-1);
    if (first === undefined || last === undefined) continue;
    const before = epochs.at(-1);
    if (before?.layoutHash === segment.layoutHash)
      epochs[epochs.length - 1] = { ...before, end: Math.max(before.end, last.end) };
    else
      epochs.push({
        start: first.start,
        end: last.end,
        layoutHash: segment.layoutHash,
        codec: playableCodecOf(segment),
      });
  }
  return epochs;
}

/** The media playlist; URLs are relative to `/cameras/{id}/playlist.m3u8`. */
export function encodePlaylist(segments: readonly Segment[], range: MillisecondRange): string {
  const lines: string[] = [];
  let longest = 1;
  let before: Run | undefined;
  for (const run of runsIn(segments, range)) {
    const { segment, groups } = run;
    const url = urlOf(segment);
    if (before !== undefined) lines.push('#EXT-X-DISCONTINUITY');
    if (before?.segment !== segment) lines.push(`#EXT-X-MAP:URI="${url}",BYTERANGE="${segment.initLength}@0"`);
    before = run;
    for (const [position, group] of groups.entries()) {
      const seconds = secondsOf(group, groups[position + 1]);
      longest = Math.max(longest, Math.ceil(seconds));
      lines.push(
        `#EXT-X-PROGRAM-DATE-TIME:${isoOfNumber(group.start)}`,
        `#EXTINF:${seconds.toFixed(3)},`,
        `#EXT-X-BYTERANGE:${group.length}@${group.offset}`,
        url,
      );
    }
  }
  const head = ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-TARGETDURATION:${longest}`, '#EXT-X-PLAYLIST-TYPE:VOD'];
  return [...head, '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-INDEPENDENT-SEGMENTS', ...lines, '#EXT-X-ENDLIST', ''].join('\n');
}

type Run = { readonly segment: Segment; readonly groups: readonly KeyGroup[] };
/**
 * Groups between which time goes on, by their start: what was recorded elsewhere while a segment had a hole stands in that hole, not
 * behind the whole segment.
 */
function runsIn(segments: readonly Segment[], range: MillisecondRange): readonly Run[] {
  const runs = segments.flatMap((segment) => {
    const groups = groupsIn(segment, range);
    const ends = groups.flatMap((group, at) => {
      const next = groups[at + 1];
      return next !== undefined && next.start - group.end <= CONTINUOUS_MS ? [] : [at + 1];
    });
    return ends.map((end, index): Run => ({ segment, groups: groups.slice(ends[index - 1] ?? 0, end) }));
  });
  return runs.toSorted((a, b) => (a.groups[0]?.start ?? 0) - (b.groups[0]?.start ?? 0));
}

/** Up to the next group where time goes on, so that the jitter of single stamps does not add up. */
function secondsOf(group: KeyGroup, next: KeyGroup | undefined): number {
  const goesOn = next !== undefined && Math.abs(next.start - group.end) <= CONTINUOUS_MS;
  return Math.max(0.001, ((goesOn ? next.start : group.end) - group.start) / 1000);
}

const urlOf = (segment: Segment): string =>
  `segments/${segmentIdOf(segment)}.mp4${isAudioPlayable(segment) ? '' : '?tracks=video'}`;
