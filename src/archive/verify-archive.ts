/**
 * What the segments of a directory say about each other: a segment that was taken away, put in twice or moved; gaps and overlaps.
 * Pure: summaries in, findings out.
 */
import { epochMs } from '../core/units.ts';
import { isoOf } from '../core/clock.ts';
import type { Span } from './catalogue-types.ts';
import { findingOf } from './findings.ts';
import type { Finding } from './findings.ts';
import { addSpan } from './verify-segment.ts';
import type { SegmentSummary } from './verify-segment.ts';

export type StreamSummary = {
  readonly cameraId: string;
  readonly stream: string;
  readonly segments: number;
  readonly fragments: number;
  readonly accessUnits: number;
  readonly audioFrames: number;
  readonly bytes: number;
  /** Half-open wall milliseconds. */
  readonly recorded: readonly Span[];
  readonly gaps: readonly Span[];
  readonly overlaps: readonly Span[];
};

export type ArchiveReport = {
  /** No finding is an error. */
  readonly ok: boolean;
  readonly streams: readonly StreamSummary[];
  readonly findings: readonly Finding[];
};

export function reportOf(summaries: readonly SegmentSummary[], more: readonly Finding[] = []): ArchiveReport {
  const byStream = Map.groupBy(summaries, ({ header }) => (header ? `${header.cameraId}/${header.stream}` : ''));
  const findings: Finding[] = [...more];
  const streams: StreamSummary[] = [];
  for (const [key, segments] of [...byStream].sort(([left], [right]) => (left < right ? -1 : 1))) {
    findings.push(...settleTails(segments));
    if (key === '') continue;
    const stream = streamOf(key, segments);
    streams.push(stream);
    const file = key;
    for (const { start, end } of stream.gaps) {
      findings.push(
        findingOf('gap', file, `nothing recorded for ${seconds(start, end)}`, { severity: 'remark', start, end }),
      );
    }
    for (const { start, end } of stream.overlaps) {
      findings.push(
        findingOf('overlap', file, `recorded twice for ${seconds(start, end)}`, { severity: 'remark', start, end }),
      );
    }
  }
  return { ok: findings.every(({ severity }) => severity === 'remark'), streams, findings };
}

/** Chains between files, and findings inside them with a torn tail judged by what comes behind it. */
function settleTails(segments: readonly SegmentSummary[]): readonly Finding[] {
  const findings: Finding[] = [];
  const byServer = Map.groupBy(segments, ({ header }) => header?.serverId ?? '');
  for (const ofServer of byServer.values()) {
    const ordered = ofServer.toSorted((left, right) => left.firstSequence - right.firstSequence);
    const chainEnds = new Map(ordered.map((segment) => [segment.chainEnd, segment.file]));
    for (const [index, segment] of ordered.entries()) {
      const next = ordered[index + 1];
      // Behind a process that died the next segment begins a chain of its own; otherwise the process lived and wrote on.
      const died = next?.header?.previous === undefined;
      for (const finding of segment.findings) {
        findings.push(finding.kind === 'torn' && died ? { ...finding, severity: 'remark' } : finding);
      }
      findings.push(...checkPrevious(ordered[index - 1], segment, chainEnds));
    }
  }
  return findings;
}

function checkPrevious(
  before: SegmentSummary | undefined,
  segment: SegmentSummary,
  chainEnds: ReadonlyMap<string | undefined, string>,
): readonly Finding[] {
  const { file, header } = segment;
  if (before === undefined) return header?.previous === undefined ? [] : [nothingBefore(file)];
  const place = placeBetween(before, segment);
  if (segment.firstSequence >= 0 && segment.firstSequence <= before.lastSequence) {
    const message = `its fragments ${segment.firstSequence} and up are in ${before.file} too: one of the files was put in`;
    return [findingOf('inserted', file, message, place)];
  }
  const previous = header?.previous;
  if (previous === undefined || before.chainEnd === previous) return [];
  const elsewhere = chainEnds.get(previous);
  if (elsewhere !== undefined) {
    return [findingOf('reordered', file, `it follows ${elsewhere}, not ${before.file}`, place)];
  }
  const cut = before.torn ? ', or the end of that file' : '';
  const message = `what stood between ${before.file} and ${file} is missing: a segment${cut}; pass every volume the camera recorded to`;
  return [findingOf('missing', file, message, place)];
}

/** Retention removes oldest segments first, so the first one left always has one before it. */
const nothingBefore = (file: string): Finding =>
  findingOf('note', file, 'the segment in front of it is not here: removed by retention, or on another volume', {
    severity: 'remark',
  });

function placeBetween(before: SegmentSummary, segment: SegmentSummary): Partial<Span> {
  const [start, end] = [before.spans.at(-1)?.end, segment.spans[0]?.start];
  return start === undefined || end === undefined ? {} : { start, end };
}

function streamOf(key: string, segments: readonly SegmentSummary[]): StreamSummary {
  const [cameraId = '', stream = ''] = key.split('/');
  const all = segments.flatMap(({ spans }) => spans).sort((left, right) => left.start - right.start);
  const recorded: Span[] = [];
  const overlaps: Span[] = [];
  for (const span of all) {
    const last = recorded.at(-1);
    const twice = last === undefined ? 0 : Math.min(last.end, span.end) - span.start;
    if (last !== undefined && twice > OVERLAP_MS) overlaps.push({ start: span.start, end: span.start + twice });
    addSpan(recorded, span);
  }
  const gaps = recorded.slice(1).map(({ start }, index) => ({ start: recorded[index]?.end ?? start, end: start }));
  const sum = (of: (segment: SegmentSummary) => number): number =>
    segments.reduce((total, segment) => total + of(segment), 0);
  return {
    cameraId,
    stream,
    segments: segments.length,
    fragments: sum((segment) => segment.fragments),
    accessUnits: sum((segment) => segment.accessUnits),
    audioFrames: sum((segment) => segment.audioFrames),
    bytes: sum((segment) => segment.bytes),
    recorded,
    gaps,
    overlaps,
  };
}

/** Less is a clock that was corrected. */
const OVERLAP_MS = 500;

const seconds = (start: number, end: number): string =>
  `${((end - start) / 1000).toFixed(1)} s from ${isoOf(epochMs(Math.round(start)))}`;
