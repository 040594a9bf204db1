/**
 * An incident for people: totals, seconds, and a few plain sentences. The API answers with this shape; the summary is English,
 * pages make their own words from the figures.
 */
import { MISSING_CAUSES } from '../ledger/causes.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { wordsOf } from './draft.ts';
import type { Incident, IncidentStream } from './incident.ts';

export type StreamReport = IncidentStream & {
  /** From the last frame of the protected server to the first one here; 0 if they overlap. */
  readonly gapMs: number | undefined;
};
export type IncidentReport = Omit<Incident, 'streams'> & {
  readonly state: 'covering' | 'restoring' | 'closed';
  readonly streams: readonly StreamReport[];
  readonly totals: {
    readonly streams: number;
    readonly covered: number;
    readonly missingMs: number;
    readonly missingByCause: readonly { readonly cause: MissingCause; readonly ms: number }[];
    readonly files: number;
    readonly bytes: number;
    readonly accessUnits: number;
  };
  readonly summary: string;
};

export function reportOf(incident: Incident): IncidentReport {
  const streams = incident.streams.map((stream) => ({ ...stream, gapMs: gapOf(stream) }));
  const totals = totalsOf(incident);
  return {
    ...incident,
    state:
      incident.closedAt !== undefined ? 'closed' : incident.restoringSince !== undefined ? 'restoring' : 'covering',
    streams,
    totals,
    summary: sentencesOf(incident, streams, totals).join(' '),
  };
}

const gapOf = ({ lastFrame, firstCovered }: IncidentStream): number | undefined =>
  firstCovered === undefined ? undefined : Math.max(0, firstCovered - lastFrame);

function totalsOf({ streams }: Incident): IncidentReport['totals'] {
  const sum = (value: (stream: IncidentStream) => number): number =>
    streams.reduce((total, stream) => total + value(stream), 0);
  const missingOf = (cause: MissingCause): number =>
    sum(({ missing }) => missing.reduce((total, entry) => total + (entry.cause === cause ? entry.ms : 0), 0));
  const missingByCause = MISSING_CAUSES.map((cause) => ({ cause, ms: missingOf(cause) })).filter(({ ms }) => ms > 0);
  return {
    streams: streams.length,
    covered: streams.filter(({ firstCovered }) => firstCovered !== undefined).length,
    missingMs: missingByCause.reduce((total, { ms }) => total + ms, 0),
    missingByCause,
    files: sum(({ returned }) => returned.files),
    bytes: sum(({ returned }) => returned.bytes),
    accessUnits: sum(({ returned }) => returned.accessUnits),
  };
}

function sentencesOf(
  incident: Incident,
  streams: readonly StreamReport[],
  totals: IncidentReport['totals'],
): readonly string[] {
  const sentences = [`The server was covered: ${wordsOf(incident.cause)}.`, coveredWords(streams, totals)];
  const { takeover } = incident;
  if (takeover !== undefined)
    sentences.push(
      `A takeover was declared ${takeover.by === 'manual' ? 'by hand' : `after ${duration(takeover.at - incident.openedAt)}`}.`,
    );
  const released = streams.flatMap(({ releasedAt }) => releasedAt ?? []);
  if (incident.restoringSince === undefined) sentences.push('It is still covered.');
  else if (released.length > 0)
    sentences.push(`Its cameras were handed back after ${duration(Math.max(...released) - incident.openedAt)}.`);
  if (totals.files > 0)
    sentences.push(`${plural(totals.files, 'file')} with ${megabytes(totals.bytes)} of footage went home.`);
  sentences.push(missingWords(incident, totals));
  return sentences;
}

function coveredWords(streams: readonly StreamReport[], totals: IncidentReport['totals']): string {
  if (totals.streams === 0) return 'It had no streams to cover.';
  const gaps = streams.flatMap(({ gapMs }) => gapMs ?? []);
  if (gaps.length === 0) return `None of its ${plural(totals.streams, 'stream')} was recorded here.`;
  const recorded = `${totals.covered} of ${plural(totals.streams, 'stream')} were recorded here`;
  const [shortest, longest] = [Math.min(...gaps), Math.max(...gaps)];
  if (longest === 0) return `${recorded}, from before the last frame there on.`;
  const range = shortest === longest ? duration(longest) : `${duration(shortest)} to ${duration(longest)}`;
  return `${recorded}, ${range} after the last frame there.`;
}

function missingWords({ closedAt }: Incident, totals: IncidentReport['totals']): string {
  if (totals.missingMs > 0) {
    const causes = totals.missingByCause.map(({ cause, ms }) => `${duration(ms)} ${cause}`).join(', ');
    return `Missing over all streams: ${duration(totals.missingMs)} (${causes}).`;
  }
  return closedAt === undefined ? 'What is missing is known when its footage is back.' : 'Nothing is missing.';
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`;
}
