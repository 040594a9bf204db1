/** Deutsch. */
import type { en } from './en.ts';

export const de: Record<keyof typeof en, string> = {
  moved:
    '{host} ist jetzt der Host der Anlage. Melden Sie sich für die ganze Anlage dort an; hier geht es nur um {own}.',
  open: '{host} öffnen',
};
