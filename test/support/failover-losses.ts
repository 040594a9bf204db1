/**
 * Whose fault it is that footage is missing: nobody's while no box that could have recorded was up and ready, else somebody's. Pure.
 *
 * Belongs here: that measure and what it allows. Does not: what is missing (failover-oracle.ts), what must be (failover-play.ts).
 */
export type Span = { readonly start: number; readonly end: number };
/** From SIGKILL until it was up again and had time to be ready; wall milliseconds. */
export type Downtime = { readonly box: string; readonly from: number; readonly to: number };

/** Simulated cameras send a key frame so often. */
export const KEY_FRAME_MS = 2000;
/** To a camera, with authentication and SETUP. */
export const CONNECT_MS = 1000;
/** A failover server that has just started misses a server that it never heard after so long (docs/design/failover-machine.md). */
export const NEVER_HEARD_MS = 3200;
/** What was recorded last is in no file yet when a process dies. */
export const UNWRITTEN_MS = 2000;

/** Milliseconds of these holes in which at least one of the boxes was up and ready: those are lost by fault. */
export function owedMs(holes: readonly Span[], boxes: readonly string[], downs: readonly Downtime[]): number {
  const nobody = nobodyReady(boxes, downs);
  const excused = holes.flatMap((hole) => nobody.flatMap((span) => both(hole, span) ?? []));
  return Math.round(lengthOf(holes) - lengthOf(excused));
}

/** When none of the boxes could have recorded. */
export function nobodyReady(boxes: readonly string[], downs: readonly Downtime[]): readonly Span[] {
  if (boxes.length === 0) return [];
  const [first = [], ...others] = boxes.map((box) =>
    united(downs.filter((down) => down.box === box).map(({ from, to }) => ({ start: from - UNWRITTEN_MS, end: to }))),
  );
  return others.reduce((spans, own) => spans.flatMap((span) => own.flatMap((other) => both(span, other) ?? [])), first);
}

function united(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = [];
  for (const span of spans.toSorted((left, right) => left.start - right.start)) {
    const last = all.at(-1);
    if (last !== undefined && span.start <= last.end)
      all[all.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else all.push(span);
  }
  return all;
}

function both(left: Span, right: Span): Span | undefined {
  const [start, end] = [Math.max(left.start, right.start), Math.min(left.end, right.end)];
  return start < end ? { start, end } : undefined;
}

const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, { start, end }) => sum + end - start, 0);
