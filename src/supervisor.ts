/**
 * The root process: starts media, then control, starts them again, stops them in order (control first, so that it sees
 * everything media still reports; then media, which says TEARDOWN and finishes its fragments). Nothing else, so that
 * nothing can go wrong in it; it imports next to nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from './core/clock.ts';
import { createLog } from './core/log.ts';
import type { Log } from './core/log.ts';
import { durationMs } from './core/units.ts';
import { EXIT_FOR_UPDATE, EXIT_USED_WRONGLY, startChild } from './supervisor/child.ts';
import type { Child, ChildSpec } from './supervisor/child.ts';
import { isAlive, lockDataDir, readStatus, writeStatus } from './supervisor/instance.ts';
import { forgetMedia, mediaHasBegun } from './supervisor/media-first.ts';
import { SERVE_USAGE, parseServeArguments, serveArgumentsOf } from './supervisor/serve-options.ts';
import type { ServeOptions } from './supervisor/serve-options.ts';

/** An orphan of a supervisor that was killed sees its pipe close at once and needs time for TEARDOWN and its last fragments. */
const ORPHAN_PATIENCE_MS = 10_000;
const ORPHAN_POLL_MS = 25;
/** Control asks failover servers to record first (15 s at most, control/protected-side.ts), while media goes on; then it ends. */
const CONTROL_PATIENCE_MS = 25_000;

async function main(): Promise<void> {
  const parsed = parseServeArguments(process.argv.slice(2), process.env);
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(`${SERVE_USAGE}\n`);
      return;
    case 'wrong':
      return fail(parsed.message);
    case 'options':
      return supervise(parsed.options);
  }
}

async function supervise(options: ServeOptions): Promise<void> {
  const clock = systemClock;
  const log = createLog(options.logLevel, (line) => process.stderr.write(`${line}\n`), clock.now, {
    process: 'supervisor',
  });
  process.umask(0o027); // children inherit it: the catalogue and what else has no mode of its own is nobody else's business
  const lock = await lockDataDir(options.dataDir);
  if (lock.kind === 'refused') return fail(lock.message);
  await endOrphans(options.dataDir, log);

  const startedAt = clock.now();
  const children: { media?: Child; control?: Child } = {};
  const publish = (): void => {
    const status = { media: children.media?.status(), control: children.control?.status() };
    try {
      writeStatus(options.dataDir, { pid: process.pid, startedAt, ...status });
    } catch (error) {
      // A full disk must not end the one process that keeps the others up.
      log.warn('status file could not be written', { error });
    }
  };
  const onChange = (): void => queueMicrotask(publish);
  let stopping: Promise<void> | undefined;
  const stop = (exitCode: number): void => {
    stopping ??= (async (): Promise<void> => {
      await children.control?.stop();
      await children.media?.stop();
      lock.release();
      process.exit(exitCode);
    })();
  };
  const deps = {
    clock,
    log,
    onChange,
    onHopeless: () => stop(EXIT_USED_WRONGLY),
    onUpdate: () => stop(EXIT_FOR_UPDATE),
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(0));
  process.on('SIGHUP', () => children.control?.signal('SIGHUP'));
  forgetMedia(options.dataDir);
  children.media = startChild(mediaSpec(options), deps);
  await mediaHasBegun(options.dataDir, clock, () => stopping !== undefined);
  if (stopping === undefined) children.control = startChild(controlSpec(options), deps);
}

/** A supervisor that was killed may have left children that are still finishing: two recorders must not meet. */
async function endOrphans(dataDir: string, log: Log): Promise<void> {
  const before = readStatus(dataDir);
  const orphans = [before?.control, before?.media].filter((child) => child !== undefined).filter(isAlive);
  const until = systemClock.monotonic() + ORPHAN_PATIENCE_MS;
  for (const orphan of orphans) {
    log.warn('process of an earlier supervisor is still ending', { pid: orphan.pid });
    while (isAlive(orphan) && systemClock.monotonic() < until) await systemClock.sleep(durationMs(ORPHAN_POLL_MS));
    if (isAlive(orphan)) process.kill(orphan.pid, 'SIGKILL');
    while (isAlive(orphan)) await systemClock.sleep(durationMs(ORPHAN_POLL_MS));
  }
}

const scriptOf = (name: string): string => {
  const built = join(import.meta.dirname, `${name}.js`);
  return existsSync(built) ? built : join(import.meta.dirname, `${name}.ts`);
};

/**
 * Small heaps: a young generation of 1 MB a semi-space halves what an idle Node keeps; two arenas and two pool threads are
 * enough for processes that do one thing.
 */
const LEAN = { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' };
/** `__proto__` is a name like any other then: nothing from outside reaches a prototype by it. */
const NO_PROTO = '--disable-proto=delete';
const mediaSpec = ({ dataDir }: ServeOptions): ChildSpec => ({
  name: 'media',
  nodeFlags: ['--max-semi-space-size=1', '--max-old-space-size=256', '--v8-pool-size=1', NO_PROTO],
  script: scriptOf('media'),
  args: [`--data=${dataDir}`],
  environment: LEAN,
  patience: durationMs(15_000),
});
const controlSpec = (options: ServeOptions): ChildSpec => ({
  name: 'control',
  nodeFlags: ['--max-semi-space-size=1', '--max-old-space-size=256', '--v8-pool-size=1', NO_PROTO],
  script: scriptOf('control'),
  args: serveArgumentsOf(options),
  // Each volume that hangs holds a thread or two of the pool that settings and sign-ins need as well.
  environment: { ...LEAN, UV_THREADPOOL_SIZE: '8' },
  patience: durationMs(CONTROL_PATIENCE_MS),
});

function fail(message: string): void {
  process.stderr.write(`understudy: ${message}\n`);
  process.exitCode = EXIT_USED_WRONGLY;
}

// Last, so that every constant above is there.
await main();
