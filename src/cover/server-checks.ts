/**
 * What beside its cameras decides whether a server can be covered from here: space, versions, clocks, its settings backup, its hardware. Pure.
 * Belongs here: the judgement and its words. Does not: where the facts come from (the root puts them together),
 * when they are asked and what is told of them (server-readiness.ts).
 */
import { unsuitedBy } from '../site/suitability.ts';
import type { Suitability } from '../site/suitability.ts';

/** What else decides whether a server can be covered from here; beside the cameras in the same list. `undefined`: not known now. */
export type ServerFacts = {
  /** Of the volumes that covered cameras are recorded to. */
  readonly volumes: readonly { readonly usable: boolean; readonly freeBytes: number }[] | undefined;
  /** So many of that server may have to be recorded; undefined: there is no settings backup that tells. */
  readonly cameras: number | undefined;
  /** There was too little room when it was judged last. */
  readonly wasShort: boolean;
  readonly ownVersion: string;
  readonly version: string | undefined;
  /** Clock of the protected server minus ours. */
  readonly clockOffsetMs: number | undefined;
  /** As server-clocks.ts judges it, so that check and alarm agree. */
  readonly clockIsOff: boolean;
  /** Wall milliseconds of the newest settings backup; undefined: there is none. */
  readonly backupAt: number | undefined;
  readonly suitability: Suitability | undefined;
  /** Wall milliseconds. */
  readonly now: number;
};
export const SERVER_CHECKS = ['space', 'version', 'clock', 'backup', 'suitability'] as const;
export type ServerCheck = {
  readonly check: (typeof SERVER_CHECKS)[number];
  readonly ok: boolean;
  readonly message: string;
};
/** An hour of a camera at 4 Mbit/s. */
const HOUR_BYTES = 1.8e9;
/** Of a server that nothing is known of. */
const SOME_CAMERAS = 16;
/** Above what is needed, so that a volume that retention keeps about the limit is told once. */
const ENOUGH_AGAIN = 1.1;
export const leastFree = (cameras = SOME_CAMERAS): number => Math.max(1, cameras) * HOUR_BYTES;
export const enoughAgain = (cameras?: number): number => leastFree(cameras) * ENOUGH_AGAIN;

/** In the order of `SERVER_CHECKS`; what is not known now is left out. */
export const checkServer = (facts: ServerFacts): readonly ServerCheck[] =>
  [spaceOf(facts), versionOf(facts), clockOf(facts), backupOf(facts), hardwareOf(facts)].filter(
    (check) => check !== undefined,
  );

function spaceOf({ volumes, wasShort, cameras }: ServerFacts): ServerCheck | undefined {
  if (volumes === undefined) return undefined;
  const free = volumes.reduce((sum, { usable, freeBytes }) => sum + (usable ? freeBytes : 0), 0);
  const least = wasShort ? enoughAgain(cameras) : leastFree(cameras);
  const message = `${Math.floor(free / 1e9)} GB are free for covered cameras`;
  const ok = free >= least;
  return {
    check: 'space',
    ok,
    message: `${message}${ok ? '' : `, ${Math.ceil(least / 1e9)} GB are needed for an hour`}.`,
  };
}

function versionOf({ version, ownVersion }: ServerFacts): ServerCheck | undefined {
  if (version === undefined) return undefined;
  const message = `It runs version ${version}, this server ${ownVersion}.`;
  return { check: 'version', ok: majorOf(version) === majorOf(ownVersion), message };
}
const majorOf = (version: string): string => version.split('.', 1)[0] ?? '';

function clockOf({ clockOffsetMs, clockIsOff }: ServerFacts): ServerCheck | undefined {
  if (clockOffsetMs === undefined) return undefined;
  const side = clockOffsetMs < 0 ? 'behind' : 'ahead of';
  const message = `Its clock is ${Math.abs(Math.round(clockOffsetMs))} ms ${side} ours.`;
  return { check: 'clock', ok: !clockIsOff, message };
}

function backupOf({ backupAt, now }: ServerFacts): ServerCheck {
  if (backupAt === undefined)
    return { check: 'backup', ok: false, message: 'There is no settings backup of it: nothing could be covered.' };
  const minutes = Math.max(0, Math.round((now - backupAt) / 60_000));
  return { check: 'backup', ok: true, message: `Its settings backup is ${minutes} minutes old.` };
}

function hardwareOf({ suitability }: ServerFacts): ServerCheck | undefined {
  if (suitability === undefined) return undefined;
  const unsuited = unsuitedBy('It', suitability);
  const message = unsuited?.message ?? 'Nothing in it speaks against covering it.';
  return { check: 'suitability', ok: unsuited === undefined, message };
}
