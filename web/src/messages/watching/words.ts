/** The words for how a protected server is, the same wherever they are said. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
