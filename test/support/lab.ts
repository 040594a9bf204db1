/** Builds the fault tools of test/lab and sets up disks on them. Everything it mounts it takes down again. */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);
const LAB = resolve(import.meta.dirname, '../lab');
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/lab');
/** An upper bound on a slow machine. */
const PATIENCE_MS = 60_000;

export const isRoot = (): boolean => process.getuid?.() === 0;

/** The path of a compiled tool; compiled anew when its source is newer. */
export async function labTool(name: 'iofault' | 'blkfault' | 'blkreplay' | 'netemq'): Promise<string> {
  const [source, target] = [join(LAB, `${name}.c`), join(CACHE, name)];
  const [from, to] = await Promise.all([stat(source), stat(target).catch(() => undefined)]);
  if (to && to.mtimeMs > from.mtimeMs) return target;
  await mkdir(CACHE, { recursive: true });
  const flags =
    name === 'blkfault' ? (await run('pkg-config', ['--cflags', '--libs', 'fuse3'])).stdout.trim().split(/\s+/) : [];
  const kind = name === 'iofault' ? ['-shared', '-fPIC'] : [];
  // Tests of one file begin at once, and so do files: whoever comes last wins with equal bytes.
  const made = `${target}.${randomUUID()}`;
  const libraries = name === 'netemq' ? ['-lnetfilter_queue', '-lnfnetlink'] : ['-lpthread', '-ldl'];
  await run('gcc', ['-O2', '-w', ...kind, '-o', made, source, ...flags, ...libraries]);
  await rename(made, target);
  return target;
}

export type FaultDisk = {
  /** Where its file system is mounted. */
  readonly mount: string;
  readonly log: string;
  /** The image as it was before the first mount. */
  readonly base: string;
  /** Words of blkfault.c, such as `hang=1`; resolves when it goes by them. */
  readonly control: (words: string) => Promise<void>;
  readonly down: () => Promise<void>;
};

/** An ext4 of `megabytes` on a loop device on a FUSE file that misbehaves on command. */
export async function faultDisk(directory: string, megabytes: number): Promise<FaultDisk> {
  const tool = await labTool('blkfault');
  const [image, base, log] = [join(directory, 'disk.img'), join(directory, 'base.img'), join(directory, 'disk.log')];
  const [control, fuse, mount] = [join(directory, 'ctl'), join(directory, 'fuse'), join(directory, 'mnt')];
  await mkdir(fuse, { recursive: true });
  await mkdir(mount, { recursive: true });
  await writeFile(control, '');
  await run('truncate', ['-s', `${megabytes}M`, image]);
  await run('mkfs.ext4', ['-q', '-F', image]);
  await run('cp', ['--sparse=always', image, base]);
  const child = spawn(tool, [fuse, `backing=${image}`, `log=${log}`, `ctl=${control}`, '-f'], { stdio: 'ignore' });
  const isThere = async (): Promise<boolean> => (await readdir(fuse).catch((): string[] => [])).includes('disk');
  await waitFor('the FUSE disk', isThere, PATIENCE_MS);
  const loop = (await run('losetup', ['-f', '--show', join(fuse, 'disk')])).stdout.trim();
  await run('mount', [loop, mount]);
  return {
    mount,
    log,
    base,
    control: async (words) => {
      const written = await tell(control, words);
      const hasSeen = async (): Promise<boolean> =>
        child.exitCode !== null || (await readFile(`${control}.seen`, 'utf8').catch(() => '')) === `${written}\n`;
      await waitFor(`the disk to hear ${words}`, hasSeen, PATIENCE_MS);
    },
    down: () => takeDown({ mount, loop, fuse, child, control }),
  };
}

/** Whole, or not at all: it is read at any moment. The nanoseconds of its modification. */
async function tell(control: string, words: string): Promise<bigint> {
  await writeFile(`${control}.new`, `${words}\n`);
  const { mtimeNs } = await stat(`${control}.new`, { bigint: true });
  await rename(`${control}.new`, control);
  return mtimeNs;
}

type Up = { mount: string; loop: string; fuse: string; child: ChildProcess; control: string };
async function takeDown({ mount, loop, fuse, child, control }: Up): Promise<void> {
  const quietly = (command: string, args: readonly string[]): Promise<unknown> =>
    run(command, args).catch(() => undefined);
  await tell(control, 'hang=0 eio_w=0 delay_w=0');
  if (await isMounted(mount)) await run('umount', [mount]).catch(() => quietly('umount', ['-l', mount]));
  await quietly('losetup', ['-d', loop]);
  const ended = new Promise((done) => child.once('exit', done));
  await quietly('fusermount3', ['-u', fuse]);
  if (child.exitCode === null) child.kill();
  await ended;
  await quietly('fusermount3', ['-uz', fuse]);
}

export async function isMounted(path: string): Promise<boolean> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${path} `);
}

/** A tmpfs; returns how to take it away (lazily, as when a disk is pulled). */
export async function mountTmpfs(path: string, options: string): Promise<() => Promise<void>> {
  await mkdir(path, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', options, 'understudy-test', path]);
  return async () => {
    if (await isMounted(path)) await run('umount', ['-l', path]);
  };
}

/** `commit=1`: names and inodes go to the disk each second instead of every five. */
export async function remount(path: string, how: 'ro' | 'rw' | 'rw,commit=1'): Promise<void> {
  await run('mount', ['-o', `remount,${how}`, path]);
}

/** `records flushes`, and the disk as a cut after record `upTo` left it; the monotonic nanoseconds of that record. */
export async function logInfo(log: string): Promise<{ records: number; flushes: number }> {
  const { stdout } = await run(await labTool('blkreplay'), [log, 'info']);
  const [records = 0, flushes = 0] = stdout.split(' ').map(Number);
  return { records, flushes };
}
export async function crashImage(
  disk: Pick<FaultDisk, 'log' | 'base'>,
  image: string,
  upTo: number,
  seed: number,
): Promise<bigint> {
  // The loop device of the one before goes a moment after its mount, and is used again for the same file with what it remembers.
  await rm(image, { force: true });
  await run('cp', ['--sparse=always', disk.base, image]);
  const { stdout } = await run(await labTool('blkreplay'), [
    disk.log,
    'make',
    image,
    String(upTo),
    'torn',
    String(seed),
  ]);
  return BigInt(stdout.trim());
}
/** Mounts a crash image, which replays its journal. */
export async function mountImage(image: string, at: string): Promise<() => Promise<void>> {
  await mkdir(at, { recursive: true });
  await run('mount', ['-o', 'loop', image, at]);
  return async () => {
    await run('umount', [at]).catch(() => run('umount', ['-l', at]));
  };
}
