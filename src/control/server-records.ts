/**
 * The records of the other servers, as they are read and written.
 *
 * Belongs here: one record at a time. Does not: when and why it changes (known-servers.ts, introduced.ts).
 */
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord } from '../site/peer.ts';

export type ServerRecordsDeps = {
  readonly settings: Pick<Settings, 'peers'>;
  readonly network: { readonly refresh: () => void; readonly revoke: (peerId: string) => void };
  readonly onForgotten: (serverId: string) => Promise<void>;
};
export type ServerRecords = {
  /** Who is being added now; changed in place. */
  readonly underway: Set<string>;
  readonly known: (id: string) => PeerRecord | undefined;
  /** @throws server/unknown */
  readonly find: (id: string) => PeerRecord;
  readonly put: (record: PeerRecord) => Promise<void>;
  readonly drop: (id: string) => Promise<void>;
};

export function createServerRecords({ settings, network, onForgotten }: ServerRecordsDeps): ServerRecords {
  const known: ServerRecords['known'] = (id) => settings.peers.get().peers.find((peer) => peer.id === id);
  return {
    underway: new Set(),
    known,
    find: (id) => {
      const record = known(id);
      if (record !== undefined) return record;
      const message = `No server with the id ${id.slice(0, 64)} is known here.`;
      throw new UnderstudyError('not-found', 'server/unknown', message);
    },
    put: async (record) => {
      await settings.peers.update((file) => ({ peers: [...file.peers.filter(({ id }) => id !== record.id), record] }));
      network.refresh();
    },
    drop: async (id) => {
      network.revoke(id);
      await settings.peers.update((file) => ({ peers: file.peers.filter((peer) => peer.id !== id) }));
      network.refresh();
      await onForgotten(id);
    },
  };
}
