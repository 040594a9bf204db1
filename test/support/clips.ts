/**
 * Short clips for tests, made once by ffmpeg into `node_modules/.cache/clips`. Every picture differs from every other
 * (noise), so a picture is known by the hash of its coded bytes.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = resolve(import.meta.dirname, '../../node_modules/.cache/clips');

type ClipSpec = { readonly seconds: number; readonly size: string; readonly video: string };
const x264 = (bitrate: string, parameters: string): string =>
  `-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v ${bitrate} -x264-params ${parameters}:scenecut=0:sliced-threads=0`;
const x265 = (bitrate: string, parameters: string): string =>
  `-c:v libx265 -preset ultrafast -pix_fmt yuv420p -b:v ${bitrate} -tag:v hvc1 -x265-params log-level=error:${parameters}`;

/** Key frame each second, 25 pictures a second, AAC 16 kHz mono. */
const CLIPS = {
  h264: { seconds: 12, size: '640x360', video: x264('600k', 'bframes=0:keyint=25:min-keyint=25:slices=1') },
  'h264-small': { seconds: 12, size: '320x180', video: x264('200k', 'bframes=0:keyint=25:min-keyint=25:slices=1') },
  'h264-bframes': {
    seconds: 12,
    size: '640x360',
    video: x264('600k', 'bframes=2:b-pyramid=0:keyint=25:min-keyint=25:slices=1'),
  },
  'h264-slices': { seconds: 12, size: '640x360', video: x264('600k', 'bframes=0:keyint=25:min-keyint=25:slices=4') },
  h265: { seconds: 12, size: '640x360', video: x265('600k', 'bframes=0:keyint=25:min-keyint=25:scenecut=0') },
  /** As `h265`, of another encoder setting: parameter sets differ, the size does not. */
  'h265-other': {
    seconds: 12,
    size: '640x360',
    video: x265('600k', 'bframes=0:keyint=25:min-keyint=25:scenecut=0:ctu=16:cbqpoffs=3'),
  },
  /** What the benchmark is measured with: 1080p at 4 Mbit/s, key frame every 2 s. */
  'h264-1080p': {
    seconds: 60,
    size: '1920x1080',
    video: `${x264('4M', 'bframes=0:keyint=50:min-keyint=50:slices=1:rc-lookahead=10')} -maxrate 4M -bufsize 4M`,
  },
} as const satisfies Readonly<Record<string, ClipSpec>>;
export type ClipName = keyof typeof CLIPS;

/** Path of the MP4 clip, made now if it is not there. */
export async function clipOf(name: ClipName): Promise<string> {
  const path = join(FOLDER, `${name}.mp4`);
  if (await exists(path)) return path;
  await mkdir(FOLDER, { recursive: true });
  const { seconds, size, video } = CLIPS[name];
  // Two tests may make the same clip at once; whoever comes last wins with equal bytes.
  const temporary = join(FOLDER, `${name}.${randomUUID()}.part.mp4`);
  const picture = `testsrc2=size=${size}:rate=25,noise=alls=12:allf=t`;
  try {
    const input = `-y -v error -f lavfi -i ${picture} -f lavfi -i sine=frequency=440:sample_rate=16000`;
    const output = `-t ${seconds} ${video} -c:a aac -b:a 64k -ar 16000 -ac 1`;
    await run('ffmpeg', [...input.split(' '), ...output.split(' '), temporary]);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
