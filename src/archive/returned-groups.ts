/**
 * What returned footage does to the index of segments: groups that it stands for are left out, and groups that fill a hole in another
 * file are put between the pieces of that file. Pure.
 */
import type { KeyGroup, Segment, SequenceRange, Span } from './catalogue-types.ts';

export const isSuperseded = (ranges: readonly SequenceRange[], sequence: number): boolean =>
  ranges.some(([first, last]) => sequence >= first && sequence <= last);

/** Without the groups in `ranges`, and without their time. */
export function withoutSuperseded(segment: Segment, ranges: readonly SequenceRange[]): Segment {
  const hidden = segment.keys.filter(({ sequence }) => isSuperseded(ranges, sequence));
  if (hidden.length === 0) return segment;
  return {
    ...segment,
    keys: segment.keys.filter((group) => !hidden.includes(group)),
    spans: hidden.reduce(without, segment.spans),
  };
}

function without(spans: readonly Span[], cut: Span): readonly Span[] {
  return spans.flatMap((span) => {
    if (cut.end <= span.start || cut.start >= span.end) return [span];
    const parts = [
      { start: span.start, end: cut.start },
      { start: cut.end, end: span.end },
    ];
    return parts.filter(({ start, end }) => end > start);
  });
}

/** In order of start; a segment is cut where a group of another one begins between two of its groups. */
export function interleaved(segments: readonly Segment[]): readonly Segment[] {
  // Footage of one server overlaps where its clock was set back: that is shown file by file.
  if (segments.every(({ returned }) => returned === undefined)) return segments;
  if (segments.every((segment, index) => index === 0 || !reachesInto(segments[index - 1], segment))) return segments;
  const groups = segments.flatMap((segment) => segment.keys.map((group) => ({ group, segment })));
  // Stable: groups of one file that start at one moment stay in its order.
  const ordered = groups.sort((left, right) => left.group.start - right.group.start);
  const pieces: { segment: Segment; keys: KeyGroup[] }[] = [];
  for (const { group, segment } of ordered) {
    const last = pieces.at(-1);
    if (last?.segment === segment) last.keys.push(group);
    else pieces.push({ segment, keys: [group] });
  }
  const empty = segments.filter(({ keys }) => keys.length === 0);
  return [...empty, ...withSpans(pieces)].sort((left, right) => left.start - right.start);
}

const reachesInto = (before: Segment | undefined, segment: Segment): boolean =>
  before !== undefined && before.end > segment.start;

/** Each piece gets the spans of its segment up to where the next piece of the same segment begins. */
function withSpans(pieces: readonly { readonly segment: Segment; readonly keys: readonly KeyGroup[] }[]): Segment[] {
  return [...Map.groupBy(pieces, ({ segment }) => segment)].flatMap(([segment, own]) =>
    own.map(({ keys }, index): Segment => {
      const start = index === 0 ? segment.start : (keys[0]?.start ?? segment.start);
      const end = own[index + 1]?.keys[0]?.start ?? segment.end;
      const spans = segment.spans
        .map((span) => ({ start: Math.max(span.start, start), end: Math.min(span.end, end) }))
        .filter((span) => span.end > span.start);
      return { ...segment, start, end, keys, spans };
    }),
  );
}
