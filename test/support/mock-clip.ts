/** A small fragmented MP4 made by ffmpeg once per run, cut into init segment and fragments, for live view and playlists of the mock API. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Fragment = { readonly offset: number; readonly bytes: Buffer };
export type Clip = {
  readonly file: Buffer;
  readonly init: Buffer;
  readonly fragments: readonly Fragment[];
  readonly ticks: number;
};
export const CLIP_SECONDS = 8;
export const CLIP_FPS = 25;

/** The same pictures in fragments of a frame, as live view sends, and of a second, as segments hold. */
export type Clips = { readonly perFrame: Clip; readonly perSecond: Clip };

export async function makeClips(scene: string): Promise<Clips> {
  const folder = await mkdtemp(join(tmpdir(), 'mock-clip-'));
  const seconds = join(folder, 'seconds.mp4');
  const frames = join(folder, 'frames.mp4');
  const x264 = `-c:v libx264 -profile:v high -preset ultrafast -tune zerolatency -pix_fmt yuv420p -bf 0 -g ${CLIP_FPS}`;
  const input = ['-v', 'error', '-f', 'lavfi', '-i', scene, '-t', String(CLIP_SECONDS), ...x264.split(' ')];
  try {
    await run('ffmpeg', [...input, ...fragmentedBy('frag_keyframe'), seconds]);
    // Copied, not encoded again: that takes longer than most flows.
    await run('ffmpeg', ['-v', 'error', '-i', seconds, '-c', 'copy', ...fragmentedBy('frag_every_frame'), frames]);
    return { perFrame: cut(await readFile(frames)), perSecond: cut(await readFile(seconds)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const fragmentedBy = (how: string): readonly string[] => [
  '-video_track_timescale',
  '90000',
  '-movflags',
  `${how}+empty_moov+default_base_moof`,
];

function cut(file: Buffer): Clip {
  const fragments: Fragment[] = [];
  let initEnd = 0;
  for (let at = 0, began = 0; at < file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'moov') initEnd = at + length;
    if (type === 'moof') began = at;
    if (type === 'mdat') fragments.push({ offset: began, bytes: file.subarray(began, at + length) });
    at += length;
  }
  return { file, init: file.subarray(0, initEnd), fragments, ticks: CLIP_SECONDS * 90_000 };
}

/** The fragment with its decode time moved, so that a loop goes on instead of starting over (ISO/IEC 14496-12 §8.8.12). */
export function shifted(fragment: Buffer, ticks: number): Buffer {
  const copy = Buffer.from(fragment);
  const at = copy.indexOf('tfdt');
  if (copy[at + 4] === 1) copy.writeBigUInt64BE(copy.readBigUInt64BE(at + 8) + BigInt(ticks), at + 8);
  else copy.writeUInt32BE(copy.readUInt32BE(at + 8) + ticks, at + 8);
  return copy;
}

/** The clip over and over for [start, end), wall milliseconds, one entry a second with its byte range. */
export function playlistOf(clip: Clip, url: string, start: number, end: number): string {
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-TARGETDURATION:1',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-MAP:URI="${url}",BYTERANGE="${clip.init.length}@0"`,
  ];
  for (let at = start, index = 0; at < end; at += 1000, index += 1) {
    const fragment = clip.fragments[index % clip.fragments.length];
    if (fragment === undefined) break;
    if (index > 0 && index % clip.fragments.length === 0)
      lines.push('#EXT-X-DISCONTINUITY', `#EXT-X-MAP:URI="${url}",BYTERANGE="${clip.init.length}@0"`);
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(at).toISOString()}`,
      '#EXTINF:1,',
      `#EXT-X-BYTERANGE:${fragment.bytes.length}@${fragment.offset}`,
      url,
    );
  }
  return [...lines, '#EXT-X-ENDLIST', ''].join('\n');
}
