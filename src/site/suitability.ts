/** Which servers cannot be protected, whoever adds them (product F1), with the words for it. Pure. */

export type Suitability = {
  /** `process.platform`. */
  readonly platform: string;
  /** Names of frame grabber cards that were found. */
  readonly frameGrabbers: readonly string[];
};
export type Unsuited = { readonly code: 'server/netbsd' | 'server/frame-grabber'; readonly message: string };

export function unsuitedBy(name: string, { platform, frameGrabbers }: Suitability): Unsuited | undefined {
  if (platform === 'netbsd')
    return { code: 'server/netbsd', message: `${name} runs NetBSD: such servers cannot be protected.` };
  if (frameGrabbers.length === 0) return undefined;
  const message = `${name} has frame grabber cards (${frameGrabbers.join(', ')}): what is plugged into them cannot be reached from here.`;
  return { code: 'server/frame-grabber', message };
}

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
