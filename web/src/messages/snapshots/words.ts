/** Words of stored snapshots. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t } = roomWords(en, async () => (await import('./de.ts')).de);
