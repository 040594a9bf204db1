/**
 * One incident: a failure of a protected server (R) from first suspicion to the last receipt, as the failover server (F) saw it.
 * Pure: changes in, record out; the record is what the API shows and what is kept as JSON.
 *
 * Belongs here: the shape, accumulation and the words. Does not: when an incident begins and ends (machine.ts).
 * All times are wall milliseconds of F.
 */
import type { EpochMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { CoverReason, ReleaseWhy, StreamRef, TakeoverBy } from './cover.ts';

type At = { readonly incident: string; readonly at: EpochMs };
export type IncidentChange = At &
  (
    | { readonly kind: 'opened'; readonly serverId: string; readonly cause: CoverReason; readonly lastSign: EpochMs }
    /** More became known: the strongest cause names the incident. */
    | { readonly kind: 'cause'; readonly cause: CoverReason }
    | { readonly kind: 'wanted'; readonly streams: readonly StreamRef[]; readonly lostFrom: EpochMs }
    /** First footage of F that is durable. */
    | { readonly kind: 'first-covered'; readonly stream: StreamRef; readonly from: EpochMs }
    | { readonly kind: 'takeover'; readonly by: TakeoverBy }
    | { readonly kind: 'takeover-ended' }
    | { readonly kind: 'server-back' }
    | { readonly kind: 'remark'; readonly message: string }
    /** Nothing is covered any more; footage may still be on its way home. */
    | { readonly kind: 'restoring' }
    | { readonly kind: 'released'; readonly streams: readonly StreamRef[]; readonly why: ReleaseWhy }
    /** Told by whoever knows: restoration and the ledger. `ms` replaces what was said before of this stream and cause. */
    | { readonly kind: 'missing'; readonly stream: StreamRef; readonly cause: MissingCause; readonly ms: number }
    | {
        readonly kind: 'returned';
        readonly stream: StreamRef;
        readonly fileId: string;
        readonly bytes: number;
        readonly accessUnits: number;
      }
    | { readonly kind: 'closed' }
  );
