/** One `ffmpeg -c copy` a camera into fragmented MP4: what open recorders do today. */
import type { ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startPinned, stopChild } from './contender.ts';
import type { Contender, Load } from './contender.ts';

/** All at once they are slow enough to fill the server's queues. */
const BETWEEN_MS = 300;
const OPTIONS = '-nostdin -loglevel error -y -rtsp_transport tcp';
const OUTPUT = '-c copy -movflags frag_keyframe+empty_moov+default_base_moof -f mp4';

export async function startFfmpegs({ folder, port, mounts, cameras }: Load): Promise<Contender> {
  const output = join(folder, 'ffmpeg');
  await mkdir(output);
  const children: ChildProcess[] = [];
  for (let index = 0; index < cameras; index += 1) {
    const url = `rtsp://127.0.0.1:${port}/cam${index % mounts}`;
    const child = startPinned('recorders', 'ffmpeg', [
      ...OPTIONS.split(' '),
      '-i',
      url,
      ...OUTPUT.split(' '),
      join(output, `${index}.mp4`),
    ]);
    child.stdout?.resume();
    children.push(child);
    await new Promise((done) => setTimeout(done, BETWEEN_MS));
  }
  return {
    parts: () => [
      {
        label: 'ffmpeg',
        pids: children.flatMap(({ pid, exitCode }) => (pid === undefined || exitCode !== null ? [] : [pid])),
      },
    ],
    stop: async () => {
      await Promise.all(children.map((child) => stopChild(child, 'SIGKILL')));
    },
  };
}
