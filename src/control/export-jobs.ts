/**
 * Export jobs: kept in the catalogue, worked on one after the other on a thread, files in `<data>/exports/<id>/`.
 * A job that was running when control ended is queued again.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportJob } from '../api/contract/footage.ts';
import type { LiveEvent } from '../api/contract/events.ts';
import type { ExportedFile } from '../api/export-download.ts';
import type { ExportWork } from '../api/routes/exports.ts';
import type { MillisecondRange, StreamRef } from '../api/footage-access.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf, parseIso } from '../core/clock.ts';
import { UnderstudyError, messageOf, systemCodeOf } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { epochMs } from '../core/units.ts';
import type { ExportWorkFile, ExportWorkResult } from './export-worker.ts';
import { manifestNameOf } from './export-thread.ts';
import type { ExportCut } from './export-thread.ts';

/** They lie on the data directory's disk; the owner removes what he has downloaded. */
export const MAX_EXPORTS = 200;
/** Never fill the disk that settings and catalogue live on. */
export const EXPORT_RESERVE_BYTES: number = 512 * 1024 * 1024;
/** Beside the jobs: each is a thread and a file that grows. What they still will write counts as taken. */
export const MAX_CUTS_AT_ONCE = 2;

export type ExportJobsDeps = {
  readonly dataDir: string;
  readonly catalogue: Pick<Catalogue, 'exports' | 'segments'>;
  readonly cut: ExportCut;
  readonly publish: (event: LiveEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
};
export type ExportJobs = Running & ExportWork;

/** Bytes by folder that cuts under way will still write. */
type Claims = Map<string, number>;
type Deps = ExportJobsDeps & { readonly claims: Claims };

export function startExportJobs(given: ExportJobsDeps): ExportJobs {
  const deps: Deps = { ...given, claims: new Map() };
  const { catalogue, clock, publish } = deps;
  const stopping = new AbortController();
  let current: { readonly id: string; readonly abort: AbortController } | undefined;
  let [busy, running] = [false, Promise.resolve()];

  const put = (job: ExportJob): void => {
    catalogue.exports.put(job.id, parseIso(job.createdAt) ?? clock.now(), job);
    publish({ kind: 'export', exportId: job.id });
  };
  const perform = async (job: ExportJob): Promise<void> => {
    const abort = new AbortController();
    current = { id: job.id, abort };
    put({ ...job, state: 'running' });
    const signal = AbortSignal.any([abort.signal, stopping.signal]);
    const done = await runJob(deps, job, signal);
    current = undefined;
    // Deleted meanwhile, or to be done again after a restart.
    if (!signal.aborted) put(done);
  };
  const drain = async (): Promise<void> => {
    try {
      await removeLeftOvers(deps);
      const next = (): ExportJob | undefined => (stopping.signal.aborted ? undefined : nextOf(jobsIn(catalogue)));
      for (let job = next(); job !== undefined; job = next()) await perform(job);
    } catch (error) {
      deps.log.error('exports stopped', { reason: messageOf(error) });
    } finally {
      busy = false;
    }
  };
  const wake = (): void => {
    if (busy) return;
    busy = true;
    running = drain();
  };
  for (const job of jobsIn(catalogue)) if (job.state === 'running') put({ ...job, state: 'queued', progress: 0 });
  wake();
  return {
    createExport: (stream, range) => {
      if (jobsIn(catalogue).length >= MAX_EXPORTS) throw tooMany();
      if (catalogue.segments.findRows(stream, range).length === 0) throw nothing();
      const job = newJob(stream, range, clock);
      put(job);
      wake();
      return job;
    },
    listExports: () => jobsIn(catalogue),
    exportOf: (id) => catalogue.exports.get(id) as ExportJob | undefined,
    openExport: async (job, part, file) => await openFile(deps, job, part, file),
    deleteExport: async (id) => {
      if (current?.id === id) current.abort.abort();
      await deleteJob(deps, id);
    },
    streamExport: createStreamExport(deps),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

const jobsIn = ({ exports }: Pick<Catalogue, 'exports'>): readonly ExportJob[] =>
  exports.list(MAX_EXPORTS) as readonly ExportJob[];

function createStreamExport(deps: Deps): ExportJobs['streamExport'] {
  let cuts = 0;
  return async (stream, range, signal) => {
    if (cuts >= MAX_CUTS_AT_ONCE) throw busyCutting();
    cuts += 1;
    try {
      return await cutAtOnce(deps, stream, range, signal);
    } finally {
      cuts -= 1;
    }
  };
}

const busyCutting = (): UnderstudyError =>
  new UnderstudyError(
    'limit',
    'export/busy',
    'Other footage is being cut; try again in a moment, or make an export job.',
  );

/** Of downloads and jobs that a crash, or a deletion while they were cut, left half done. */
async function removeLeftOvers({ dataDir, catalogue, claims, log }: Deps): Promise<void> {
  const folder = join(dataDir, 'exports');
  const kept = new Set(jobsIn(catalogue).map(({ id }) => id));
  try {
    for (const name of await readdir(folder)) {
      if (kept.has(name) || claims.has(join(folder, name)) || !OURS.test(name)) continue;
      await rm(join(folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') log.warn('left-over exports stay', { reason: messageOf(error) });
  }
}
const OURS = /^(exp|cut)-[0-9a-f]{24}$/;

async function deleteJob({ catalogue, dataDir, publish }: ExportJobsDeps, id: string): Promise<void> {
  catalogue.exports.remove(id);
  await rm(folderOf(dataDir, id), { recursive: true, force: true });
  publish({ kind: 'export', exportId: id });
}

const folderOf = (dataDir: string, id: string): string => join(dataDir, 'exports', id);
/** Oldest first. */
const nextOf = (jobs: readonly ExportJob[]): ExportJob | undefined => jobs.findLast(({ state }) => state === 'queued');

function newJob({ cameraId, stream }: StreamRef, { start, end }: MillisecondRange, clock: Clock): ExportJob {
  const times = { start: isoOf(epochMs(start)), end: isoOf(epochMs(end)), createdAt: isoOf(clock.now()) };
  return { id: createId('exp'), cameraId, stream, ...times, state: 'queued', progress: 0, files: [] };
}

async function runJob(deps: Deps, job: ExportJob, signal: AbortSignal): Promise<ExportJob> {
  const range = { start: parseIso(job.start) ?? 0, end: parseIso(job.end) ?? 0 };
  const folder = folderOf(deps.dataDir, job.id);
  const result = await cutInto(deps, { folder, stream: job, range, signal });
  if (result.kind === 'failed') {
    await rm(folder, { recursive: true, force: true });
    return { ...job, state: 'failed', message: result.message };
  }
  return doneJob(job, result.files);
}

function doneJob(job: ExportJob, files: readonly ExportWorkFile[]): ExportJob {
  const [first] = files;
  const last = files.at(-1);
  const urlOf = (part: string, { path }: ExportWorkFile): string =>
    `/api/v1/exports/${job.id}/${part}?file=${encodeURIComponent(basename(path))}`;
  return {
    ...job,
    state: 'done',
    progress: 1,
    files: files.map((file) => ({
      name: basename(file.path),
      bytes: file.bytes,
      sha256: file.sha256,
      url: urlOf('video', file),
      manifestUrl: urlOf('manifest', file),
    })),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    missingSeconds: missingSecondsOf(first),
    ...(first === undefined || last === undefined
      ? {}
      : { cutStart: first.cut.start, cutEnd: last.cut.end, sha256: first.sha256 }),
  };
}

/** Every part's manifest lists what is missing of the whole range. */
const missingSecondsOf = (file: ExportWorkFile | undefined): number =>
  (file?.missing ?? []).reduce(
    (sum, { start, end }) => sum + ((parseIso(end) ?? 0) - (parseIso(start) ?? 0)) / 1000,
    0,
  );

type Cut = {
  readonly folder: string;
  readonly stream: StreamRef;
  readonly range: MillisecondRange;
  readonly signal: AbortSignal;
};
async function cutInto(deps: Deps, { folder, stream, range, signal }: Cut): Promise<ExportWorkResult> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const needed = bytesOf(deps.catalogue, stream, range);
    deps.claims.set(folder, needed); // before looking: of two at once the second sees the first
    const { bavail, bsize } = await statfs(folder);
    const claimed = [...deps.claims.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (bavail * bsize - claimed < EXPORT_RESERVE_BYTES)
      return {
        kind: 'failed',
        code: 'export/no-room',
        message: `The export needs about ${Math.ceil(needed / 1e6)} MB where this server keeps its data; there is too little room.`,
      };
    const out = join(folder, nameOf(stream, range));
    return await deps.cut({ stream, range, out }, signal);
  } catch (error) {
    return { kind: 'failed', code: 'export/failed', message: messageOf(error) };
  } finally {
    deps.claims.delete(folder);
  }
}

/** Shares of the segments it touches. */
function bytesOf({ segments }: Pick<Catalogue, 'segments'>, stream: StreamRef, range: MillisecondRange): number {
  return segments.findRows(stream, range).reduce((sum, { start, end, bytes }) => {
    const inside = Math.max(0, Math.min(end, range.end) - Math.max(start, range.start));
    return sum + (bytes * inside) / Math.max(1, end - start);
  }, 0);
}

const nameOf = ({ cameraId, stream }: StreamRef, { start }: MillisecondRange): string =>
  `${cameraId}-${stream}-${isoOf(epochMs(start)).slice(0, 19).replaceAll(':', '')}Z.mp4`;

/** `file` is looked up among the files of the job; it is never part of a path by itself. */
async function openFile(
  { dataDir }: ExportJobsDeps,
  job: ExportJob,
  part: 'video' | 'manifest',
  file: string | undefined,
): Promise<ExportedFile> {
  const found = file === undefined ? job.files[0] : job.files.find(({ name }) => name === file);
  if (found === undefined) throw new UnderstudyError('not-found', 'export/no-file', 'This export has no such file.');
  const name = part === 'video' ? found.name : manifestNameOf(found.name);
  return await readable(join(folderOf(dataDir, job.id), name), part === 'video' ? 'video/mp4' : 'application/json');
}

async function readable(path: string, mediaType: string): Promise<ExportedFile> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new UnderstudyError('not-found', 'export/file-gone', 'The file of this export is gone; export again.', {
      cause,
    });
  });
  return { name: basename(path), mediaType, bytes: size, body: createReadStream(path) };
}

async function cutAtOnce(
  deps: Deps,
  stream: StreamRef,
  range: MillisecondRange,
  signal: AbortSignal,
): Promise<ExportedFile> {
  const folder = folderOf(deps.dataDir, createId('cut'));
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    const rows = deps.catalogue.segments.findRows(stream, range);
    if (rows.length === 0) throw nothing();
    if (new Set(rows.map(({ layoutHash }) => layoutHash)).size > 1) throw severalFiles();
    const result = await cutInto(deps, { folder, stream, range, signal });
    if (result.kind === 'failed')
      throw new UnderstudyError(
        result.code === 'export/nothing' ? 'not-found' : 'unavailable',
        result.code,
        result.message,
      );
    const [first] = result.files;
    if (first === undefined) throw nothing();
    if (result.files.length > 1) throw severalFiles();
    const file = await readable(first.path, 'video/mp4');
    file.body.once('close', () => void remove());
    return file;
  } catch (error) {
    await remove();
    throw error;
  }
}

const tooMany = (): UnderstudyError =>
  new UnderstudyError('limit', 'export/too-many', `There are ${MAX_EXPORTS} exports; remove some first.`);
const nothing = (): UnderstudyError =>
  new UnderstudyError('not-found', 'export/nothing-recorded', 'Nothing is recorded in this range.');
/** One download is one file; what would be left out of it must not be left out in silence. */
const severalFiles = (): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    'export/several-files',
    'The camera changed its picture or sound format in this range, so it takes several files: order an export (POST /exports), or ask for a shorter range.',
  );
