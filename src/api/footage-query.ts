/** Ranges as callers send them: parsed, ordered and bounded. Pure. */
import { UnderstudyError } from '../core/errors.ts';
import { isoOf, parseIso } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { MillisecondRange } from './footage-access.ts';

const DAY_MS = 86_400_000;
/** What one answer may reach over: the ledger of a camera and month is about a megabyte at worst. */
export const MAX_RANGE_MS: number = 32 * DAY_MS;

/** @throws footage/range, footage/range-too-long */
export function rangeOfQuery(query: { readonly start: string; readonly end: string }): MillisecondRange {
  const start = parseIso(query.start);
  const end = parseIso(query.end);
  if (start === undefined || end === undefined || end <= start)
    throw new UnderstudyError(
      'invalid',
      'footage/range',
      `Expected start before end; got ${query.start} and ${query.end}.`,
    );
  if (end - start > MAX_RANGE_MS)
    throw new UnderstudyError(
      'invalid',
      'footage/range-too-long',
      'Expected a range of at most 32 days; ask for parts of it.',
    );
  return { start, end };
}

/** UTC midnight to midnight. */
export function rangeOfDay(day: string): MillisecondRange {
  const start = parseIso(`${day}T00:00:00Z`);
  if (start === undefined || isoOf(start).slice(0, 10) !== day)
    throw new UnderstudyError('invalid', 'footage/day', `Expected a day such as 2026-11-21; got ${day.slice(0, 32)}.`);
  return { start, end: start + DAY_MS };
}

export const isoOfNumber = (at: number): string => isoOf(epochMs(Math.round(at)));

export const noSuchCamera = (cameraId: string): UnderstudyError =>
  new UnderstudyError('not-found', 'camera/unknown', `There is no camera ${cameraId}.`);
