/** The words of playback, its timeline and the exports. */
import { roomWords } from '../messages.ts';
import { en } from './en.ts';

export const { t, tOr } = roomWords(en, async () => (await import('./de.ts')).de);
export type PlaybackKey = keyof typeof en;
