/**
 * What the host knows of its members beside their signs of life: asks each for its report now and then, and at once when it
 * says that its settings changed or that it covers somebody else.
 *
 * Belongs here: when to ask, and what was last told. Does not: what is made of it (site-plan.ts, site-status.ts).
 */
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import { memberReportSchema } from '../site/member-report.ts';
import type { MemberReport, ReportedCamera } from '../site/member-report.ts';
import type { PeerKeepAlive } from '../wire/peer-protocol.ts';

export const REPORT_EVERY_MS = 60_000;
/** After something changed: what follows from it, such as a backup, takes a moment. Then half as often each time. */
const FIRST_AGAIN_MS = 5000;
/** After one that was not answered. */
const ASK_AGAIN_MS = 15_000;
/** So that 200 members that connect at once are asked one after the other. */
const MAX_ASKED_AT_ONCE = 8;
const LOOK_EVERY_MS = 1000;

export type SiteReportsDeps = {
  /** A host, with these members; of any other server nobody. */
  readonly members: () => readonly string[];
  readonly isConnected: (serverId: string) => boolean;
  readonly request: (serverId: string, method: string, params: unknown) => Promise<unknown>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'every'>;
  readonly log: Log;
};
export type Known = {
  readonly report: MemberReport | undefined;
  /** The last that were told, of whatever revision. */
  readonly cameras: readonly ReportedCamera[] | undefined;
  /** Wall milliseconds of the last sign of life. */
  readonly lastContactAt: number | undefined;
};
export type SiteReports = {
  readonly of: (serverId: string) => Known;
  /** Any sign of life of it. */
  readonly alive: (serverId: string) => void;
  readonly heard: (serverId: string, keepAlive: Pick<PeerKeepAlive, 'settingsRevision' | 'covering'>) => void;
  /** Changes whenever something that was told changed. */
  readonly version: () => number;
  readonly stop: () => void;
};

type Member = {
  report: MemberReport | undefined;
  cameras: readonly ReportedCamera[] | undefined;
  lastContactAt: number | undefined;
  covers: string;
  /** Monotonic: asked when it is reached. */
  dueAt: number;
  /** Not before: it did not answer. */
  pausedUntil: number;
  pauseMs: number;
  isAsked: boolean;
};
const NOTHING: Known = { report: undefined, cameras: undefined, lastContactAt: undefined };

export function startSiteReports(deps: SiteReportsDeps): SiteReports {
  const { clock, log } = deps;
  const all = new Map<string, Member>();
  let version = 0;
  let asked = 0;
  const ask = async (serverId: string, member: Member): Promise<void> => {
    member.isAsked = true;
    asked += 1;
    try {
      const known = member.report?.revision;
      const params = known === undefined || member.cameras === undefined ? {} : { known };
      take(member, memberReportSchema.parse(await deps.request(serverId, 'site.report', params)));
      version += 1;
      member.dueAt = clock.monotonic() + member.pauseMs;
      member.pauseMs = Math.min(member.pauseMs * 2, REPORT_EVERY_MS);
    } catch (error) {
      log.debug('a server of the site did not report', { serverId, reason: messageOf(error) });
      member.pausedUntil = clock.monotonic() + ASK_AGAIN_MS;
    }
    member.isAsked = false;
    asked -= 1;
  };
  const look = (): void => {
    const members = deps.members();
    forgetOthers(all, members);
    if (members.length === 0) return;
    const now = clock.monotonic();
    for (const serverId of members) {
      const member = memberOf(all, serverId);
      if (asked >= MAX_ASKED_AT_ONCE) return;
      const isDue = !member.isAsked && Math.max(member.dueAt, member.pausedUntil) <= now;
      if (isDue && deps.isConnected(serverId)) void ask(serverId, member);
    }
  };
  const cancel = clock.every(durationMs(LOOK_EVERY_MS), look);
  return {
    of: (serverId) => all.get(serverId) ?? NOTHING,
    alive: (serverId) => {
      const member = all.get(serverId);
      if (member !== undefined) member.lastContactAt = clock.now();
    },
    heard: (serverId, { settingsRevision, covering }) => {
      const member = all.get(serverId);
      if (member === undefined) return;
      member.lastContactAt = clock.now();
      const covers = covering.map((cover) => cover.serverId).join(' ');
      if (member.report?.revision === settingsRevision && member.covers === covers) return;
      if (member.covers !== covers) version += 1;
      member.covers = covers;
      member.dueAt = Math.min(member.dueAt, clock.monotonic());
      member.pauseMs = FIRST_AGAIN_MS;
    },
    version: () => version,
    stop: cancel,
  };
}

function memberOf(all: Map<string, Member>, serverId: string): Member {
  const known = all.get(serverId);
  if (known !== undefined) return known;
  const member: Member = { ...NOTHING, covers: '', dueAt: 0, pausedUntil: 0, pauseMs: FIRST_AGAIN_MS, isAsked: false };
  all.set(serverId, member);
  return member;
}

function forgetOthers(all: Map<string, Member>, members: readonly string[]): void {
  if (all.size === 0) return;
  const isMember = new Set(members);
  for (const serverId of all.keys()) if (!isMember.has(serverId)) all.delete(serverId);
}

function take(member: Member, report: MemberReport): void {
  member.report = report;
  member.cameras = report.cameras ?? member.cameras;
}
