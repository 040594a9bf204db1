/** What a protected server is told of seconds that are missing although this one watched: with the reason, for its ledger. */
import { nameOfServer } from '../control/failover-api.ts';
import type { OwedAccounts, OwedGap } from '../control/owed-accounts.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { RestorationOrder } from '../restoration/restoration-types.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';

/** Cameras that nobody covered while this was to be given back: by the newest plan, made before they were let go. */
export function oweNotCovered(
  { settings }: FailoverParts,
  { network }: Peers,
  { covering }: Pick<Side, 'covering'>,
  { owed, order }: { readonly owed: OwedAccounts; readonly order: RestorationOrder },
): void {
  const { serverId, streams, start, end } = order;
  const left = new Map(
    covering.notCovered().flatMap((one) => (one.camera.serverId === serverId ? [[one.camera.id, one] as const] : [])),
  );
  // The channel says what to add to its times to have ours; its ledger has its own.
  const offset = -(network.statusOf(serverId)?.clockOffsetMs ?? 0);
  const by = nameOfServer(settings, settings.server.get().id);
  const gaps = streams.flatMap(({ cameraId, stream }): readonly OwedGap[] => {
    const found = left.get(cameraId);
    if (found === undefined) return [];
    const detail = `${by} did not cover it: ${found.detail}`;
    return [{ cameraId, stream, start: start + offset, end: end + offset, cause: found.cause, detail }];
  });
  if (gaps.length === 0) return;
  owed.owe(serverId, gaps);
  void owed.settle(serverId);
}

/**
 * What kept the covering server from recording, and how the ledger of the protected one says it: that one would only know that it
 * was down. What it knows itself of a camera counts more.
 */
const TOLD_AS: ReadonlyMap<MissingCause, MissingCause> = new Map<MissingCause, MissingCause>([
  ['volume-full', 'volume-full'],
  ['volume-gone', 'volume-gone'],
  ['volume-read-only', 'volume-read-only'],
  ['volume-error', 'volume-error'],
  ['overload', 'overload'],
  ['camera-unresolved', 'not-reachable-from-failover'],
  ['camera-unreachable', 'not-reachable-from-failover'],
  ['camera-refused', 'not-reachable-from-failover'],
  ['camera-stalled', 'not-reachable-from-failover'],
  ['camera-protocol', 'not-reachable-from-failover'],
]);
const MAX_DETAIL = 1000;

/** What was to be recorded here in its place and could not be; what somebody has of that time counts none the less. */
export function oweUnrecorded(
  { settings, catalogue }: Pick<FailoverParts, 'settings' | 'catalogue'>,
  { network }: { readonly network: Pick<Peers['network'], 'statusOf'> },
  { owed, order }: { readonly owed: Pick<OwedAccounts, 'owe'>; readonly order: RestorationOrder },
): void {
  const { serverId, streams, start, end } = order;
  const offset = -(network.statusOf(serverId)?.clockOffsetMs ?? 0);
  const by = settings.server.get().name;
  const gaps = streams.flatMap(({ cameraId, stream }) =>
    catalogue.gaps.find({ cameraId, stream }, { start, end }).flatMap((gap): readonly OwedGap[] => {
      const cause = TOLD_AS.get(gap.cause);
      if (cause === undefined) return [];
      const span = { start: Math.max(start, gap.start) + offset, end: Math.min(end, gap.end ?? end) + offset };
      const detail = `${by} could not record it: ${gap.detail}`.slice(0, MAX_DETAIL);
      return [{ cameraId, stream, ...span, cause, detail }];
    }),
  );
  owed.owe(serverId, gaps);
}
