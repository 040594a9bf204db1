/**
 * Short clips for tests, made once by ffmpeg into `node_modules/.cache/clips`. Every picture differs from every other
 * (noise), so a picture is known by the hash of its coded bytes.
 */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = resolve(import.meta.dirname, '../../node_modules/.cache/clips');

type ClipSpec = { readonly seconds: number; readonly size: string; readonly video: readonly string[] };
const x264 = (bitrate: string, parameters: string): readonly string[] => [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-b:v', bitrate, '-x264-params', parameters],
];
const X264_PLAIN = 'bframes=0:keyint=25:min-keyint=25:scenecut=0:slices=1:sliced-threads=0';

/** Key frame each second, 25 pictures a second, AAC 16 kHz mono. */
const CLIPS = {
  h264: { seconds: 12, size: '640x360', video: x264('600k', X264_PLAIN) },
  'h264-small': { seconds: 12, size: '320x180', video: x264('200k', X264_PLAIN) },
  'h264-bframes': {
    seconds: 12,
    size: '640x360',
    video: x264('600k', 'bframes=2:b-pyramid=0:keyint=25:min-keyint=25:scenecut=0:slices=1:sliced-threads=0'),
  },
  'h264-slices': {
    seconds: 12,
    size: '640x360',
    video: x264('600k', 'bframes=0:keyint=25:min-keyint=25:scenecut=0:slices=4:sliced-threads=0'),
  },
  h265: {
    seconds: 12,
    size: '640x360',
    video: [
      ...['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-b:v', '600k', '-tag:v', 'hvc1'],
      ...['-x265-params', 'log-level=error:bframes=0:keyint=25:min-keyint=25:scenecut=0'],
    ],
  },
  /** What the benchmark is measured with: 1080p at 4 Mbit/s, key frame every 2 s. */
  'h264-1080p': {
    seconds: 60,
    size: '1920x1080',
    video: [
      ...x264('4M', 'bframes=0:keyint=50:min-keyint=50:scenecut=0:slices=1:sliced-threads=0:rc-lookahead=10'),
      ...['-maxrate', '4M', '-bufsize', '4M'],
    ],
  },
} as const satisfies Readonly<Record<string, ClipSpec>>;
export type ClipName = keyof typeof CLIPS;

/** Path of the MP4 clip, made now if it is not there. */
export async function clipOf(name: ClipName): Promise<string> {
  const path = join(FOLDER, `${name}.mp4`);
  if (await exists(path)) return path;
  await mkdir(FOLDER, { recursive: true });
  const { seconds, size, video } = CLIPS[name];
  // Two test files may make the same clip at once; whoever comes last wins with equal bytes.
  const temporary = join(FOLDER, `${name}.${process.pid}.part.mp4`);
  const picture = `testsrc2=size=${size}:rate=25,noise=alls=12:allf=t`;
  try {
    await run('ffmpeg', [
      ...[
        '-y',
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        picture,
        '-f',
        'lavfi',
        '-i',
        'sine=frequency=440:sample_rate=16000',
      ],
      ...['-t', String(seconds), ...video, '-c:a', 'aac', '-b:a', '64k', '-ar', '16000', '-ac', '1', temporary],
    ]);
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
