/**
 * Verifies files and directories: finds segments and exports, has each checked, joins what they say.
 *
 * Belongs here: walking directories. Does not: what is wrong with a file (verify-segment.ts, verify-export.ts).
 */
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { openByteSource } from './byte-source.ts';
import { findingOf } from './findings.ts';
import type { Finding } from './findings.ts';
import { mp4FilesIn } from './mp4-files.ts';
import { returnNoteOf } from './return-note.ts';
import { parseSegmentPath } from './segment-path.ts';
import { isExport, verifyExport } from './verify-export.ts';
import { reportOf } from './verify-archive.ts';
import type { ArchiveReport } from './verify-archive.ts';
import { verifySegment } from './verify-segment.ts';
import type { SegmentSummary } from './verify-segment.ts';

export type VerifyOptions = {
  /** PEM of the key that must have signed exports; undefined: the one in the manifest, which is then remarked on. */
  readonly publicKey: string | undefined;
  /** Called before each file. */
  readonly onFile: (file: string) => void;
};

/** Segments of all `paths` are judged together: a stream may have moved from one volume to another. */
export async function verifyPaths(paths: readonly string[], options: VerifyOptions): Promise<ArchiveReport> {
  const summaries: SegmentSummary[] = [];
  const findings: Finding[] = [];
  for (const path of paths) {
    for await (const file of mp4FilesIn(path)) {
      options.onFile(file);
      const summary = await verifyFile(file, options.publicKey, findings);
      if (summary !== undefined) summaries.push(summary);
    }
  }
  return reportOf(summaries, findings);
}

/** Undefined if it is no segment or cannot be read. */
async function verifyFile(
  file: string,
  publicKey: string | undefined,
  findings: Finding[],
): Promise<SegmentSummary | undefined> {
  try {
    if (!(await isExport(file))) return await verifySegmentFile(file, findings);
    findings.push(...(await verifyExport(file, publicKey)));
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    findings.push(findingOf('damaged', file, `it cannot be read: ${messageOf(error)}`));
  }
  return undefined;
}

async function verifySegmentFile(file: string, findings: Finding[]): Promise<SegmentSummary> {
  const source = await openByteSource(file);
  try {
    const summary = await inTimesHere(await verifySegment(source, file), file, findings);
    const name = parseSegmentPath(file.split('/').slice(-4).join('/'));
    const { header } = summary;
    if (name !== undefined && header !== undefined) {
      const wrong = [
        name.cameraId === header.cameraId ? '' : `camera ${header.cameraId}`,
        name.stream === header.stream ? '' : `stream ${header.stream}`,
        header.serverId.startsWith(name.server8) ? '' : `server ${header.serverId}`,
        name.epoch === header.epoch ? '' : `epoch ${header.epoch}`,
      ].filter((text) => text !== '');
      if (wrong.length > 0) findings.push(findingOf('misplaced', file, `inside it says ${wrong.join(', ')}`));
    }
    return summary;
  } finally {
    await source.close();
  }
}

/** Footage that was given back carries times of the server that recorded it. */
async function inTimesHere(summary: SegmentSummary, file: string, findings: Finding[]): Promise<SegmentSummary> {
  if (summary.header === undefined) return summary;
  try {
    const shift = (await returnNoteOf(file, summary.header))?.clockOffsetMs ?? 0;
    const moved = (at: number | undefined): number | undefined => at && at + shift;
    return {
      ...summary,
      spans: summary.spans.map(({ start, end }) => ({ start: start + shift, end: end + shift })),
      findings: summary.findings.map((one) => ({ ...one, start: moved(one.start), end: moved(one.end) })),
    };
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    findings.push(findingOf('damaged', file, `the note beside it cannot be read: ${messageOf(error)}`));
    return summary;
  }
}
