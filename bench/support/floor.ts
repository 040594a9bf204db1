/** The C floor (bench/floor.c), compiled for this run. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startPinned, stopChild } from './contender.ts';
import type { Contender, Load } from './contender.ts';

export async function startFloor({ folder, port, mounts, cameras }: Load): Promise<Contender> {
  const output = join(folder, 'floor');
  await mkdir(output);
  const binary = join(folder, 'floor.bin');
  await promisify(execFile)('gcc', ['-O2', '-o', binary, resolve(import.meta.dirname, '../floor.c')]);
  const child = startPinned('recorders', binary, [port, mounts, cameras].map(String).concat(output));
  const pid = child.pid ?? -1;
  if (child.stdout) {
    for await (const line of createInterface({ input: child.stdout })) if (line === 'playing') break;
  }
  if (child.exitCode !== null) throw new Error('the floor did not get all its sessions');
  return { parts: () => [{ label: 'floor', pids: [pid] }], stop: () => stopChild(child, 'SIGKILL') };
}
