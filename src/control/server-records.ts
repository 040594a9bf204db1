/**
 * The records of the other servers, as they are read and written.
 *
 * Belongs here: one record at a time. Does not: when and why it changes (known-servers.ts, introduced.ts).
 */
import { isDeepStrictEqual } from 'node:util';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { peerRecordSchema } from '../site/peer.ts';
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
  /** From what stands when its turn comes; undefined changes nothing, what `make` throws refuses. */
  readonly write: (
    id: string,
    make: (now: PeerRecord | undefined, all: readonly PeerRecord[]) => PeerRecord | undefined,
  ) => Promise<void>;
  readonly drop: (id: string) => Promise<void>;
};

export function createServerRecords({ settings, network, onForgotten }: ServerRecordsDeps): ServerRecords {
  const known: ServerRecords['known'] = (id) => settings.peers.get().peers.find((peer) => peer.id === id);
  const write: ServerRecords['write'] = async (id, make) => {
    await settings.peers.update((file) => {
      const others = file.peers.filter((peer) => peer.id !== id);
      const made = make(
        file.peers.find((peer) => peer.id === id),
        file.peers,
      );
      return made === undefined ? file : { peers: [...others, made] };
    });
    network.refresh();
  };
  return {
    underway: new Set(),
    known,
    find: (id) => {
      const record = known(id);
      if (record !== undefined) return record;
      const message = `No server with the id ${id.slice(0, 64)} is known here.`;
      throw new UnderstudyError('not-found', 'server/unknown', message);
    },
    write,
    put: async (record) => await write(record.id, () => record),
    drop: async (id) => {
      network.revoke(id);
      await settings.peers.update((file) => ({ peers: file.peers.filter((peer) => peer.id !== id) }));
      network.refresh();
      await onForgotten(id);
    },
  };
}

/** `ours`, which was made from `base`; but what others changed in it since is as it is now. */
export function rebased(
  ours: PeerRecord,
  { base, now }: { readonly base: PeerRecord; readonly now: PeerRecord },
): PeerRecord {
  const values = peerRecordSchema
    .keyof()
    .options.map((key) => [key, isDeepStrictEqual(now[key], base[key]) ? ours[key] : now[key]] as const);
  return peerRecordSchema.parse(Object.fromEntries(values.filter(([, value]) => value !== undefined)));
}
