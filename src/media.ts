/**
 * The media process: `node media.js --data DIR`. Records what it was last ordered to, whether control is there or not.
 * Belongs here: arguments, signals, exit. Does not: anything else (recorder/media-service.ts).
 */
import { fstatSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { createLog, isLogLevel } from './core/log.ts';
import { startMediaService } from './recorder/media-service.ts';

const EXIT_PROBLEM = 1;
const EXIT_USAGE = 2;

await main();

async function main(): Promise<void> {
  const dataDir = dataDirOf(process.argv.slice(2));
  if (dataDir === undefined) {
    process.stderr.write('media: expected --data DIR\n');
    process.exitCode = EXIT_USAGE;
    return;
  }
  const level = process.env['UNDERSTUDY_LOG'] ?? 'info';
  const log = createLog(
    isLogLevel(level) ? level : 'info',
    (line) => process.stderr.write(`${line}\n`),
    systemClock.now,
    {
      process: 'media',
    },
  );
  try {
    const service = await startMediaService({
      dataDir: resolve(dataDir),
      clock: systemClock,
      log,
      startPushServer: async ({ address, port }) => {
        const { startRtmpServer } = await import('./rtmp/rtmp-server.ts');
        // The package takes every JSON file in its folder for its own and rewrites it.
        const folder = join(resolve(dataDir), 'run', 'rtmp');
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        return startRtmpServer({ address, port, folder, clock: systemClock, log });
      },
    });
    const stop = (): void => {
      void service.stop().then(() => process.exit(0));
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
    // The supervisor holds the other end: when it is killed there is nobody to stop us, and a second one may start.
    if (isHeld()) process.stdin.once('end', stop).on('error', stop).resume();
  } catch (error) {
    log.error('media cannot start', { error });
    process.stderr.write(`media: ${messageOf(error)}\n`);
    process.exitCode = EXIT_PROBLEM;
  }
}

/** Standard input is a pipe from the supervisor, not a terminal or a file. */
function isHeld(): boolean {
  const input = fstatSync(0);
  return input.isFIFO() || input.isSocket();
}

function dataDirOf(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { data: { type: 'string' } } }).values.data;
  } catch {
    return undefined;
  }
}
