/** Coverage and causes in words. */
import { t, tOr } from '../messages/messages.ts';
import type { Run } from './runs.ts';

export const causeText = (cause: string | undefined): string => tOr(`cause.${cause ?? 'unexplained'}`, cause ?? '');

export function coverageText({ state }: Run): string {
  if (state === 1) return t('playback.byFailover');
  return state === 2 ? t('playback.returned') : t('playback.recorded');
}
