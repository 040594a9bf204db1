/** The committed clips in `assets/simulator`, found alike from `src` and from `dist`; test/lab/make-clip.sh makes them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAdtsClip, parseVideoClip } from './clip.ts';
import type { VideoClip } from './clip.ts';
import type { CameraClips } from './simulated-camera.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'assets', 'simulator');
const FRAMES_PER_SECOND = 25;
/** In the order of `CameraOptions.scene`. */
export const SCENES: readonly string[] = ['street', 'entrance', 'garden', 'warehouse'];

export async function loadScene(scene: number): Promise<CameraClips> {
  const name = SCENES[((Math.floor(scene) % SCENES.length) + SCENES.length) % SCENES.length] ?? 'street';
  const video = async (file: string): Promise<VideoClip> =>
    parseVideoClip(await readFile(join(FOLDER, file)), 'h264', FRAMES_PER_SECOND);
  const [main, sub, other, audio] = await Promise.all([
    video(`${name}-main.264`),
    video(`${name}-sub.264`),
    video('street-other.264'),
    readFile(join(FOLDER, 'chimes.aac')),
  ]);
  return { main, sub, other, audio: parseAdtsClip(audio) };
}
