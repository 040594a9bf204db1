/** What bench/site.ts and its simulated members tell each other. */
export type MemberIdentity = {
  readonly id: string;
  readonly fingerprint: string;
  readonly mode: 'recording' | 'failover';
  readonly name: string;
};
export type SimulatedHost = { readonly id: string; readonly fingerprint: string; readonly peerPort: number };
/** As many as a host can know. */
export const MAX_SERVERS_OF_ONE_BENCH = 256;
