/** What somebody types about a server, and what of it is a change. Pure. */
import type { ChangeServer, KnownServer } from '../../../api/servers.ts';

export type Draft = {
  readonly name: string;
  readonly dialsIn: boolean;
  readonly host: string;
  readonly httpPort: string;
  readonly peerPort: string;
  readonly locked: boolean;
};

export const draftOf = (name: string, known: KnownServer | undefined): Draft => ({
  name,
  dialsIn: known !== undefined && known.host === undefined,
  host: known?.host ?? '',
  httpPort: String(known?.httpPort ?? ''),
  peerPort: String(known?.peerPort ?? ''),
  locked: known?.locked ?? false,
});

/** Only what differs from what was read; of nothing that was read, nothing. */
export function changeOf(draft: Draft, before: KnownServer | undefined): ChangeServer {
  if (before === undefined) return {};
  const was = draftOf(draft.name, before);
  const host = draft.dialsIn ? '' : draft.host.trim();
  const change: ChangeServer = {};
  if (host !== was.host) change.host = host === '' ? null : host;
  if (draft.httpPort !== was.httpPort && draft.httpPort !== '') change.httpPort = Number(draft.httpPort);
  if (draft.peerPort !== was.peerPort && draft.peerPort !== '') change.peerPort = Number(draft.peerPort);
  if (draft.locked !== was.locked) change.locked = draft.locked;
  return change;
}
