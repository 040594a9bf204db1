/** The activity log as the API sees it; control keeps it. Types only. */
import type { LogEntry } from './contract/events.ts';

export type NewActivity = Omit<LogEntry, 'id' | 'at'>;
export type ActivityQuery = {
  readonly limit: number;
  readonly cursor: string | undefined;
  /** Wall milliseconds, half open. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly severity: LogEntry['severity'] | undefined;
  readonly code: string | undefined;
  /** One of these; `*` stands for anything. */
  readonly codes?: readonly string[] | undefined;
  readonly cameraId: string | undefined;
  /** Who did it. */
  readonly user: string | undefined;
  readonly text: string | undefined;
  /** Undefined: all cameras. Otherwise only entries of these cameras, and those of none. */
  readonly cameraIds: readonly string[] | undefined;
};
export type ActivityLog = {
  /** Books one entry and publishes it as a live event; never throws. */
  readonly record: (entry: NewActivity) => void;
  /** Newest first. */
  readonly find: (query: ActivityQuery) => { readonly items: readonly LogEntry[]; readonly next: string | undefined };
};
