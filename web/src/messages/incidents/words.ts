/** The words of incidents, in the language chosen. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export type IncidentKey = keyof typeof en;
export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
