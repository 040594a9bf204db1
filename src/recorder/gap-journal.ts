/**
 * Gaps on disk, so that a kill of media and control together loses none: fragments can be read from their files again, gaps
 * cannot. One JSON line each, at most two files; what the process before wrote is told again at the next start.
 *
 * Belongs here: the file. Does not: what a gap is (gap-book.ts).
 */
import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { systemCodeOf } from '../core/errors.ts';
import { parseMediaMessage } from '../wire/parse-media-message.ts';
import type { MediaEvent } from '../wire/media-protocol.ts';

/** About 5000 gaps; a second file holds as many from before. */
export const MAX_JOURNAL_BYTES: number = 1024 * 1024;

type GapEvent = Extract<MediaEvent, { readonly kind: 'gap' | 'gap-opened' | 'gap-closed' }>;
export type GapJournal = {
  readonly append: (event: MediaEvent) => void;
  /** Gaps of the processes before, closed; those still open then end at `now`. */
  readonly earlier: readonly GapEvent[];
};

/** Never throws for the disk's sake: `failed` is told once, recording goes on. */
export function openGapJournal(path: string, now: number, failed: (error: unknown) => void): GapJournal {
  const earlier = closedGaps([...readLines(`${path}.1`), ...readLines(path)], now);
  let size = sizeOf(path);
  /** A kill may have cut the last line short: what follows must not be part of it. */
  let separator = endsWithLine(path) ? '' : '\n';
  let broken = false;
  return {
    earlier,
    append: (event) => {
      if (event.kind !== 'gap' && event.kind !== 'gap-opened' && event.kind !== 'gap-closed') return;
      const line = `${separator}${JSON.stringify({ seq: 0, event })}\n`;
      try {
        if (size + line.length > MAX_JOURNAL_BYTES) {
          renameSync(path, `${path}.1`);
          size = 0;
        }
        appendFileSync(path, line, { mode: 0o600 });
        size += line.length;
        separator = '';
        broken = false;
      } catch (error) {
        if (!broken) failed(error);
        broken = true;
      }
    },
  };
}

function endsWithLine(path: string): boolean {
  try {
    const text = readFileSync(path);
    return text.length === 0 || text.at(-1) === 10;
  } catch {
    return true;
  }
}

function readLines(path: string): readonly GapEvent[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) !== undefined) return [];
    throw error;
  }
  return text
    .slice(0, 2 * MAX_JOURNAL_BYTES)
    .split('\n')
    .flatMap((line) => gapOf(line) ?? []);
}

/** A line cut short by a kill is no gap. */
function gapOf(line: string): GapEvent | undefined {
  try {
    const message = parseMediaMessage(line);
    if (!('seq' in message)) return undefined;
    const { event } = message;
    return event.kind === 'gap' || event.kind === 'gap-opened' || event.kind === 'gap-closed' ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Pairs of opened and closed become one `gap` each. */
function closedGaps(events: readonly GapEvent[], now: number): readonly GapEvent[] {
  const open = new Map<string, Extract<GapEvent, { readonly kind: 'gap-opened' }>>();
  const gaps: GapEvent[] = [];
  const close = (key: string, end: number): void => {
    const gap = open.get(key);
    open.delete(key);
    if (gap === undefined || end <= gap.start) return;
    const { cameraId, stream, start, cause, detail } = gap;
    gaps.push({ kind: 'gap', cameraId, stream, start, end, cause, accessUnits: undefined, detail });
  };
  for (const event of events) {
    const key = `${event.cameraId}/${event.stream}`;
    if (event.kind === 'gap') gaps.push(event);
    else if (event.kind === 'gap-closed') close(key, event.end);
    else {
      close(key, event.start);
      open.set(key, event);
    }
  }
  for (const key of open.keys()) close(key, now);
  return gaps;
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
