/**
 * What the protected server itself says of footage that came home: asked what is missing, it knows that a restoration is over.
 * Belongs here: the words and when they are said. Does not: taking footage in (return-set-up.ts), the incident (on the failover server).
 */
import type { NewActivity } from '../api/activity.ts';
import type { AccountSpan } from '../ledger/account.ts';
import { dateOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';

export type Home = { readonly cameraId: string; readonly spans: readonly AccountSpan[] };

/** Undefined: nothing came from there. `by`: id and name of the failover server; `spans`: the account of what was asked about. */
export function homeComingOf(
  by: { readonly id: string; readonly name: string },
  homes: readonly Home[],
): NewActivity | undefined {
  const returned = homes.flatMap(({ cameraId, spans }) =>
    spans.flatMap((span) =>
      span.state === 'returned' && span.recordedBy === by.id ? [{ cameraId, start: span.start, end: span.end }] : [],
    ),
  );
  if (returned.length === 0) return undefined;
  const cameras = new Set(returned.map(({ cameraId }) => cameraId)).size;
  const from = wordsOf(Math.min(...returned.map(({ start }) => start)));
  const to = wordsOf(Math.max(...returned.map(({ end }) => end)));
  const missingMs = homes
    .flatMap(({ spans }) => spans)
    .reduce((sum, span) => (span.state === 'missing' ? sum + span.end - span.start : sum), 0);
  const whose = `${cameras} ${cameras === 1 ? 'camera' : 'cameras'}`;
  const message = `Footage of ${from} to ${to.slice(0, 10) === from.slice(0, 10) ? to.slice(11) : to} of ${whose} came home from ${by.name}; ${lackOf(missingMs)}.`;
  return { severity: 'info', code: 'footage-home', message };
}

function lackOf(ms: number): string {
  if (ms === 0) return 'nothing is missing';
  const seconds = Math.max(0.1, ms / 1000);
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} seconds are missing, see the timeline`;
}

/** `2026-11-22 14:02:10`, in the time zone of this server. */
const wordsOf = (at: number): string => dateOf(epochMs(Math.round(at))).toLocaleString('sv-SE');

/** The same question comes again when its answer was lost. */
const MAX_REMEMBERED = 64;
export function createOnce(): (key: string) => boolean {
  const said = new Set<string>();
  return (key) => {
    if (said.has(key)) return false;
    said.add(key);
    for (const oldest of said) if (said.size > MAX_REMEMBERED) said.delete(oldest);
    return true;
  };
}
