/**
 * One supervisor a data directory, and no orphan of an earlier one beside the new children.
 *
 * The lock is a socket in Linux' abstract namespace, named after device and inode of the directory: it is taken atomically
 * and gone with the process, however that ends. `run/supervisor.pid` says who holds it. Two containers that share a data
 * directory have different abstract namespaces; there the pid file alone would have to do, and pids differ too: not guarded.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { messageOf, systemCodeOf } from '../core/errors.ts';

export type ChildStatus = {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: with the pid it names one process. */
  readonly startTicks: string;
  readonly startedAt: number;
  /** How often it was started again since the supervisor began. */
  readonly restarts: number;
  readonly lastExit: string | undefined;
};
/** `run/status.json`: what control shows of the processes. */
export type SupervisorStatus = {
  readonly pid: number;
  readonly startedAt: number;
  readonly media: ChildStatus | undefined;
  readonly control: ChildStatus | undefined;
};

export type Locked =
  | { readonly kind: 'held'; readonly release: () => void }
  | { readonly kind: 'refused'; readonly message: string };

/** Makes the directory if needed and takes it for this process. */
export async function lockDataDir(dataDir: string): Promise<Locked> {
  const run = join(dataDir, 'run');
  try {
    mkdirSync(run, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = messageOf(refusalOf(dataDir) ?? error);
    return { kind: 'refused', message: `cannot make ${run}: ${why}; choose another --data or make it writable` };
  }
  const { dev, ino } = statSync(dataDir, { bigint: true });
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  server.once('error', resolve);
  server.listen(`\0understudy-${dev}-${ino}`, () => resolve(undefined));
  const error = await promise;
  const pidFile = join(run, 'supervisor.pid');
  if (error === undefined) {
    server.unref();
    const problem = writeProblem(dataDir, pidFile);
    if (problem !== undefined) return { kind: 'refused', message: problem };
    return { kind: 'held', release: () => server.close() };
  }
  if (systemCodeOf(error) !== 'EADDRINUSE')
    return { kind: 'refused', message: `cannot lock ${dataDir}: ${error.message}` };
  const pid = textOf(pidFile).trim();
  return {
    kind: 'refused',
    message: `another understudy${pid === '' ? '' : ` (pid ${pid})`} is running on ${dataDir}; stop it, or choose another --data`,
  };
}

/** What access(2) says of the nearest folder that is there: making several at once on a read-only disk ends with ENOENT. */
function refusalOf(folder: string): unknown {
  if (!existsSync(folder) && dirname(folder) !== folder) return refusalOf(dirname(folder));
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A full disk is no reason not to record: media keeps its orders, control says what is wrong as long as it lasts. */
function writeProblem(dataDir: string, pidFile: string): string | undefined {
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
    return undefined;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') return undefined;
    return `the data directory ${dataDir} cannot be written: ${messageOf(error)}; make it writable for this user`;
  }
}

const statusFile = (dataDir: string): string => join(dataDir, 'run', 'status.json');

/** Replaced whole; not synced, because after a power cut nothing in it is true. */
export function writeStatus(dataDir: string, status: SupervisorStatus): void {
  const file = statusFile(dataDir);
  writeFileSync(`${file}.new`, JSON.stringify(status));
  renameSync(`${file}.new`, file);
}

/** `undefined` if there is none that can be read. */
export function readStatus(dataDir: string): SupervisorStatus | undefined {
  try {
    const value: unknown = JSON.parse(textOf(statusFile(dataDir)));
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startedAt' in value)) return undefined;
    const { pid, startedAt } = value;
    if (typeof pid !== 'number' || typeof startedAt !== 'number') return undefined;
    const childOf = (name: string): ChildStatus | undefined => childStatusOf((value as Record<string, unknown>)[name]);
    return { pid, startedAt, media: childOf('media'), control: childOf('control') };
  } catch {
    return undefined;
  }
}

function childStatusOf(value: unknown): ChildStatus | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, startTicks, startedAt, restarts, lastExit } = value as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof startTicks !== 'string') return undefined;
  return {
    pid,
    startTicks,
    startedAt: typeof startedAt === 'number' ? startedAt : 0,
    restarts: typeof restarts === 'number' ? restarts : 0,
    lastExit: typeof lastExit === 'string' ? lastExit : undefined,
  };
}

/** Empty when there is no such process. The name in parentheses may hold anything, so fields are counted behind it. */
export function startTicksOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; nobody has asked for its exit code yet.
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}

/** Undefined when there is no such process. */
export function parentOf(pid: number): number | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}

export const isAlive = ({ pid, startTicks }: Pick<ChildStatus, 'pid' | 'startTicks'>): boolean =>
  startTicks !== '' && startTicksOf(pid) === startTicks;

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
