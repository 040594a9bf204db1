/** Words of the sign-in page beside those of the shell. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t } = roomWords(en, async () => (await import('./de.ts')).de);
