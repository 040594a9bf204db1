/** The words of adding servers: loaded with its dialogs. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
export type AddingKey = keyof typeof en;

/** `one` or `many` by the count, which fills `{n}`. */
export const plural = (n: number, one: AddingKey, many: AddingKey): string => t(n === 1 ? one : many, { n });
