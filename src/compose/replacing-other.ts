/**
 * Replacing a protected server by another recording server: the steps. The failover server that acts for the original drives it; once
 * the successor has the settings, it gets cameras and footage as if it were the original that returned (docs/design/replacement.md).
 *
 * Belongs here: what must hold, and these steps. Does not: the other way (replacing-set-up.ts), the channel of the successor being
 * heard as the original's (hearing.ts).
 */
import { z } from 'zod';
import { nameOfServer } from '../control/failover-api.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { isHost } from '../site/host-role.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { Replacement } from '../site/replacement.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import { isProtected } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { heldHere } from './known-set-up.ts';
import type { Peers } from './peer-set-up.ts';

/** Settings of 128 cameras are written, one file after the other, on a slow disk. */
const ADOPT_WITHIN = durationMs(30_000);
type Place = { readonly parts: FailoverParts; readonly peers: Peers; readonly side: Side };

/** The newest settings of the successor. @throws what stands against it */
export function checkSuccessor({ parts, peers, side }: Place, by: string): SettingsBackup {
  const { name, mode, replacedBy } = side.known.find(by);
  const unfit = (why: string): UnderstudyError =>
    new UnderstudyError('conflict', 'replace/successor', `${name} cannot take the place of another server: ${why}.`);
  if (replacedBy !== undefined) throw unfit('it was replaced itself');
  if (mode !== 'recording') throw unfit(`it is in mode ${mode}, and only a recording server can`);
  if (!isProtected(parts, by)) throw unfit('this server does not protect it, or has given it another place already');
  if (!peers.connected().includes(by)) throw unfit('it is not connected');
  const state = side.watch.stateOf(by);
  if (state === undefined || state.trouble !== undefined || state.takeover !== undefined) throw unfit('it is not well');
  const held = heldHere(parts, side, by);
  if (held !== undefined) throw unfit(`its footage is not home: ${held.words}`);
  const backup = side.backups.latest(by);
  if (backup !== undefined) return backup;
  throw unfit('there is no settings backup of it here, so that nobody could say what is overwritten');
}

const adoptedAnswer = z.looseObject({ hash: z.string() });

/** The original's record is a tombstone already: what the successor says is heard as of the original. */
export async function handToSuccessor(
  { peers, side }: Place,
  { id, serverId, by, hash, epoch }: Replacement,
  backup: SettingsBackup,
): Promise<void> {
  await side.restoration.readdress(serverId, by);
  const { result } = await peers.network.request(
    by,
    'site.adopt',
    { id, hash, epoch, backup },
    { via: 'bulk', timeoutMs: ADOPT_WITHIN },
  );
  const answer = adoptedAnswer.safeParse(result);
  if (!answer.success || answer.data.hash !== hash)
    throw new UnderstudyError('protocol', 'replace/differs', 'The successor does not say that it has these settings.');
  hearAsOriginal({ peers, side }, { serverId, by });
}

function hearAsOriginal(
  { peers, side }: Pick<Place, 'peers' | 'side'>,
  { serverId, by }: Pick<Replacement, 'serverId' | 'by'>,
): void {
  // Its connection stands since before: for the machine of the original it is new.
  const status = peers.network.statusOf(by);
  if (status?.connected === true && status.hello !== undefined) {
    side.watch.hear({ peerId: serverId, kind: 'up' });
    side.watch.hear({ peerId: serverId, kind: 'hello', hello: { instance: status.hello.instance } });
  }
  // A takeover by hand ends with this command, and nobody waits for calm.
  side.watch.tell(serverId, { kind: 'restore' });
}

/**
 * Another failover server drives the replacement, the host told of it, and cameras or footage of the original are here too: they go to
 * the successor all the same. Called again and again until it is over.
 */
export function createFollowing(place: Place): (isDrivenHere: (serverId: string) => boolean) => Promise<void> {
  const { parts, side } = place;
  const begun = new Set<string>();
  const follow = async ({ id: serverId, name, replacedBy }: PeerRecord): Promise<void> => {
    if (replacedBy === undefined) return;
    const { id: by, name: byName } = replacedBy;
    if (!begun.has(serverId)) {
      await side.restoration.readdress(serverId, by);
      hearAsOriginal(place, { serverId, by });
      begun.add(serverId);
    }
    if (side.watch.stateOf(serverId) !== undefined) await endOfHandOver(place, { serverId, by, name, byName });
    await letGo(parts, serverId);
    begun.delete(serverId);
    await side.backups.forget(serverId);
  };
  return async (isDrivenHere) => {
    const { id: ownId } = parts.settings.server.get();
    for (const record of parts.settings.peers.get().peers) {
      const isOthers = record.watched && record.replacedBy !== undefined && record.replacedBy.id !== ownId;
      if (isOthers && !isDrivenHere(record.id))
        // Its cameras or its footage are on their way still: looked at again.
        await follow(record).catch((error: unknown) =>
          parts.log.debug('a replaced server is followed', { serverId: record.id, reason: messageOf(error) }),
        );
    }
  };
}

/** A host keeps the record: by it the original is told when it returns. */
async function letGo({ settings }: FailoverParts, serverId: string): Promise<void> {
  const isKept = isHost(settings.server.get());
  await settings.peers.update(({ peers }) => ({
    peers: peers.flatMap((one): readonly PeerRecord[] => {
      if (one.id !== serverId) return [one];
      return isKept ? [{ ...one, watched: false, watcher: false }] : [];
    }),
  }));
}

/** @throws replace/handing-over while cameras or footage are on their way */
export async function endOfHandOver(
  { parts, side }: Place,
  { serverId, by, byName, name }: Pick<Replacement, 'serverId' | 'by' | 'byName' | 'name'>,
): Promise<void> {
  const state = side.watch.stateOf(serverId);
  const { length: covered } = Object.keys(state?.wanted ?? {});
  const onTheirWay = side.restoration
    .list()
    .filter(({ order, finishedAt }) => order.serverId === by && finishedAt === undefined);
  const isOver = state !== undefined && covered === 0 && state.restoring.length === 0 && state.takeover === undefined;
  if (!isOver || onTheirWay.length > 0) {
    const what =
      covered > 0 ? `${covered} streams are recorded here until it records them` : 'its footage is on its way to it';
    const message = `${byName} has the settings of ${name}; ${what}.`;
    throw new UnderstudyError('unavailable', 'replace/handing-over', message);
  }
  // Before it is watched by itself: else nothing of it would be kept ready until the next backup.
  await side.backups.take(by, 'change');
  parts.log.info('a server is in the place of another one', { by: nameOfServer(parts.settings, by), serverId });
}
