/**
 * Where the API of a server of the site is found: of this box itself directly, of another one through its host, which carries requests
 * to it with the rights of whoever is signed in here.
 */
import { server } from '../app/stores.ts';

/** The path below `/api/v1` of `path` at the server `serverId`. */
export function serverPath(serverId: string, path: string): string {
  return serverId === server.peek()?.id ? path : `/servers/${encodeURIComponent(serverId)}/api${path}`;
}
