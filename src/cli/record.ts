/**
 * `understudy record URL --out DIR`: records one source into a folder as a volume would, without any set-up.
 * Belongs here: options and the line at the end. Does not: recording (recorder/single-recording.ts).
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { isCameraId } from '../core/ids.ts';
import { createLog, isLogLevel } from '../core/log.ts';
import type { Log } from '../core/log.ts';
import type { Transport } from '../wire/media-protocol.ts';
import { recordSingle } from '../recorder/single-recording.ts';

type RecordOptions = {
  readonly out: string;
  readonly seconds?: string;
  readonly transport?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly camera?: string;
};

/** A day and a year: longer is a server's work. */
const MAX_SECONDS = 366 * 86_400;
const MAX_PASSWORD_BYTES = 1024;

export function registerRecord(program: Command): void {
  program
    .command('record')
    .description('record one source into a folder as a volume would; prints one JSON line at the end')
    .argument('<url>', 'rtsp:// or rtsps:// address')
    .requiredOption('--out <dir>', 'folder, made if it is not there')
    .option('--seconds <n>', 'stop after so many seconds of footage; without it at Ctrl-C')
    .option('--transport <tcp|udp>', 'how the camera sends; without it what works')
    .option('--username <name>', 'user of the camera')
    .option('--password-file <file>', 'file whose first line is the password')
    .option('--camera <id>', 'name of its folder: a-z, 0-9 and -', 'camera')
    .action(record);
}

async function record(url: string, options: RecordOptions): Promise<void> {
  const { out, username, transport = 'auto', camera = 'camera' } = options;
  if (!isTransport(transport)) throw wrong(`--transport takes tcp or udp, not ${transport}`);
  if (!isCameraId(camera)) throw wrong(`--camera takes 1 to 63 of a-z, 0-9 and -, not ${camera}`);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const result = await recordSingle({
    url,
    folder: out,
    seconds: secondsOf(options.seconds),
    transport,
    username,
    password: options.passwordFile === undefined ? undefined : await passwordIn(options.passwordFile),
    cameraId: camera,
    clock: systemClock,
    log: logOf(process.env['UNDERSTUDY_LOG']),
    signal: stop.signal,
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.accessUnits === 0) process.exitCode = 1;
}

const isTransport = (text: string): text is Transport => text === 'auto' || text === 'tcp' || text === 'udp';

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && value <= MAX_SECONDS)) throw wrong(`--seconds takes a number above 0, not ${text}`);
  return value;
}

const logOf = (level: string | undefined): Log =>
  createLog(
    level !== undefined && isLogLevel(level) ? level : 'error',
    (line) => process.stderr.write(`${line}\n`),
    systemClock.now,
  );

/** The first line of a file, so that no password stands on a command line. */
async function passwordIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UnderstudyError('invalid', 'cli/usage', `--password-file: ${path} cannot be read.`, { cause });
  });
  const [line = ''] = text.slice(0, MAX_PASSWORD_BYTES).split(/\r?\n/);
  return line;
}

const wrong = (message: string): UnderstudyError => new UnderstudyError('invalid', 'cli/usage', message);
