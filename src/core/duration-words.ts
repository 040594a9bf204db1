/** Lengths of time as people say them, in one unit. English; pages say it in their own words. */

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `ms`: zero or more. "1 day", "3 minutes", "0 seconds". */
export function durationWords(ms: number): string {
  // Less than a hundredth short of a day is a day.
  const [word, unit] = UNITS.find(([, length]) => ms >= length * 0.99) ?? (['second', 1000] as const);
  const count = Math.round(ms / unit);
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** "2 minutes ago"; what seems to lie ahead, by a clock that was set, is now. */
export const agoWords = (ms: number): string => (ms < 1000 ? 'just now' : `${durationWords(ms)} ago`);
