/** Words of the camera pages beyond those of the shell: whose a camera is, retention, previews, two people editing. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
