/**
 * What became of every access unit of a simulated camera, read as a user would see it: playlists and byte ranges of the protected server,
 * held against its ledger.
 *
 * Belongs here: reading and judging recordings. Does not: what goes wrong before (failover-play.ts).
 */
import type { LedgerView } from '../../src/demo/footage-check.ts';
import { checkRecording, compareWithLedger, withinRecording } from '../../src/simulator/check.ts';
import type { BookedGap, CheckReport, RecordedUnit } from '../../src/simulator/check.ts';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import type { SiteBox, SiteCamera } from './failover-site.ts';

/** Until the first sender report wall times come from arrival, and sockets are read in turns; and two frames. */
const TOLERANCE_MS = 400;
export type Span = { readonly start: number; readonly end: number };

export type CameraVerdict = {
  readonly camera: SiteCamera;
  readonly accessUnits: number;
  /** Access units that no timeline shows. */
  readonly missing: number;
  readonly longestHoleMs: number;
  /** When what is missing was due, wall milliseconds. */
  readonly holes: readonly Span[];
  /** Booked as missing, seconds by cause. */
  readonly causes: Readonly<Record<string, number>>;
  /** When the last access unit shown was due. */
  readonly until: number;
  readonly problems: readonly string[];
};

/** The merged timeline of one server, access unit by access unit, against its ledger. */
export async function judgeTimeline(box: SiteBox, camera: SiteCamera, span: Span): Promise<CameraVerdict> {
  const units = await timelineUnits(box, camera.cameraId, span);
  const ledger = await ledgerOf(box, camera.cameraId, span);
  return judge(camera, units, ledger);
}

function judge(camera: SiteCamera, units: readonly RecordedUnit[], ledger: LedgerView): CameraVerdict {
  const report = checkRecording(units, { cameraId: camera.id, stream: 'main', codec: 'h264' });
  const booked = bookedOf(ledger);
  const frames = report.missing.map(({ from, to }) => to - from);
  return {
    camera,
    accessUnits: report.accessUnits,
    missing: frames.reduce((sum, count) => sum + count, 0),
    longestHoleMs: Math.max(0, ...frames) * camera.frameMs,
    holes: report.missing.map(({ from, to }) => ({
      start: camera.origin + from * camera.frameMs,
      end: camera.origin + to * camera.frameMs,
    })),
    causes: secondsByCause(withinRecording(booked, report, camera)),
    until: camera.origin + (report.last ?? 0) * camera.frameMs,
    problems: [...damageOf(report), ...ledgerProblemsOf(report, booked, camera)],
  };
}

function damageOf({ accessUnits, doubled, reordered, altered }: CheckReport): string[] {
  const sample = (counters: readonly number[]): string =>
    `${counters.slice(0, 3).join(', ')}${counters.length > 3 ? ' …' : ''}`;
  return [
    ...(accessUnits === 0 ? ['nothing was recorded'] : []),
    ...(doubled.length > 0 ? [`${doubled.length} access units stand twice (${sample(doubled)})`] : []),
    ...(reordered.length > 0 ? [`${reordered.length} access units stand out of order (${sample(reordered)})`] : []),
    ...(altered.length > 0 ? [`${altered.length} access units are altered (${altered[0]?.kind})`] : []),
  ];
}

function ledgerProblemsOf(report: CheckReport, booked: readonly BookedGap[], camera: SiteCamera): string[] {
  const inside = withinRecording(booked, report, camera);
  const unexplained = inside.filter(({ cause }) => cause === 'unexplained');
  return [
    ...unexplained.map(({ start, end }) => `${end - start} ms are unexplained`),
    ...compareWithLedger(report.missing, inside, camera, TOLERANCE_MS).map((problem) =>
      problem.kind === 'silent'
        ? `access units ${problem.missing.from} to ${problem.missing.to - 1} (${Math.round(problem.end - problem.start)} ms) are missing and no gap says so`
        : `a gap of ${Math.round(problem.gap.end - problem.gap.start)} ms (${problem.gap.cause}) is booked where nothing is missing`,
    ),
  ];
}

const bookedOf = ({ spans }: LedgerView): readonly BookedGap[] =>
  spans
    .filter(({ state }) => state === 'missing')
    .map(({ start, end, cause = '' }) => ({ start: Date.parse(start), end: Date.parse(end), cause }));

function secondsByCause(gaps: readonly BookedGap[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { start, end, cause } of gaps) sums[cause] = (sums[cause] ?? 0) + (end - start) / 1000;
  return sums;
}

const queryOf = ({ start, end }: Span): string =>
  new URLSearchParams({ start: new Date(start).toISOString(), end: new Date(end).toISOString() }).toString();

async function ledgerOf(box: SiteBox, cameraId: string, span: Span): Promise<LedgerView> {
  return (await box.api.call('GET', `/cameras/${cameraId}/ledger?${queryOf(span)}`)) as LedgerView;
}

/** What a player would be given, in its order. */
export async function timelineUnits(box: SiteBox, cameraId: string, span: Span): Promise<readonly RecordedUnit[]> {
  type Lists = { readonly items: readonly { readonly url: string }[] };
  const lists = (await box.api.call('GET', `/cameras/${cameraId}/playlists?${queryOf(span)}`)) as Lists;
  const units: RecordedUnit[] = [];
  for (const { url } of lists.items) {
    const text = Buffer.from(await box.bytes(url)).toString();
    for (const { uri, offset, length } of groupsIn(text)) {
      const bytes = await box.bytes(`/api/v1/cameras/${cameraId}/${uri}`, { offset, length });
      units.push(...readSegment(bytes, `${uri}@${offset}`).units);
    }
  }
  return units;
}

type Group = { readonly uri: string; readonly offset: number; readonly length: number };
/** EXT-X-BYTERANGE stands before the URI it belongs to (RFC 8216 §4.3.2.2). */
const groupsIn = (playlist: string): readonly Group[] =>
  [...playlist.matchAll(/#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)/g)].map(([, length = '0', offset = '0', uri = '']) => ({
    uri,
    offset: Number(offset),
    length: Number(length),
  }));
