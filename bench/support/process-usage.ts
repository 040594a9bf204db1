/** What processes used, as the kernel accounts for it: CPU of all threads, and proportional memory. Linux only. */
import { readFileSync, readdirSync } from 'node:fs';

/** CPU time of all threads of each process so far, milliseconds (schedstat counts nanoseconds, not ticks). */
export type CpuTimes = ReadonlyMap<number, number>;
export const cpuTimesOf = (pids: readonly number[]): CpuTimes =>
  new Map(
    pids.map((pid) => [
      pid,
      threadsOf(pid).reduce((sum, path) => sum + Number(readOrEmpty(path).split(' ')[0] ?? 0) / 1e6, 0),
    ]),
  );
/** Milliseconds used between two looks. A helper that ended in between counts nothing, rather than what it had used before. */
export const cpuMsBetween = (before: CpuTimes, after: CpuTimes): number =>
  [...after].reduce((sum, [pid, used]) => sum + Math.max(0, used - (before.get(pid) ?? 0)), 0);

/** Proportional set size of these processes together, bytes: shared pages count once. */
export function pssBytesOf(pids: readonly number[]): number {
  const kib = (pid: number): number =>
    Number(/^Pss:\s+(\d+)/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return pids.reduce((sum, pid) => sum + kib(pid) * 1024, 0);
}

/** A process and all below it. */
export function familyOf(pid: number): readonly number[] {
  const children = threadsOf(pid).flatMap((path) =>
    readOrEmpty(path.replace(/schedstat$/, 'children'))
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

/** The command line, for telling processes of a family apart. */
export const commandOf = (pid: number): string => readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`);
  } catch {
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
