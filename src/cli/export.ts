/** `understudy export`: an MP4 out of a volume directory, without a server and without re-encoding. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { parseIso, systemClock } from '../core/clock.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { isCameraId } from '../core/ids.ts';
import type { EpochMs } from '../core/units.ts';
import { exportMovie } from '../archive/export.ts';
import type { ExportedFile } from '../archive/export.ts';
import { findSegments } from '../archive/export-sources.ts';
import { createSigningKey, loadSigningKey } from '../archive/signing-key.ts';
import type { SigningKey } from '../archive/signing-key.ts';
import { readableOrThrow } from './paths.ts';

type Options = {
  readonly from: readonly string[];
  readonly camera: string;
  readonly start: string;
  readonly end: string;
  readonly out: string;
  readonly stream: string;
  readonly data?: string;
  readonly json?: true;
};

/** In a server's data directory (settings/keys.ts). */
const KEY_FILE = 'keys/export-signing.key';

export function registerExport(program: Command): void {
  program
    .command('export')
    .description('cut an MP4 out of recorded segments without re-encoding, with a signed manifest beside it')
    .requiredOption('--from <dir...>', 'volume directories')
    .requiredOption('--camera <id>', 'camera')
    .requiredOption('--start <time>', 'ISO 8601 with a zone, such as 2026-11-21T10:00:00Z')
    .requiredOption('--end <time>', 'ISO 8601 with a zone')
    .requiredOption('--out <file>', 'the MP4 file to make')
    .option('--stream <name>', 'main or sub', 'main')
    .option('--data <dir>', "a server's data directory, whose key signs; without it a key is made for this export only")
    .option('--json', 'one JSON document for machines')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { stream, camera } = options;
  const range = { start: timeOf('--start', options.start), end: timeOf('--end', options.end) };
  if (range.end <= range.start) throw usage('--end must be behind --start');
  if (stream !== 'main' && stream !== 'sub') throw usage(`--stream is main or sub, not '${stream}'`);
  if (!isCameraId(camera)) throw usage(`'${camera}' is no camera id`);
  if (!options.out.endsWith('.mp4')) throw usage('--out must end in .mp4');
  for (const directory of options.from) await readableOrThrow(directory);
  const wall = { start: range.start * 1000, end: range.end * 1000 };
  const files = await exportMovie(
    {
      cameraId: camera,
      stream,
      range,
      segments: await findSegments(options.from, { cameraId: camera, stream, range: wall }),
      out: options.out,
      key: options.data === undefined ? createSigningKey() : await keyOf(options.data),
      server: undefined,
    },
    systemClock,
  );
  process.stdout.write(
    options.json ? `${JSON.stringify({ files: files.map(summaryOf) })}\n` : files.map(lineOf).join(''),
  );
}

async function keyOf(dataDir: string): Promise<SigningKey> {
  try {
    return await loadSigningKey(join(dataDir, KEY_FILE));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    throw usage(`--data takes the data directory of a server; ${dataDir} holds no ${KEY_FILE}`);
  }
}

const summaryOf = ({ path, manifestPath, manifest }: ExportedFile): object => {
  const { asked, cut, accessUnits, audioFrames, missing, file, selfSigned } = manifest;
  return {
    path,
    manifestPath,
    asked,
    cut,
    accessUnits,
    audioFrames,
    missing,
    bytes: file.bytes,
    sha256: file.sha256,
    selfSigned,
  };
};

function lineOf({ path, manifest }: ExportedFile): string {
  const { cut, accessUnits, missing, selfSigned } = manifest;
  const gaps = missing.map(({ start, end, reason }) => `  missing (${reason}): ${start} to ${end}\n`).join('');
  const remark = selfSigned
    ? '  signed with a key made for this export only; pass --data to sign with the server’s\n'
    : '';
  return `${path}: ${cut.start} to ${cut.end}, ${accessUnits} access units\n${gaps}${remark}`;
}

function timeOf(option: string, text: string): EpochMs {
  const at = parseIso(text);
  if (at === undefined) throw usage(`${option} takes a time such as 2026-11-21T10:00:00Z, not '${text}'`);
  return at;
}

const usage = (message: string): UnderstudyError => new UnderstudyError('invalid', 'cli/usage', message);
