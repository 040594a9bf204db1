/** What is said of a server whose clock is off: in the activity log and in the health. Pure. */

/** `name`: of the other server. */
export function clockOffWords(name: string, offsetMs: number): string {
  const side = offsetMs < 0 ? 'behind' : 'ahead of';
  return `The clock of ${name} is ${durationWords(Math.abs(offsetMs))} ${side} that of this server: set the one that is wrong, best by a time server (NTP).`;
}
export const clockRightWords = (name: string): string => `The clock of ${name} agrees with that of this server again.`;

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;
function durationWords(ms: number): string {
  // Less than a hundredth short of a day is a day.
  const [word, unit] = UNITS.find(([, length]) => ms >= length * 0.99) ?? (['second', 1000] as const);
  const count = Math.round(ms / unit);
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
