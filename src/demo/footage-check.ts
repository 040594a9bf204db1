/** Reads what was recorded of a simulated camera and holds it, access unit by access unit, against the ledger. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../cli/api-client.ts';
import { parseIso } from '../core/clock.ts';
import { checkRecording, compareWithLedger } from '../simulator/check.ts';
import type { BookedGap, CheckReport } from '../simulator/check.ts';
import { playedUnits } from './played-units.ts';
import { readSegment } from '../simulator/recorded-units.ts';
import type { SimulatedCamera } from '../simulator/simulated-camera.ts';

/** Until the first sender report wall times come from arrival, and sockets are read every 200 ms; and two frames. */
const TOLERANCE_MS = 300;

export type LedgerView = {
  readonly spans: readonly {
    readonly start: string;
    readonly end: string;
    readonly state: string;
    readonly cause?: string;
    readonly detail?: string;
  }[];
  readonly totals: { readonly recorded: number; readonly missing: number; readonly notExpected: number };
};
export type CameraVerdict = {
  readonly cameraId: string;
  readonly accessUnits: number;
  readonly missing: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly altered: number;
  /** Seconds by cause, all of the range asked. */
  readonly causes: Readonly<Record<string, number>>;
  /** The longest hole between two recorded access units, seconds. */
  readonly longestHole: number;
  /** Empty: everything is accounted for. */
  readonly problems: readonly string[];
};

export type CheckOrder = {
  readonly api: ApiClient;
  readonly footage: string;
  /** As the server calls it. */
  readonly cameraId: string;
  readonly camera: SimulatedCamera;
  readonly start: string;
  readonly end: string;
};

export async function fetchLedger({
  api,
  cameraId,
  start,
  end,
}: Omit<CheckOrder, 'footage' | 'camera'>): Promise<LedgerView> {
  const query = new URLSearchParams({ start, end }).toString();
  return (await api.call('GET', `/cameras/${cameraId}/ledger?${query}`)) as LedgerView;
}

/** `ledger` must reach over everything recorded. */
export async function judgeCamera(order: CheckOrder, ledger: LedgerView): Promise<CameraVerdict> {
  return verdictOf(await checkFiles(join(order.footage, order.cameraId, 'main'), order.camera.id), order, ledger);
}

/** The same of what somebody sees who plays the range, also footage that another server recorded. */
export async function judgePlayed(order: Omit<CheckOrder, 'footage'>, ledger: LedgerView): Promise<CameraVerdict> {
  const units = await playedUnits(order.api, order);
  return verdictOf(checkRecording(units, { cameraId: order.camera.id, stream: 'main', codec: 'h264' }), order, ledger);
}

type Judged = Pick<CheckOrder, 'camera' | 'cameraId' | 'start' | 'end'>;
function verdictOf(report: CheckReport, order: Judged, ledger: LedgerView): CameraVerdict {
  const { camera } = order;
  const booked = bookedOf(ledger);
  const problems = [...damageOf(report), ...ledgerProblemsOf(ledger, order)];
  const timeOf = (counter: number): number => camera.origin + counter * camera.frameMs;
  // Before the first and behind the last access unit nothing can be told from the files alone.
  const inside = booked.filter(
    ({ start, end }) => start >= timeOf(report.first ?? 0) && end <= timeOf((report.last ?? 0) + 1) + TOLERANCE_MS,
  );
  for (const problem of compareWithLedger(report.missing, inside, camera, TOLERANCE_MS))
    problems.push(
      problem.kind === 'silent'
        ? `access units ${problem.missing.from} to ${problem.missing.to - 1} are missing and no gap says so`
        : `a gap (${problem.gap.cause}) is booked where nothing is missing`,
    );
  const frames = report.missing.map(({ from, to }) => to - from);
  return {
    cameraId: order.cameraId,
    accessUnits: report.accessUnits,
    missing: frames.reduce((sum, count) => sum + count, 0),
    doubled: report.doubled.length,
    reordered: report.reordered.length,
    altered: report.altered.length,
    causes: Object.fromEntries(secondsByCause(booked)),
    longestHole: (Math.max(0, ...frames) * camera.frameMs) / 1000,
    problems,
  };
}

async function checkFiles(folder: string, cameraId: string): Promise<CheckReport> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.mp4')).sort();
  const units = [];
  for (const name of files)
    for (const unit of readSegment(await readFile(join(folder, name)), name).units) units.push(unit);
  return checkRecording(units, { cameraId, stream: 'main', codec: 'h264' });
}

function damageOf({ accessUnits, doubled, reordered, altered }: CheckReport): string[] {
  const counts = { doubled: doubled.length, reordered: reordered.length, altered: altered.length };
  const bad = Object.entries(counts).filter(([, count]) => count > 0);
  return [
    ...(accessUnits === 0 ? ['nothing was recorded'] : []),
    ...bad.map(([what, count]) => `${count} access units are ${what}`),
  ];
}

function* ledgerProblemsOf({ spans }: LedgerView, { start, end }: Judged): Generator<string> {
  let at = millisecondsOf(start);
  for (const span of spans) {
    if (millisecondsOf(span.start) !== at) yield `the ledger has a hole or overlap at ${span.start}`;
    at = millisecondsOf(span.end);
    if (span.cause === 'unexplained') yield `${span.start} to ${span.end} is unexplained`;
  }
  if (at !== millisecondsOf(end)) yield 'the ledger ends early';
}

const bookedOf = ({ spans }: LedgerView): readonly BookedGap[] =>
  spans
    .filter(({ state }) => state === 'missing')
    .map(({ start, end, cause = '' }) => ({ start: millisecondsOf(start), end: millisecondsOf(end), cause }));

function secondsByCause(gaps: readonly BookedGap[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { start, end, cause } of gaps) sums.set(cause, (sums.get(cause) ?? 0) + (end - start) / 1000);
  return sums;
}

const millisecondsOf = (iso: string): number => parseIso(iso) ?? Number.NaN;
