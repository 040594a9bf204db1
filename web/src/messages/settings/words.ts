/** Words of the settings beyond those of the shell: trusting the certificate, whose accounts they are, integrations. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
