/** What a protected server is told of seconds that are missing although this one watched: with the reason, for its ledger. */
import { nameOfServer } from '../control/failover-api.ts';
import type { OwedAccounts, OwedGap } from '../control/owed-accounts.ts';
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
