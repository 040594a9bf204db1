/**
 * An incident for people: totals, seconds, what happened when, whose footage there is, and a few plain sentences. The API answers with
 * this shape, and failover servers tell it to those that they protect. All times are wall milliseconds of the failover server; those of
 * `coverage` are of the protected one, once it has given its account.
 */
import { z } from 'zod';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { coverageOf, lengthOfState, pictureOf } from './incident-coverage.ts';
import type { Picture } from './incident-coverage.ts';
import { incidentFactsSchema } from './incident-facts.ts';
import type { StreamReport } from './incident-facts.ts';
import type { StreamRef } from './cover-reasons.ts';
import type { Incident, IncidentStream, Part } from './incident.ts';
import { sentenceOf, statementSchema } from './incident-sentence.ts';
import { stepsOf } from './incident-steps.ts';
import { englishOf } from './incident-words.ts';

export const incidentReportSchema = incidentFactsSchema.extend({
  /** What is said first, as figures; `summary` is the same in English. */
  sentence: z.array(statementSchema),
  summary: z.string(),
});
export type IncidentReport = z.infer<typeof incidentReportSchema>;

/** What the record itself does not know. */
export type ReportContext = {
  readonly serverName: string;
  readonly by: { readonly id: string; readonly name: string };
  /** Wall milliseconds. */
  readonly now: number;
  readonly cameraOf: (cameraId: string) => Pick<StreamReport, 'name' | 'priority'> | undefined;
  /** Why nobody covers a camera now; undefined: somebody does, or it is not known. */
  readonly causeOf: (cameraId: string) => MissingCause | undefined;
  /** The own account of a stream that is covered now. */
  readonly accountOf?: (stream: StreamRef, range: Picture) => readonly Part[];
  /** `10:02:11`, in words of the summary. */
  readonly timeOf: (at: number) => string;
};

export function reportOf(incident: Incident, context: ReportContext): IncidentReport {
  const { serverName, by, now, timeOf } = context;
  const picture = pictureOf(incident, now);
  const streams = incident.streams.map(({ parts, ...stream }): StreamReport => {
    const isOpen = stream.firstCovered === undefined && stream.releasedAt === undefined;
    const cause = isOpen && incident.closedAt === undefined ? context.causeOf(stream.cameraId) : undefined;
    const gapMs = gapOf(stream);
    return {
      ...stream,
      ...(context.cameraOf(stream.cameraId) ?? { name: stream.cameraId }),
      ...(gapMs === undefined ? {} : { gapMs }),
      coverage: [
        ...coverageOf({ ...stream, parts }, picture, {
          cause,
          account: context.accountOf && ((range) => context.accountOf?.(stream, range) ?? []),
        }),
      ],
    };
  });
  const facts = {
    ...incident,
    serverName,
    by,
    state: stateOf(incident),
    streams,
    steps: [...stepsOf(incident)],
    picture,
    totals: { ...totalsOf(streams), ...returnedOf(incident.streams) },
  };
  const sentence = [...sentenceOf(facts)];
  return { ...facts, sentence, summary: englishOf(sentence, { server: serverName, by: by.name, timeOf }) };
}

function stateOf({ closedAt, restoringSince }: Incident): IncidentReport['state'] {
  if (closedAt !== undefined) return 'closed';
  return restoringSince === undefined ? 'covering' : 'restoring';
}

const gapOf = ({ lastFrame, firstCovered }: Omit<IncidentStream, 'parts'>): number | undefined =>
  firstCovered === undefined ? undefined : Math.max(0, firstCovered - lastFrame);

type Totals = Omit<IncidentReport['totals'], 'returnedPart' | 'keptMs'>;
function totalsOf(streams: readonly StreamReport[]): Totals {
  const sum = (value: (stream: StreamReport) => number): number =>
    streams.reduce((total, stream) => total + value(stream), 0);
  const camerasWith = (is: (stream: StreamReport) => boolean): number =>
    new Set(streams.flatMap((stream) => (is(stream) ? [stream.cameraId] : []))).size;
  const missingOf = (cause: MissingCause): number =>
    sum(({ missing }) => missing.reduce((total, entry) => total + (entry.cause === cause ? entry.ms : 0), 0));
  const missingByCause = MISSING_CAUSES.map((cause) => ({ cause, ms: missingOf(cause) })).filter(({ ms }) => ms > 0);
  const covered = streams.flatMap(({ firstCovered }) => firstCovered ?? []);
  return {
    streams: streams.length,
    covered: covered.length,
    cameras: camerasWith(() => true),
    coveredCameras: camerasWith(({ firstCovered }) => firstCovered !== undefined),
    heldCameras: camerasWith((stream) => stream.firstCovered !== undefined && stream.releasedAt === undefined),
    ...(covered.length === 0 ? {} : { firstCovered: Math.min(...covered) }),
    missingMs: missingByCause.reduce((total, { ms }) => total + ms, 0),
    missingByCause,
    files: sum(({ returned }) => returned.files),
    bytes: sum(({ returned }) => returned.bytes),
    accessUnits: sum(({ returned }) => returned.accessUnits),
  };
}

/** By the account of the protected server: streams that it does not tell of count as neither. */
function returnedOf(streams: readonly IncidentStream[]): Pick<IncidentReport['totals'], 'returnedPart' | 'keptMs'> {
  const told = streams.flatMap(({ parts, missing }) => (parts === undefined ? [] : [{ parts, missing }]));
  const sum = (state: 'returned' | 'failover'): number =>
    told.reduce((total, { parts }) => total + lengthOfState(parts, state), 0);
  const lost = told.reduce((total, { missing }) => total + missing.reduce((ms, one) => ms + lostAfter(one), 0), 0);
  const [home, keptMs] = [sum('returned'), sum('failover')];
  const all = home + keptMs + lost;
  return { ...(all === 0 ? {} : { returnedPart: home / all }), keptMs };
}
/** It was recorded by the failover server, and is not home. */
const lostAfter = ({ cause, ms }: IncidentStream['missing'][number]): number =>
  cause === 'deleted' || cause === 'keeper-away' ? ms : 0;
