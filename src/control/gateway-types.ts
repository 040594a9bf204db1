/** What is asked of a member through its host, and what comes back (site-gateway.ts). Types only. */
import type { Duplex, Readable } from 'node:stream';
import type { SiteCaller } from '../site/gateway-caller.ts';

export type GatewayRequest = {
  readonly method: string;
  /** Below `/api/v1`, with its query: `/cameras?limit=10`. */
  readonly path: string;
  /** A `SignedIn` of the API fits. */
  readonly caller: SiteCaller;
  /** Lower case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Readable | Uint8Array | undefined;
  /** Aborting ends the request at the member too, also while the answer is read. */
  readonly signal: AbortSignal;
};
export type GatewayAnswer = {
  readonly status: number;
  /** Lower case names, as the member sent them. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be read to its end or destroyed. */
  readonly body: Readable;
};
export type GatewaySocket =
  | {
      readonly kind: 'open';
      readonly headers: Readonly<Record<string, string>>;
      readonly socket: Duplex;
      readonly head: Uint8Array;
    }
  /** The member answered with something else than 101. */
  | ({ readonly kind: 'refused' } & GatewayAnswer);
