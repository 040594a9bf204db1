/** Clips for simulated cameras out of the test clips: elementary stream, and the offsets of B-frames as ffprobe tells them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { VideoCodec } from '../../src/media/tracks.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { parseVideoClip } from '../../src/simulator/clip.ts';
import type { CameraClips } from '../../src/simulator/simulated-camera.ts';
import { clipOf } from './clips.ts';
import type { ClipName } from './clips.ts';
import { runProcess } from './processes.ts';
import { tempDir } from './temp-dir.ts';

const FRAMES_PER_SECOND = 25;

export async function simulatorClips(t: ExecutionContext, name: ClipName, codec: VideoCodec): Promise<CameraClips> {
  const path = await clipOf(name);
  const file = join(await tempDir(t, name), 'clip.bin');
  const [filter, format] = codec === 'h264' ? ['h264_mp4toannexb', 'h264'] : ['hevc_mp4toannexb', 'hevc'];
  const input = ['-nostdin', '-v', 'error', '-i', path, '-map', '0:v'];
  await runProcess(t, 'ffmpeg', [...input, '-c', 'copy', '-bsf:v', filter, '-f', format, file]);
  const entries = ['-select_streams', 'v', '-show_entries', 'packet=pts_time,dts_time', '-of', 'csv=p=0', path];
  const times = (await runProcess(t, 'ffprobe', ['-v', 'error', ...entries]))
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const delays = times.map(([pts = 0, dts = 0]) => Math.round((pts - dts) * FRAMES_PER_SECOND));
  const least = Math.min(...delays);
  const clip = parseVideoClip(
    await readFile(file),
    codec,
    FRAMES_PER_SECOND,
    delays.map((delay) => delay - least),
  );
  return { main: clip, sub: clip, other: clip, audio: (await loadScene(0)).audio };
}
