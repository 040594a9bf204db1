/** Runs one cut on a worker thread, which ends with it; aborting ends it at once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MillisecondRange, StreamRef } from '../api/footage-access.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { manifestPathOf } from '../archive/manifest.ts';
import { parseIso } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { rangeOf } from '../ledger/spans.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import type { ExportWork, ExportWorkResult } from './export-worker.ts';
import { fileOfSegment } from './open-segment.ts';

export type CutOrder = { readonly stream: StreamRef; readonly range: MillisecondRange; readonly out: string };
export type ExportCut = (order: CutOrder, signal: AbortSignal) => Promise<ExportWorkResult>;

export type ExportThreadDeps = {
  readonly catalogue: Pick<Catalogue, 'segments'>;
  readonly volumes: () => readonly VolumeSettings[];
  readonly keyPath: string;
  readonly serverId: string;
  /** The cut missed these although something was to be there; wall milliseconds. */
  readonly onMissing: (stream: StreamRef, ranges: readonly MillisecondRange[]) => void;
};

const SCRIPT = ['export-worker.js', 'export-worker.ts']
  .map((name) => join(import.meta.dirname, name))
  .find((path) => existsSync(path));

export function createExportCut({ catalogue, volumes, keyPath, serverId, onMissing }: ExportThreadDeps): ExportCut {
  return async ({ stream, range, out }, signal) => {
    const rows = catalogue.segments.findRows(stream, range);
    const segments = await Promise.all(
      rows.map(async (row) => ({
        path: await fileOfSegment(volumes(), row),
        name: row.path,
        superseded: row.superseded,
      })),
    );
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
    const missing = missingIn(result, range);
    if (missing.length > 0) onMissing(stream, missing);
    return result;
  };
}

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
