/** The words of replacing a server, loaded with the dialog. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t } = roomWords(en, async () => (await import('./de.ts')).de);
