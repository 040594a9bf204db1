/** Runs one cut on a worker thread, which ends with it; aborting ends it at once. */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MillisecondRange, StreamRef } from '../api/footage-access.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { SegmentToRead } from '../archive/export-sources.ts';
import { parseKeptVolume } from '../archive/kept-volume.ts';
import { manifestPathOf } from '../archive/manifest.ts';
import { parseIso } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { rangeOf } from '../ledger/spans.ts';
import type { KeptElsewhere } from '../restoration/kept-elsewhere.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import type { ExportWork, ExportWorkResult } from './export-worker.ts';
import { fileOfSegment } from './open-segment.ts';

export type CutOrder = { readonly stream: StreamRef; readonly range: MillisecondRange; readonly out: string };
export type ExportCut = (order: CutOrder, signal: AbortSignal) => Promise<ExportWorkResult>;

export type ExportThreadDeps = {
  readonly catalogue: Pick<Catalogue, 'segments'>;
  readonly volumes: () => readonly VolumeSettings[];
  /** Footage that lies on other servers is fetched. */
  readonly kept: Pick<KeptElsewhere, 'copy'>;
  readonly keyPath: string;
  readonly serverId: string;
  /** The cut missed these although something was to be there; wall milliseconds. */
  readonly onMissing: (stream: StreamRef, ranges: readonly MillisecondRange[]) => void;
};

const SCRIPT = ['export-worker.js', 'export-worker.ts']
  .map((name) => join(import.meta.dirname, name))
  .find((path) => existsSync(path));

export function createExportCut({
  catalogue,
  volumes,
  kept,
  keyPath,
  serverId,
  onMissing,
}: ExportThreadDeps): ExportCut {
  return async ({ stream, range, out }, signal) => {
    const rows = catalogue.segments.findRows(stream, range);
    const copies = join(dirname(out), '.kept');
    if (rows.some(isKept)) await mkdir(copies, { recursive: true, mode: 0o700 });
    const segments: SegmentToRead[] = [];
    for (const [index, row] of rows.entries()) {
      signal.throwIfAborted();
      const copy = join(copies, `${index}.mp4`);
      if (isKept(row)) await kept.copy(row, copy);
      const path = isKept(row) ? copy : await fileOfSegment(volumes(), row);
      segments.push({ path, name: row.path, superseded: row.superseded });
    }
    const { cameraId, stream: name } = stream;
    const work: ExportWork = {
      cameraId,
      stream: name,
      range: rangeOf(range.start, range.end),
      segments,
      out,
      keyPath,
      server: serverId,
    };
    const result = await run(work, signal);
    await rm(copies, { recursive: true, force: true });
    const missing = missingIn(result, range);
    if (missing.length > 0) onMissing(stream, missing);
    return result;
  };
}

const isKept = ({ volumeId }: { readonly volumeId: string }): boolean => parseKeptVolume(volumeId) !== undefined;

/** Every part's manifest lists what is missing of the whole range. */
function missingIn(result: ExportWorkResult, range: MillisecondRange): readonly MillisecondRange[] {
  if (result.kind === 'failed') return result.code === 'export/nothing' ? [range] : [];
  return (result.files[0]?.missing ?? []).map(({ start, end }) => ({
    start: parseIso(start) ?? range.start,
    end: parseIso(end) ?? range.end,
  }));
}

async function run(work: ExportWork, signal: AbortSignal): Promise<ExportWorkResult> {
  if (SCRIPT === undefined) throw new Error('export-worker is missing from this installation');
  const { promise, resolve, reject } = Promise.withResolvers<ExportWorkResult>();
  const worker = new Worker(SCRIPT, {
    workerData: work,
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 },
  });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new UnderstudyError('unavailable', 'export/stopped', 'The export was stopped.')));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

export const manifestNameOf = (name: string): string => manifestPathOf(name);
