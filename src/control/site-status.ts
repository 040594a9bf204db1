/**
 * Every server of the site with what is known of it. Pure.
 * Belongs here: from records, signs of life and reports to what people read. Does not: gathering them (site-reports.ts).
 */
import type { SiteServerState, SiteServerView } from '../api/contract/site.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { PeerKeepAlive } from '../wire/peer-protocol.ts';
import type { Known } from './site-reports.ts';

export type StatusFacts = {
  readonly record: Pick<PeerRecord, 'id' | 'name' | 'mode' | 'host' | 'enabled' | 'clientAddress'>;
  readonly isDetachPending: boolean;
  readonly isConnected: boolean;
  readonly version: string | undefined;
  readonly keepAlive: Pick<PeerKeepAlive, 'channels' | 'covering'> | undefined;
  readonly known: Known;
};

type Cover = { readonly by: string; readonly of: string };
/** Of failover servers that watch; `state` as they see it. */
type Watch = Cover & { readonly state: string; readonly backupAt?: number | undefined; readonly problem?: string };

/** In the order given. */
export function statusOfSite(all: readonly StatusFacts[]): readonly SiteServerView[] {
  const names = new Map(all.map(({ record }) => [record.id, record.name]));
  const covers = all.flatMap(coversOf);
  const watches = all.flatMap(watchesOf);
  const drills = all.flatMap(({ record, known }) => {
    const drill = known.report?.failover?.lastDrill;
    return drill === undefined ? [] : [{ by: record.id, ...drill }];
  });
  const groups = {
    names,
    coversOf: Map.groupBy(covers, ({ of }) => of),
    watchesBy: Map.groupBy(watches, ({ by }) => by),
    watchesOf: Map.groupBy(watches, ({ of }) => of),
    drillsBy: Map.groupBy(drills, ({ by }) => by),
    drillsOf: Map.groupBy(drills, ({ serverId }) => serverId),
  };
  return all.map((facts) => viewOf(facts, groups));
}

const coversOf = ({ record, keepAlive }: StatusFacts): readonly Cover[] =>
  (keepAlive?.covering ?? []).map(({ serverId }) => ({ by: record.id, of: serverId }));

const watchesOf = ({ record, known }: StatusFacts): readonly Watch[] =>
  (known.report?.failover?.protects ?? []).map(({ serverId, state, backupAt, backupProblem }) => ({
    by: record.id,
    of: serverId,
    state,
    backupAt,
    ...(backupProblem === undefined ? {} : { problem: backupProblem }),
  }));

type Drill = { readonly at: number; readonly cameras: number; readonly recorded: number };
type Groups = {
  readonly names: ReadonlyMap<string, string>;
  readonly coversOf: ReadonlyMap<string, readonly Cover[]>;
  readonly watchesBy: ReadonlyMap<string, readonly Watch[]>;
  readonly watchesOf: ReadonlyMap<string, readonly Watch[]>;
  readonly drillsBy: ReadonlyMap<string, readonly Drill[]>;
  readonly drillsOf: ReadonlyMap<string, readonly Drill[]>;
};

function viewOf(facts: StatusFacts, groups: Groups): SiteServerView {
  const { record, version, known } = facts;
  const { id, name, mode, host, clientAddress, enabled } = record;
  const named = (serverId: string): { serverId: string; name: string } => ({
    serverId,
    name: groups.names.get(serverId) ?? serverId.slice(0, 8),
  });
  const coveredBy = groups.coversOf.get(id) ?? [];
  return {
    id,
    name,
    mode,
    state: stateOf(facts, coveredBy.length > 0),
    enabled,
    ...(host === undefined ? {} : { host }),
    ...(clientAddress === undefined ? {} : { clientAddress }),
    ...(version === undefined ? {} : { version }),
    ...machineOf(known),
    ...channelsOf(facts),
    ...camerasOf(known),
    watches: (groups.watchesBy.get(id) ?? []).map(({ of, state }) => ({ ...named(of), state })),
    watchedBy: (groups.watchesOf.get(id) ?? []).map(({ by }) => named(by)),
    coveredBy: coveredBy.map(({ by }) => named(by)),
    ...backupOf(groups.watchesOf.get(id) ?? []),
    ...drillOf([...(groups.drillsBy.get(id) ?? []), ...(groups.drillsOf.get(id) ?? [])]),
    ...(known.lastContactAt === undefined ? {} : { lastContactAt: isoOf(epochMs(known.lastContactAt)) }),
  };
}

function stateOf(
  { record, isDetachPending, isConnected, keepAlive }: StatusFacts,
  isCovered: boolean,
): SiteServerState {
  if (isDetachPending) return 'detach-pending';
  if (!record.enabled) return 'disabled';
  if (isCovered) return 'covered';
  if (!isConnected) return 'offline';
  return (keepAlive?.covering.length ?? 0) > 0 ? 'covering' : 'online';
}

const machineOf = ({ report }: Known): Pick<SiteServerView, 'model' | 'load'> => ({
  ...(report?.model === undefined ? {} : { model: report.model }),
  ...(report?.load === undefined ? {} : { load: report.load }),
});

function channelsOf({ record, keepAlive }: StatusFacts): Pick<SiteServerView, 'channels'> {
  if (record.mode !== 'failover' || keepAlive === undefined) return {};
  const { max, used } = keepAlive.channels;
  return { channels: { max, used, free: Math.max(0, max - used) } };
}

function camerasOf({ cameras }: Known): Pick<SiteServerView, 'cameras'> {
  if (cameras === undefined) return {};
  return { cameras: { total: cameras.length, recording: cameras.filter(({ recording }) => recording).length } };
}

function backupOf(watches: readonly Watch[]): Pick<SiteServerView, 'lastBackupAt' | 'backupProblem'> {
  const newest = Math.max(0, ...watches.map(({ backupAt = 0 }) => backupAt));
  const problem = watches.find((watch) => watch.problem !== undefined)?.problem;
  return {
    ...(newest === 0 ? {} : { lastBackupAt: isoOf(epochMs(newest)) }),
    ...(problem === undefined ? {} : { backupProblem: problem }),
  };
}

function drillOf(drills: readonly Drill[]): Pick<SiteServerView, 'lastDrill'> {
  const newest = drills.toSorted((a, b) => b.at - a.at)[0];
  if (newest === undefined) return {};
  const { at, cameras, recorded } = newest;
  return { lastDrill: { at: isoOf(epochMs(at)), cameras, recorded } };
}
