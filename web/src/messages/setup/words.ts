/** Words of the first run beyond the owner's account: what the box shall be, and where to go next. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
