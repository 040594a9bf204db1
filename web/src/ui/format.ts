/** Numbers, sizes and times as people of the chosen language read them. */
import { language, t } from '../messages/messages.ts';

const formats = new Map<string, Intl.DateTimeFormat>();
function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${JSON.stringify(options)}`;
  const known =
    formats.get(key) ?? new Intl.DateTimeFormat(language.value === 'en' ? undefined : language.value, options);
  formats.set(key, known);
  return known;
}

/** 14:03:22 */
export const clockTime = (ms: number): string =>
  dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms);
/** 14:03 */
export const shortTime = (ms: number): string =>
  dateFormat({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms);
/** Sat, Nov 21 */
export const shortDate = (ms: number): string =>
  dateFormat({ weekday: 'short', month: 'short', day: 'numeric' }).format(ms);
export const dateAndTime = (ms: number): string =>
  `${dateFormat({ month: 'short', day: 'numeric' }).format(ms)}, ${clockTime(ms)}`;

const ISO = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
/** What a box says, with the times in it as people of this browser read them. */
export const timesRead = (said: string): string => said.replaceAll(ISO, (iso) => dateAndTime(Date.parse(iso)));

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
/** Decimal units, as disks are sold. */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${decimal(bytes / 1000 ** power, power < 2 ? 0 : 1)} ${UNITS[power] ?? ''}`;
}
const numbers = new Map<string, Intl.NumberFormat>();
/** Kept: making one takes longer than what a row of a table takes beside it. */
function numberFormat(digits: number): Intl.NumberFormat {
  const key = `${language.value} ${digits}`;
  const known = numbers.get(key) ?? new Intl.NumberFormat(language.value, { maximumFractionDigits: digits });
  numbers.set(key, known);
  return known;
}
export const decimal = (value: number, digits = 1): string => numberFormat(digits).format(value);
export const bitrate = (bitsPerSecond: number): string =>
  bitsPerSecond >= 1e6 ? `${decimal(bitsPerSecond / 1e6)} Mbit/s` : `${decimal(bitsPerSecond / 1e3, 0)} kbit/s`;

/** 01:13:00, or 12 s below a minute. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${decimal(seconds, seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** "3 s ago", "2 h ago". */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return t('time.now');
  if (seconds < 60) return t('time.secondsAgo', { n: seconds });
  if (seconds < 7200) return t('time.minutesAgo', { n: Math.round(seconds / 60) });
  if (seconds < 172_800) return t('time.hoursAgo', { n: Math.round(seconds / 3600) });
  return t('time.daysAgo', { n: Math.round(seconds / 86_400) });
}

/** AB:CD:... in upper case, as browsers show fingerprints. */
export const fingerprintText = (hex: string): string =>
  (hex.replaceAll(':', '').toUpperCase().match(/../g) ?? []).join(':');

const two = (value: number): string => String(value).padStart(2, '0');
/** For <input type="datetime-local">, in this browser's zone. */
export function localInput(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
