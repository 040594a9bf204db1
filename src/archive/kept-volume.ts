/**
 * Names in the catalogue for volumes of other servers: what they recorded for this one and keep there by policy. Rows on them are listed and
 * played like others; their files are read over the peer channel. No volume of this server has such a name (volume-marker.ts).
 */
export const keptVolumeOf = (serverId: string, volumeId: string): string => `${serverId}:${volumeId}`;

/** `undefined`: it is a volume of this server. */
export function parseKeptVolume(name: string): { readonly serverId: string; readonly volumeId: string } | undefined {
  const at = name.indexOf(':');
  return at < 0 ? undefined : { serverId: name.slice(0, at), volumeId: name.slice(at + 1) };
}
