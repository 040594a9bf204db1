/** Facts about our processes and this machine, from /proc and the system. */
import { readFile } from 'node:fs/promises';
import { arch, hostname, networkInterfaces, release, type } from 'node:os';
import type { ServerStatus } from '../api/routes/server.ts';
import type { Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import type { MachineFacts } from '../hardware/machine.ts';
import { durationMs } from '../core/units.ts';

const LOOK_EVERY_MS = 15_000;

/** Addresses other machines can reach; link-local ones are left out. */
export function addressesOf(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:') && !address.startsWith('169.254.'))
    .map(({ address }) => address);
}

/** Names and addresses by which this box is known without any settings; lower case. */
export const ownHosts = (): readonly string[] =>
  ['localhost', '127.0.0.1', '::1', hostname(), `${hostname()}.local`, ...addressesOf()].map((host) =>
    host.toLowerCase(),
  );

export const platformOf = ({ model, frameGrabbers }: Omit<MachineFacts, 'platform'>): ServerStatus['platform'] => ({
  os: `${type()} ${release()}`,
  arch: arch(),
  node: process.version,
  ...(model === undefined ? {} : { model }),
  frameGrabbers,
});

export type MemoryWatch = Running & { readonly bytes: () => number | undefined };
/** Proportional set size of all our processes: shared pages are counted once. */
export function startMemoryWatch(clock: Clock, pids: () => readonly number[]): MemoryWatch {
  let bytes: number | undefined;
  let looking: Promise<void> | undefined;
  const look = (): void => {
    looking ??= (async (): Promise<void> => {
      const all = await Promise.all(pids().map(pssOf));
      bytes = all.some((one) => one === undefined) ? undefined : all.reduce<number>((sum, one) => sum + (one ?? 0), 0);
      looking = undefined;
    })();
  };
  look();
  const cancel = clock.every(durationMs(LOOK_EVERY_MS), look);
  return {
    bytes: () => bytes,
    stop: async () => {
      cancel();
      await looking;
    },
  };
}

export async function pssOf(pid: number): Promise<number | undefined> {
  try {
    const match = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}
