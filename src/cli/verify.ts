/** `understudy verify`: volumes, archives and exports held against their hashes. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isoOf } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { Finding } from '../archive/findings.ts';
import type { ArchiveReport, StreamSummary } from '../archive/verify-archive.ts';
import { verifyPaths } from '../archive/verify.ts';
import { readableOrThrow } from './paths.ts';

type Options = { readonly json?: true; readonly key?: string };

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'check volumes, segments and exported files: structure, hashes, chain, signature; exit 1 if something is wrong',
    )
    .argument('<path...>', 'volume directories, or MP4 files')
    .option('--key <file>', 'public key (PEM) that must have signed exports')
    .option('--json', 'one JSON document for machines')
    .action(verify);
}

async function verify(paths: readonly string[], { json, key }: Options): Promise<void> {
  for (const path of paths) await readableOrThrow(path);
  const publicKey = key === undefined ? undefined : await readKey(key);
  let files = 0;
  const report = await verifyPaths(paths, { publicKey, onFile: () => (files += 1) });
  if (files === 0) {
    throw new UnderstudyError(
      'invalid',
      'cli/usage',
      `no MP4 file in ${paths.join(', ')}: pass a volume directory or a file`,
    );
  }
  process.stdout.write(json ? `${JSON.stringify({ ...report, files })}\n` : textOf(report, files));
  if (!report.ok) process.exitCode = 1;
}

async function readKey(path: string): Promise<string> {
  await readableOrThrow(path);
  return readFile(path, 'utf8');
}

function textOf({ ok, streams, findings }: ArchiveReport, files: number): string {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const remarks = findings.filter(({ severity }) => severity === 'remark');
  const verdict = ok ? `${files} files, nothing wrong` : `${files} files, ${errors.length} errors`;
  return [...streams.map(streamLine), ...errors.map(findingLine), ...remarks.map(findingLine), verdict, ''].join('\n');
}

const streamLine = ({ cameraId, stream, segments, fragments, accessUnits, recorded }: StreamSummary): string =>
  `${cameraId}/${stream}: ${segments} segments, ${fragments} fragments, ${accessUnits} access units, ${time(recorded[0]?.start)} to ${time(recorded.at(-1)?.end)}`;

function findingLine({ kind, severity, file, start, end, message }: Finding): string {
  const when = start === undefined || end === undefined ? '' : ` [${time(start)} to ${time(end)}]`;
  return `${severity === 'error' ? 'ERROR' : 'remark'} ${kind}: ${file}: ${message}${when}`;
}

const time = (at: number | undefined): string => (at === undefined ? '-' : isoOf(epochMs(Math.round(at))));
