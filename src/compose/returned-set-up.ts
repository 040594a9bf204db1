/** A server that is handed its cameras back is there again: it is looked for at once, however long it could not be reached. */
import type { PeerNetwork } from '../peer/network-types.ts';
import type { PeerKeepAlive } from '../wire/peer-protocol.ts';

export function lookForReturned({
  listen,
  statusOf,
  hurry,
}: Pick<PeerNetwork, 'listen' | 'statusOf' | 'hurry'>): () => void {
  /** By who covers: the servers that it covers, and how much of each. */
  const told = new Map<string, ReadonlyMap<string, string>>();
  return listen((event) => {
    if (event.kind === 'down') told.delete(event.peerId);
    if (event.kind !== 'keep-alive') return;
    const before = told.get(event.peerId) ?? new Map<string, string>();
    const now = coveredIn(event.keepAlive);
    told.set(event.peerId, now);
    for (const [serverId, words] of before)
      if (now.get(serverId) !== words && statusOf(serverId)?.connected === false) hurry(serverId);
  });
}

const coveredIn = ({ covering }: PeerKeepAlive): ReadonlyMap<string, string> =>
  new Map(covering.map(({ serverId, state, streams }) => [serverId, `${state} ${streams.length}`]));
