/** What the boxes of the simulation say to each other: the contents of the peer channel, without its bytes. */
import type { ArbiterRecord } from '../../../src/coordination/arbiter-core.ts';
import type { Entry } from '../../../src/coordination/site-store.ts';
import type { HandoverAnswer, HandoverConfirmation } from '../../../src/failover/machine-types.ts';
import type { Receipt } from '../../../src/wire/footage-protocol.ts';
import type { CoverProgress, StreamProgress } from '../../../src/wire/peer-protocol.ts';

export type SimMessage =
  | { readonly kind: 'fin' }
  | { readonly kind: 'beat'; readonly run: string }
  | {
      readonly kind: 'keep-alive';
      readonly run: string;
      readonly media: 'up' | 'down';
      readonly streams: readonly StreamProgress[];
      readonly epoch: number;
    }
  | { readonly kind: 'member'; readonly covering: readonly CoverProgress[] }
  | { readonly kind: 'member-beat' }
  | { readonly kind: 'epoch'; readonly epoch: number }
  | { readonly kind: 'confirm'; readonly ask: number; readonly cameraIds: readonly string[] }
  | ({ readonly kind: 'confirmed'; readonly ask: number } & HandoverAnswer)
  | { readonly kind: 'who-records'; readonly ask: number; readonly cameraIds: readonly string[] }
  | { readonly kind: 'i-record'; readonly ask: number; readonly streams: readonly HandoverConfirmation[] }
  | { readonly kind: 'footage'; readonly seconds: readonly string[] }
  | { readonly kind: 'receipt'; readonly receipts: readonly Receipt[] }
  | { readonly kind: 'store-read'; readonly key: string; readonly claim: string }
  | { readonly kind: 'store-entry'; readonly claim: string; readonly entry: Entry | undefined }
  | {
      readonly kind: 'store-commit';
      readonly claim: string;
      readonly write: Pick<ArbiterRecord, 'ops'> & {
        readonly rev: bigint | undefined;
        readonly key: string;
        readonly epoch: number;
      };
    }
  | { readonly kind: 'store-done'; readonly claim: string; readonly epoch: number };
