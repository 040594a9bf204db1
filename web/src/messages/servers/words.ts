/** The words of Failover > Servers. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
export type ServersKey = keyof typeof en;

/** `one` or `many` by the count, which fills `{n}`. */
export const plural = (n: number, one: ServersKey, many: ServersKey): string => t(n === 1 ? one : many, { n });
