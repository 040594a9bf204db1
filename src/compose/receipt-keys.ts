/**
 * By which key each protected server signs receipts for returned footage. It tells it in its hello, over the channel that proves who it is;
 * the first one is pinned in its record, and another one later is an alarm: its receipts count for nothing until it is authorized again.
 *
 * Belongs here: pinning. Does not: what a receipt must be (restoration/send-file.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Log } from '../core/log.ts';
import { messageOf } from '../core/errors.ts';
import type { PeerNetwork } from '../peer/network-types.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord } from '../site/peer.ts';

export type ReceiptKeysDeps = {
  readonly settings: Pick<Settings, 'peers'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly log: Log;
};
export type ReceiptKeys = {
  /** SPKI in PEM, as pinned; `undefined`: it is not connected and was never heard. */
  readonly keyOf: (serverId: string) => string | undefined;
};

export function createReceiptKeys(
  deps: ReceiptKeysDeps,
  network: Pick<PeerNetwork, 'listen' | 'statusOf'>,
): ReceiptKeys {
  /** Told already, by server. */
  const alarms = new Map<string, string>();
  // Protected no more, by a change of mode for example, it is still the one that footage is owed to.
  const recordOf = (serverId: string): PeerRecord | undefined =>
    deps.settings.peers.get().peers.find(({ id }) => id === serverId);
  const see = (serverId: string, told: string): void => {
    const record = recordOf(serverId);
    if (record === undefined || record.receiptKey === told) return;
    if (record.receiptKey === undefined) return pin(deps, serverId, told);
    if (alarms.get(serverId) === told) return;
    alarms.set(serverId, told);
    const message = `${record.name} signs receipts for returned footage with another key than before: it was reinstalled, or its keys were changed. Its receipts are not accepted, and nothing is deleted here, until it is authorized again.`;
    deps.activity.record({ severity: 'error', code: 'receipt-key-changed', message });
  };
  network.listen((event) => {
    if (event.kind === 'hello' && recordOf(event.peerId)?.watched === true) see(event.peerId, event.hello.receiptKey);
  });
  return {
    keyOf: (serverId) => {
      const record = recordOf(serverId);
      if (record?.receiptKey !== undefined) return record.receiptKey;
      // Authorized again while it was connected: its hello stands.
      const told = record?.watched === true ? network.statusOf(serverId)?.hello?.receiptKey : undefined;
      if (told !== undefined) see(serverId, told);
      return told;
    },
  };
}

function pin({ settings, log }: ReceiptKeysDeps, serverId: string, receiptKey: string): void {
  const isOpen = ({ id, receiptKey: pinned }: PeerRecord): boolean => id === serverId && pinned === undefined;
  settings.peers
    .update((file) => ({ peers: file.peers.map((peer) => (isOpen(peer) ? { ...peer, receiptKey } : peer)) }))
    .then(
      () => log.info('the receipt key of a protected server is pinned', { serverId }),
      (error: unknown) => log.error('a receipt key was not pinned', { serverId, reason: messageOf(error) }),
    );
}
