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

/** What was wrong at the covering server itself: the protected one would only say that it was down. */
const OWN_CAUSES: ReadonlySet<MissingCause> = new Set([
  'volume-full',
  'volume-gone',
  'volume-read-only',
  'volume-error',
  'overload',
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
    catalogue.gaps
      .find({ cameraId, stream }, { start, end })
      .filter(({ cause }) => OWN_CAUSES.has(cause))
      .map((gap): OwedGap => ({
        cameraId,
        stream,
        start: Math.max(start, gap.start) + offset,
        end: Math.min(end, gap.end ?? end) + offset,
        cause: gap.cause,
        detail: `${by} could not record it: ${gap.detail}`.slice(0, MAX_DETAIL),
      })),
  );
  owed.owe(serverId, gaps);
}
