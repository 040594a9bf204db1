/** Several logging disks that lose power in the same moment: what one of them flushes helps none of the others. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crashImage, faultDisk, mountImage } from './lab.ts';
import type { FaultDisk } from './lab.ts';

export type CrashDisks<Name extends string> = {
  readonly names: readonly Name[];
  readonly mountOf: (name: Name) => string;
  readonly down: () => Promise<void>;
  /** When it got each of its writes and flushes: monotonic nanoseconds, in order. After `down`. */
  readonly timesOf: (name: Name) => Promise<readonly number[]>;
  /** All of them as a cut at `at` left them, mounted; `undefined`: one does not mount. */
  readonly cut: (
    at: number,
    seed: number,
  ) => Promise<{ readonly mountOf: (name: Name) => string; readonly unmount: () => Promise<void> } | undefined>;
};

export async function crashDisks<Name extends string>(
  directory: string,
  sizes: Readonly<Record<Name, number>>,
): Promise<CrashDisks<Name>> {
  const names = Object.keys(sizes) as Name[];
  const disks = new Map<Name, FaultDisk>();
  const diskOf = (name: Name): FaultDisk => {
    const disk = disks.get(name);
    if (disk === undefined) throw new Error(`there is no disk ${name}`);
    return disk;
  };
  const down = async (): Promise<void> => {
    for (const disk of disks.values()) await disk.down();
  };
  try {
    for (const name of names) disks.set(name, await faultDisk(join(directory, name), sizes[name]));
  } catch (error) {
    await down();
    throw error;
  }
  const times = new Map<Name, readonly number[]>();
  const timesOf = async (name: Name): Promise<readonly number[]> => {
    const known = times.get(name) ?? (await readTimes(diskOf(name).log));
    times.set(name, known);
    return known;
  };
  const mountOf = (name: Name): string => join(directory, name, 'crash');
  return {
    names,
    mountOf: (name) => diskOf(name).mount,
    down,
    timesOf,
    cut: async (at, seed) => {
      const mounted: (() => Promise<void>)[] = [];
      const unmount = async (): Promise<void> => {
        for (const each of mounted.splice(0)) await each();
      };
      for (const [index, name] of names.entries()) {
        const image = join(directory, name, 'crash.img');
        const upTo = (await timesOf(name)).filter((time) => time <= at).length;
        await crashImage(diskOf(name), image, upTo, seed * names.length + index);
        const done = await mountImage(image, mountOf(name)).catch(() => undefined);
        if (done === undefined) {
          await unmount();
          return undefined;
        }
        mounted.push(done);
      }
      return { mountOf, unmount };
    },
  };
}

/** Of a record: type, u64 offset, u32 length, u64 nanoseconds; then the bytes of writes and marks (test/lab/blkfault.c). */
const RECORD_BYTES = 21;
async function readTimes(log: string): Promise<readonly number[]> {
  const file = await open(log, 'r');
  try {
    const { size } = await file.stat();
    const times: number[] = [];
    const head = Buffer.alloc(RECORD_BYTES);
    for (let at = 0; at + RECORD_BYTES <= size;) {
      await file.read(head, 0, RECORD_BYTES, at);
      const hasBytes = 'WM'.includes(String.fromCharCode(head[0] ?? 0));
      at += RECORD_BYTES + (hasBytes ? head.readUInt32LE(9) : 0);
      if (at <= size) times.push(Number(head.readBigUInt64LE(13)));
    }
    return times;
  } finally {
    await file.close();
  }
}
