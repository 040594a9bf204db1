/**
 * The two messages of pairing by a one-time code, on the peer port (docs/design/peer-protocol.md, "Pairing").
 * Belongs here: messages and bounds. Does not: codes, proofs and tries (peer/pairing.ts).
 */
import type { PeerHello } from './peer-protocol.ts';

/** All that is taken from a connection whose certificate is not known. */
export const MAX_PAIRING_BYTES: number = 16 * 1024;

/** A server about itself. */
export type PeerSelf = Omit<PeerHello, 'kind' | 'protocol' | 'purpose' | 'at' | 'peerPort'>;

/** From the server where the code was typed in, to the one that shows it. */
export type PairRequest = {
  readonly kind: 'pair';
  readonly protocol: number;
  readonly server: PeerSelf & { readonly peerPort: number };
  /** HMAC-SHA-256 in hex. */
  readonly proof: string;
};
/** The answer to a right proof; any other gets a goodbye. */
export type PairAnswer = {
  readonly kind: 'paired';
  readonly server: PeerSelf & { readonly peerPort: number };
  readonly proof: string;
};
