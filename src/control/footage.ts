/** What the catalogue knows of a stream, put together for the ledger. */
import type { Catalogue, Segment, Span, StreamKey } from '../archive/catalogue-types.ts';
import type { Clock } from '../core/clock.ts';
import type { TimeRange } from '../core/units.ts';
import { RESTART_EDGE_MS, absencesOf, accountOf } from '../ledger/account.ts';
import type { AccountSpan, CausedSpan, RecordedSpan } from '../ledger/account.ts';
import { rangeOf } from '../ledger/spans.ts';

/** Beats come each second; a slow disk may hold up some. */
const FRESH_MS = 10_000;
/** Where accounts look beyond what is asked; `accountOf` needs two edges. */
const MARGIN_MS = 2 * RESTART_EDGE_MS;

export type FootageDeps = {
  readonly catalogue: Pick<Catalogue, 'segments' | 'gaps' | 'expectations' | 'services' | 'removed'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Of disks that do not answer now: what is on its way to them is neither there nor lost yet. */
  readonly trouble?: () => readonly CausedSpan[];
  /** Which server keeps it, if that one cannot be reached now. */
  readonly awayAt?: (segment: Pick<Segment, 'volumeId'>) => string | undefined;
  /** Of a camera of another server: when it was covered. The rest of what lies here of it is ring and rehearsal, and nobody's footage. */
  readonly coveredAt?: (cameraId: string, stream: StreamKey['stream']) => readonly Span[] | undefined;
  /** Media answers at this moment: its newest sign of life is now. */
  readonly mediaIsUp: () => boolean;
};
export type Footage = {
  /** Every millisecond of the range. */
  readonly accountOf: (key: StreamKey, range: Span) => readonly AccountSpan[];
  /** What can be played now. */
  readonly segmentsOf: (key: StreamKey, range: Span) => readonly Segment[];
  /** What is recorded and cannot be played now: another server keeps it. */
  readonly awayOf: (key: StreamKey, range: Span) => readonly CausedSpan[];
};

export function createFootage({
  catalogue,
  clock,
  mediaIsUp,
  trouble = () => [],
  awayAt = () => undefined,
  coveredAt = () => undefined,
}: FootageDeps): Footage {
  const find = (key: StreamKey, range: Span): readonly Segment[] => {
    const covered = coveredAt(key.cameraId, key.stream);
    const found = catalogue.segments.find(key, range);
    if (covered === undefined) return found;
    return found.filter((one) => covered.some(({ start, end }) => one.end > start && one.start < end));
  };
  const isHere = (segment: Segment): boolean => awayAt(segment) === undefined;
  const awayIn = (segments: readonly Segment[]): readonly CausedSpan[] =>
    segments.flatMap((segment) => awaySpans(segment, awayAt(segment)));
  return {
    segmentsOf: (key, range) => find(key, range).filter(isHere),
    awayOf: (key, range) => awayIn(find(key, range)),
    accountOf: (key, asked) => {
      const now = clock.now();
      const range = rangeOf(asked.start, asked.end);
      const wide = rangeOf(asked.start - MARGIN_MS, asked.end + MARGIN_MS);
      const expected = catalogue.expectations
        .find(key, wide)
        .map(({ start, end }) => rangeOf(start, end ?? Math.max(now, start)));
      const segments = find(key, wide);
      return accountOf({
        range,
        now,
        expected,
        recorded: segments.filter(isHere).flatMap(recordedOf),
        missing: [...missingOf({ catalogue, key, wide, now, up: mediaIsUp() }), ...awayIn(segments), ...trouble()],
      });
    },
  };
}

const awaySpans = ({ spans }: Segment, keeper: string | undefined): readonly CausedSpan[] =>
  keeper === undefined
    ? []
    : spans.map(({ start, end }) => ({
        ...rangeOf(start, end),
        cause: 'keeper-away',
        detail: `It lies on ${keeper}, which cannot be reached now.`,
      }));

const recordedOf = ({ spans, serverId, returned }: Segment): readonly RecordedSpan[] =>
  spans.map(({ start, end }) => ({
    ...rangeOf(start, end),
    recordedBy: serverId,
    returned: returned !== undefined,
  }));

type Question = {
  readonly catalogue: FootageDeps['catalogue'];
  readonly key: StreamKey;
  readonly wide: TimeRange;
  readonly now: number;
  readonly up: boolean;
};
function missingOf({ catalogue, key, wide, now, up }: Question): readonly CausedSpan[] {
  const periodsOf = (service: 'media' | 'control', isUp: boolean): readonly TimeRange[] => {
    const periods = catalogue.services.find(service, wide).map(({ start, end }) => rangeOf(start, end));
    return isUp ? [...periods, ...sinceLastBeat(periods.at(-1), now)] : periods;
  };
  const media = periodsOf('media', up);
  // We are control, and we are up.
  const control = periodsOf('control', true);
  const until = rangeOf(wide.start, Math.min(wide.end, now));
  return [
    ...catalogue.gaps
      .find(key, wide)
      .map(({ start, end, cause, detail }) => ({ ...rangeOf(start, end ?? Math.max(now, start)), cause, detail })),
    ...catalogue.removed
      .find(key, wide)
      .map(({ start, end, cause }) => ({ ...rangeOf(start, end), cause, detail: '' })),
    ...absencesOf(until, { media, control }),
  ];
}

/** From the newest sign of life until now; an old one belongs to a process that is gone. */
const sinceLastBeat = (last: TimeRange | undefined, now: number): readonly TimeRange[] =>
  last === undefined || last.end > now || now - last.end > FRESH_MS ? [] : [rangeOf(last.start, now)];
