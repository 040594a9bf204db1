/** What is said of a server whose clock is off: in the activity log and in the health. Pure. */
import { durationWords } from '../core/duration-words.ts';

/** `name`: of the other server. */
export function clockOffWords(name: string, offsetMs: number): string {
  const side = offsetMs < 0 ? 'behind' : 'ahead of';
  return `The clock of ${name} is ${durationWords(Math.abs(offsetMs))} ${side} that of this server: set the one that is wrong, best by a time server (NTP).`;
}
export const clockRightWords = (name: string): string => `The clock of ${name} agrees with that of this server again.`;
