/** What beside its cameras decides whether a protected server can be covered from here: facts put together, taken on a schedule, told. */
import type { z } from 'zod';
import type { serverCheck } from '../api/contract/failover.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { readinessNews } from '../control/readiness-words.ts';
import { isoOf } from '../core/clock.ts';
import { checkServer } from '../cover/server-checks.ts';
import type { ServerCheck, ServerFacts } from '../cover/server-checks.ts';
import type { ServerClocks } from '../cover/server-clocks.ts';
import {
  areChecksDue,
  checkedResults,
  NEVER_CHECKED,
  stepServerReadiness,
  unfitChecks,
  wasUnfit,
} from '../cover/server-readiness.ts';
import type { ServerReadiness, Unfit } from '../cover/server-readiness.ts';
import { protectedIds } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';

export type ServerChecks = {
  /** A few times a second: takes them when they are due. */
  readonly look: () => void;
  /** Whether due or not. */
  readonly take: () => void;
  /** As they were taken last. */
  readonly list: () => readonly z.infer<typeof serverCheck>[];
  readonly unfit: () => readonly Unfit[];
};
type Sources = {
  readonly parts: FailoverParts;
  readonly peers: Peers;
  readonly side: Pick<Side, 'backups'>;
  readonly clocks: Pick<ServerClocks, 'off'>;
};

export function composeServerChecks(sources: Sources): ServerChecks {
  const { settings, clock, activity } = sources.parts;
  let state = NEVER_CHECKED;
  const take = (serverIds = protectedIds(sources.parts)): void => {
    const results = serverIds.flatMap((serverId) =>
      checksOf(sources, state, serverId).map((check) => ({ serverId, ...check })),
    );
    const next = stepServerReadiness(state, { at: clock.monotonic(), now: clock.now(), serverIds, results });
    state = next.state;
    for (const entry of readinessNews(next.changes, (id) => nameOfServer(settings, id))) activity.record(entry);
  };
  return {
    look: () => {
      const serverIds = protectedIds(sources.parts);
      if (areChecksDue(state, serverIds, clock.monotonic())) take(serverIds);
    },
    take: () => take(),
    list: () => checkedResults(state).map(({ checkedAt, ...check }) => ({ ...check, checkedAt: isoOf(checkedAt) })),
    unfit: () => unfitChecks(state),
  };
}

/** Of a server minus ours, ms. */
export function clockOffsetOf({ network }: Peers, serverId: string): number | undefined {
  const offsetMs = network.statusOf(serverId)?.clockOffsetMs;
  return offsetMs === undefined ? undefined : -offsetMs;
}

function checksOf(
  { parts, peers, side: { backups }, clocks }: Sources,
  before: ServerReadiness,
  serverId: string,
): readonly ServerCheck[] {
  const hello = peers.network.statusOf(serverId)?.hello;
  return checkServer({
    volumes: volumesOf(parts),
    cameras: backups.latest(serverId)?.settings.cameras.length,
    wasShort: wasUnfit(before, { serverId, check: 'space' }),
    ownVersion: parts.version,
    version: hello?.version,
    clockOffsetMs: clockOffsetOf(peers, serverId),
    clockIsOff: clocks.off().some((off) => off.serverId === serverId),
    backupAt: backups.stateOf(serverId).takenAt,
    suitability: hello?.suitability ?? backups.latest(serverId)?.suitability,
    now: parts.clock.now(),
  });
}

/** Those that covered cameras are recorded to; undefined: media has told of none of them yet. */
function volumesOf({ settings, recording }: FailoverParts): ServerFacts['volumes'] {
  const { storeVolumeIds } = settings.failover.get();
  const all = settings.volumes.get().volumes.map(({ id }) => id);
  const used = storeVolumeIds.some((id) => all.includes(id)) ? storeVolumeIds : all;
  const states = used.map((id) => recording.state()?.volumeOf(id)?.state);
  if (states.length > 0 && states.every((state) => state === undefined)) return undefined;
  return states.map((state) => ({ usable: state?.kind === 'usable', freeBytes: state?.freeBytes ?? 0 }));
}
