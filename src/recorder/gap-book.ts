/**
 * The account of one stream: at every moment it is either being recorded, or there is an open gap with its cause.
 * Belongs here: opening, renaming and closing that gap. Does not: why something is missing (camera-loop.ts).
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { MediaEvent, StreamName } from '../wire/media-protocol.ts';

export type GapBook = {
  /** From `start` (wall ms) on nothing is recorded. With a gap open already: from now on for another cause. */
  readonly open: (start: number, cause: MissingCause, detail: string) => void;
  /** Recording goes on at `end` (wall ms). */
  readonly close: (end: number) => void;
  readonly isOpen: () => boolean;
};

export function createGapBook(
  { cameraId, stream }: { readonly cameraId: string; readonly stream: StreamName },
  emit: (event: MediaEvent) => void,
): GapBook {
  let current: { readonly start: number; readonly cause: MissingCause; readonly detail: string } | undefined;
  const close = (end: number): void => {
    if (current === undefined) return;
    emit({ kind: 'gap-closed', cameraId, stream, end: Math.max(end, current.start) });
    current = undefined;
  };
  return {
    open: (start, cause, detail) => {
      if (current?.cause === cause) return;
      // The clock may have been set back: a gap neither ends before it begins nor overlaps the one before.
      const from = current === undefined ? start : Math.max(start, current.start);
      close(from);
      current = { start: from, cause, detail };
      emit({ kind: 'gap-opened', cameraId, stream, start: from, cause, detail });
    },
    close,
    isOpen: () => current !== undefined,
  };
}
