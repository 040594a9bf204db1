/** The part of node-media-server 4.4 that is used; the package has no declarations. */
declare module 'node-media-server' {
  type Config = {
    readonly bind: string;
    readonly rtmp: { readonly port: number };
    readonly http: { readonly port: number };
    readonly webadmin: { readonly enable: boolean };
    readonly auth: { readonly play: boolean; readonly publish: boolean };
    readonly store: { readonly path: string };
  };
  /** `socket` is there for RTMP, not for FLV over HTTP. */
  export type Session = {
    readonly streamPath: string;
    readonly socket?: { readonly destroy: () => void };
    readonly close: () => void;
    readonly broadcast: { publishGraceMs: number; readonly flvGopCache: Set<unknown> | null };
  };
  export default class NodeMediaServer {
    constructor(config: Config);
    on(event: 'prePublish' | 'postPlay', listener: (session: Session) => void): void;
    run(): Promise<void>;
  }
}
