/** Something that records N cameras while it is measured, and how it is started on its core. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';

export type Contender = {
  /** What is measured of it; each part is a line of the report. Processes as they are now. */
  readonly parts: () => readonly { readonly label: string; readonly pids: readonly number[] }[];
  readonly stop: () => Promise<void>;
};

export type Load = {
  readonly folder: string;
  readonly port: number;
  readonly mounts: number;
  readonly cameras: number;
};

/** Everything that is measured shares one core, the cameras have the other. */
const CORES = { recorders: '1', cameras: '0' } as const;
export type CoreUse = keyof typeof CORES;

export function startPinned(
  use: CoreUse,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn('taskset', ['-c', CORES[use], command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (child.pid !== undefined) putFirst(child.pid);
  return child;
}

/** All threads of a running process, and what it starts from then on. */
export async function pinProcess(pid: number, use: CoreUse): Promise<void> {
  await promisify(execFile)('taskset', ['-a', '-c', '-p', CORES[use], String(pid)]);
  for (const thread of readdirSync(`/proc/${pid}/task`)) putFirst(Number(thread));
}

/** Before whatever else runs on the machine, where that is allowed: only root may. Children and new threads inherit it. */
function putFirst(thread: number): void {
  try {
    setPriority(thread, -10);
  } catch {
    // Then the machine has to be quiet.
  }
}

export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
