/** What the media process and the RTMP child say to each other over Node's channel. */
export type ToChild = { readonly kind: 'keys'; readonly keys: readonly string[] };
export type FromChild = {
  readonly kind: 'ready';
  /** Loopback port where a push is fetched as `http://127.0.0.1:PORT/live/KEY.flv`. */
  readonly flvPort: number;
  /** LAN port where cameras push to. */
  readonly port: number;
};
