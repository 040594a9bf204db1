/**
 * The servers whose cameras are shown here, and how they are asked. Types only; control gives the functions.
 * On a host they are itself and its members; on any other box itself alone.
 */
import type { SiteGateway } from '../../control/site-gateway.ts';

export type ServerRef = { readonly id: string; readonly name: string };
export type SiteLink = {
  /** This server itself always. */
  readonly isReachable: boolean;
  /** Wall milliseconds; of one that is not reachable and was seen. */
  readonly awaySince: number | undefined;
};
export type SiteServer = ServerRef & SiteLink & { readonly isFailover: boolean };
/** A camera of another server that `by` records now, by its own word. */
export type SiteCover = {
  readonly by: ServerRef;
  readonly cameraId: string;
  /** Its main stream becomes durable there. */
  readonly isRecording: boolean;
};
export type SiteServers = {
  readonly ownId: () => string;
  readonly isHost: () => boolean;
  /** This one first. */
  readonly all: () => readonly SiteServer[];
  /** Of those that are reachable, and of this server. */
  readonly covers: () => readonly SiteCover[];
  /** How it is with a server that is not asked here. */
  readonly linkOf: (serverId: string) => SiteLink;
  readonly gateway: Pick<SiteGateway, 'request' | 'socket'>;
  /** Another number than before: somebody changed something at this server, through this one. */
  readonly changesAt: SiteGateway['changesAt'];
};
