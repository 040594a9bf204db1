/** What each client of a simulated camera was sent, for oracles: sessions with the counters that went out whole. */
import type { EpochMs } from '../core/units.ts';
import type { CounterRange, EndedBy, SessionRecord } from './simulated-camera.ts';

/** Older sessions are forgotten; a soak of a year with a reconnect an hour stays below. */
export const MAX_SESSIONS_KEPT = 10_000;

export type LoggedSession = {
  readonly sent: (counter: number) => void;
  readonly end: (at: EpochMs, by: EndedBy) => void;
};
export type SessionLog = {
  readonly open: (session: Omit<SessionRecord, 'end' | 'endedBy' | 'sent'>) => LoggedSession;
  readonly records: () => readonly SessionRecord[];
};

type Entry = {
  readonly session: Omit<SessionRecord, 'end' | 'endedBy' | 'sent'>;
  readonly ranges: { from: number; to: number }[];
  end: EpochMs | undefined;
  endedBy: EndedBy | undefined;
};

export function createSessionLog(): SessionLog {
  const entries: Entry[] = [];
  return {
    open: (session) => {
      const entry: Entry = { session, ranges: [], end: undefined, endedBy: undefined };
      entries.push(entry);
      if (entries.length > MAX_SESSIONS_KEPT) entries.shift();
      return {
        sent: (counter) => addTo(entry.ranges, counter),
        end: (at, by) => {
          entry.end ??= at;
          entry.endedBy ??= by;
        },
      };
    },
    records: () =>
      entries.map(({ session, ranges, end, endedBy }) => ({
        ...session,
        end,
        endedBy,
        sent: ranges.map((range): CounterRange => ({ ...range })),
      })),
  };
}

function addTo(ranges: { from: number; to: number }[], counter: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.to === counter) last.to += 1;
  else if (last === undefined || counter > last.to) ranges.push({ from: counter, to: counter + 1 });
}
