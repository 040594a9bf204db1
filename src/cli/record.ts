/**
 * `understudy record URL --out DIR`: records one source into a folder as a volume would, without any set-up.
 * Belongs here: options and the line at the end. Does not: recording (recorder/single-recording.ts).
 */
import { readFile } from 'node:fs/promises';
import { systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { isCameraId } from '../core/ids.ts';
import { createLog, isLogLevel } from '../core/log.ts';
import { recordSingle } from '../recorder/single-recording.ts';

export type RecordOptions = {
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

/** Returns the exit code: 0 recorded, 1 nothing was recorded. */
export async function record(url: string, options: RecordOptions): Promise<number> {
  const transport = options.transport ?? 'auto';
  if (transport !== 'auto' && transport !== 'tcp' && transport !== 'udp')
    throw wrong(`--transport is tcp or udp, not ${transport}`);
  const cameraId = options.camera ?? 'camera';
  if (!isCameraId(cameraId)) throw wrong('--camera takes 1 to 63 of a-z, 0-9 and -');
  const seconds = options.seconds === undefined ? undefined : Number(options.seconds);
  if (seconds !== undefined && !(seconds > 0 && seconds <= MAX_SECONDS))
    throw wrong(`--seconds takes a number above 0, not ${String(options.seconds)}`);
  const password = options.passwordFile === undefined ? undefined : await passwordIn(options.passwordFile);
  const level = process.env['UNDERSTUDY_LOG'];
  const log = createLog(
    level !== undefined && isLogLevel(level) ? level : 'error',
    (line) => process.stderr.write(`${line}\n`),
    systemClock.now,
  );
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const result = await recordSingle({
      url,
      folder: options.out,
      seconds,
      transport,
      username: options.username,
      password,
      cameraId,
      clock: systemClock,
      log,
      signal: stop.signal,
    });
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.accessUnits > 0 ? 0 : 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** The first line of a file, so that no password stands on a command line. */
async function passwordIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UnderstudyError('invalid', 'cli/usage', `--password-file: ${path} cannot be read.`, { cause });
  });
  const [line = ''] = text.slice(0, MAX_PASSWORD_BYTES).split(/\r?\n/);
  return line;
}

const wrong = (message: string): UnderstudyError => new UnderstudyError('invalid', 'cli/usage', message);
