/** Coverage and causes in words. */
import { tOr as shellWord } from '../messages/messages.ts';
import { t } from '../messages/playback/words.ts';
import { clockTime, duration } from '../ui/format.ts';
import { AWAY, MISSING, type Run } from './runs.ts';
import { isTwice, zoneName } from './zone.ts';

export const causeText = (cause: string | undefined): string =>
  shellWord(`cause.${cause ?? 'unexplained'}`, cause ?? '');

/** What a run is, and why; without one nothing was to be recorded. */
export function runText(run: Run | undefined): string {
  if (run === undefined) return t('nothing');
  if (run.state === MISSING)
    return `${t('missingFor', { time: duration((run.end - run.start) / 1000) })}: ${causeText(run.cause)}`;
  if (run.state === AWAY) return t('awayFor', { server: run.cause ?? '' });
  return t(`state.${run.state}`);
}

/** A time of day; in the hour that comes twice with its zone. */
export const timeText = (at: number): string => (isTwice(at) ? `${clockTime(at)} ${zoneName(at)}` : clockTime(at));
