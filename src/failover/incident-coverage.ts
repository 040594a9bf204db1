/**
 * Whose footage there is of each moment of an incident, per stream, as far as it is known: from the account of the protected server once
 * it has given one, until then from what the failover server saw. Pure.
 *
 * Invariant: the parts of a stream cover the picture in order, without a hole and without an overlap.
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { Incident, IncidentStream, Part } from './incident.ts';

/** From when to when the parts of all streams reach, wall milliseconds. */
export type Picture = { readonly start: number; readonly end: number };

/** Around what happened, so that there is something to compare with. */
const LEAST_MARGIN_MS = 5000;
const MARGIN = 0.04;

export function pictureOf(incident: Incident, now: number): Picture {
  const { openedAt, lastSign, closedAt, streams } = incident;
  const start = Math.min(openedAt, lastSign, ...streams.map(({ lastFrame }) => lastFrame));
  const ends = streams.flatMap(({ releasedAt, parts }) => [releasedAt, parts?.at(-1)?.end]).filter(isNumber);
  const isCovered = closedAt === undefined && streams.some(({ releasedAt }) => releasedAt === undefined);
  const end = Math.max(start, openedAt, isCovered ? now : (ends[0] ?? closedAt ?? now), ...ends);
  const margin = Math.max(LEAST_MARGIN_MS, (end - start) * MARGIN);
  return { start: start - margin, end: isCovered ? end : Math.min(end + margin, Math.max(now, end)) };
}

const isNumber = (value: number | undefined): value is number => value !== undefined;

/** What the failover server knows beside the record. */
export type Seen = {
  /** Why nobody covers it, while nobody does. */
  readonly cause?: MissingCause | undefined;
  /** Its own account of what it records now, from the first frame that counts on: every moment of the range. */
  readonly account?: ((range: Picture) => readonly Part[]) | undefined;
};

export function coverageOf(stream: IncidentStream, picture: Picture, seen: Seen = {}): readonly Part[] {
  const middle = stream.parts ?? seenParts(stream, picture, seen);
  const [first, last] = [middle[0], middle.at(-1)];
  const from = first?.start ?? stream.lastFrame;
  const to = last?.end ?? from;
  const isHome = stream.releasedAt !== undefined;
  return joined(
    [
      { start: picture.start, end: from, state: 'owner' } as const,
      ...middle,
      { start: to, end: picture.end, state: isHome ? ('owner' as const) : ('unknown' as const) },
    ].flatMap((part) => {
      const [start, end] = [Math.max(part.start, picture.start), Math.min(part.end, picture.end)];
      return end > start ? [{ ...part, start, end }] : [];
    }),
  );
}

/** What the failover server knows by itself: its own footage, and until when the other one is known to have recorded. */
function seenParts(
  { lastFrame, firstCovered, releasedAt }: IncidentStream,
  picture: Picture,
  { cause, account }: Seen,
): readonly Part[] {
  const end = releasedAt ?? picture.end;
  const left: Part =
    cause === undefined
      ? { start: lastFrame, end, state: 'unknown' }
      : { start: lastFrame, end, state: 'missing', cause };
  if (firstCovered === undefined) return [left];
  // Before the last frame there the owner's own footage stands in the timeline.
  const from = Math.min(Math.max(firstCovered, lastFrame), end);
  const own = releasedAt === undefined && end > from ? account?.({ start: from, end }) : undefined;
  const parts: readonly Part[] = [
    { start: lastFrame, end: from, state: 'unknown' },
    ...(own ?? [{ start: from, end, state: 'failover' } as const]),
  ];
  return parts.filter((part) => part.end > part.start);
}

function joined(parts: readonly Part[]): readonly Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const before = result.at(-1);
    if (before !== undefined && before.state === part.state && before.cause === part.cause)
      result[result.length - 1] = { ...before, end: part.end };
    else result.push(part);
  }
  return result;
}

/** Milliseconds of one state. */
export const lengthOfState = (parts: readonly Part[], state: Part['state']): number =>
  parts.reduce((sum, part) => (part.state === state ? sum + part.end - part.start : sum), 0);
