/** The words of what is ordered under Failover > Activity. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t } = roomWords(en, async () => (await import('./de.ts')).de);
