/**
 * Which time counts for licences: the wall clock, but never before a time that it has shown already. A clock set back revives no
 * expired licence, and one that begins at 1970 after a power cut takes none away. A leap forward, which may be a mistake and would
 * end licences for good, counts only after the clock has stood by it for a day. Pure.
 */
export type LicenceClock = {
  /** The latest time that is believed, wall milliseconds. */
  readonly latest: number;
  /** The clock has leapt: since when, by the monotonic clock of this process. */
  readonly leaptAt?: number | undefined;
};

const DAY_MS = 86_400_000;
/** Switched off for so long, a box is believed at once. */
export const LEAP_MS: number = 30 * DAY_MS;
export const BELIEVED_AFTER_MS: number = DAY_MS;

/** What counts now; `clock` as `seenAt` left it. */
export const licenceTime = ({ latest, leaptAt }: LicenceClock, now: number): number =>
  leaptAt === undefined ? Math.max(latest, now) : latest;

/** The clock shows `now`, at `monotonic` of this process. */
export function seenAt(clock: LicenceClock, now: number, monotonic: number): LicenceClock {
  if (now <= clock.latest) return { latest: clock.latest };
  // A server that is new has seen nothing yet.
  if (clock.latest === 0 || now - clock.latest <= LEAP_MS) return { latest: now };
  const leaptAt = clock.leaptAt ?? monotonic;
  return monotonic - leaptAt >= BELIEVED_AFTER_MS ? { latest: now } : { latest: clock.latest, leaptAt };
}
