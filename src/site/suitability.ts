/** Which servers cannot be protected, whoever adds them (product F1), with the words for it. Pure. */

export type Suitability = {
  /** `process.platform`. */
  readonly platform: string;
  /** Names of frame grabber cards that were found. */
  readonly frameGrabbers: readonly string[];
};
export const UNSUITED = ['server/netbsd', 'server/frame-grabber'] as const;
export type Unsuited = { readonly code: (typeof UNSUITED)[number]; readonly message: string };

export function unsuitedBy(name: string, { platform, frameGrabbers }: Suitability): Unsuited | undefined {
  if (platform === 'netbsd')
    return { code: 'server/netbsd', message: `${name} runs NetBSD: such servers cannot be protected.` };
  if (frameGrabbers.length === 0) return undefined;
  const message = `${name} has frame grabber cards (${frameGrabbers.join(', ')}): what is plugged into them cannot be reached from here.`;
  return { code: 'server/frame-grabber', message };
}

/** As it says over the peer channel. Others than recording servers belong to a site with whatever is built in. */
export const unsuitedServer = (server: {
  readonly name: string;
  readonly mode: string;
  readonly suitability: Suitability;
}): Unsuited | undefined => (server.mode === 'recording' ? unsuitedBy(server.name, server.suitability) : undefined);

/** Of another server, as it says: one that only stands in for others is protected by nobody. */
export function unsuitedRemote(server: {
  readonly name: string;
  readonly mode: string;
  readonly platform?: { readonly os: string; readonly frameGrabbers?: readonly string[] | undefined } | undefined;
}): Unsuited | undefined {
  const { name, mode, platform } = server;
  if (mode === 'failover' || platform === undefined) return undefined;
  const { os, frameGrabbers = [] } = platform;
  return unsuitedBy(name, { platform: /^netbsd\b/i.test(os) ? 'netbsd' : os, frameGrabbers });
}
