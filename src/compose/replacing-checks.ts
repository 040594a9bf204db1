/** What must hold before a failover server takes the place of one that it acts for, and what else follows from it, in words. */
import { managerOf } from '../site/membership.ts';
import { UnderstudyError } from '../core/errors.ts';
import { pushKeyOf } from '../core/push-key.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import type { FailoverParts } from './failover-box.ts';
import { isProtected } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { heldHere } from './known-set-up.ts';

/** The newest settings backup of the original. @throws what stands against it */
export function checkActing(parts: FailoverParts, side: Side, serverId: string): SettingsBackup {
  const { settings } = parts;
  const record = side.known.find(serverId);
  const { name, replacedBy } = record;
  if (replacedBy !== undefined) throw refused('replace/again', `${name} was replaced by ${replacedBy.name} already.`);
  if (settings.server.get().mode !== 'failover' || !isProtected(parts, serverId))
    throw refused(
      'replace/not-acting',
      `This server does not protect ${name}: only one that acts for it can take its place.`,
    );
  const state = side.watch.stateOf(serverId);
  if (!Object.values(state?.wanted ?? {}).some(({ covered }) => covered))
    throw refused(
      'replace/not-acting',
      `${name} records its cameras itself, none of them is recorded here: take it over first (understudy takeover).`,
    );
  const backup = side.backups.latest(serverId);
  if (backup !== undefined) return backup;
  throw refused('replace/no-settings', `There is no settings backup of ${name} here that can be used.`);
}

const refused = (code: string, message: string): UnderstudyError => new UnderstudyError('conflict', code, message);

/** Before this server itself takes the place: one that records its own cameras covers nobody, and gives nothing back. */
/** In a site the host is asked: it has to know who is who. */
export function refuseManaged({ settings }: FailoverParts): void {
  const host = managerOf(settings.peers.get().peers);
  if (host === undefined) return;
  throw refused('replace/managed', `This server belongs to the site of ${host.name}: replace servers there.`);
}

export function refuseOthers(parts: FailoverParts, side: Side, serverId: string): void {
  for (const { id, name, watched } of parts.settings.peers.get().peers) {
    const held = watched && id !== serverId ? heldHere(parts, side, id) : undefined;
    if (held === undefined) continue;
    const message = `This server has footage of ${name} that is not home: ${held.words}. Restore ${name} first.`;
    throw refused('failover/covering', message);
  }
}

/** Of a successor that records already. */
export function warningsOfOther(original: SettingsBackup, { name, settings: { cameras } }: SettingsBackup): string[] {
  const lost = cameras.map((camera) => camera.name).join(', ');
  const pushing = pushingIn(original);
  return [
    ...(lost === '' ? [] : [`${name} records these no more, their footage stays there: ${lost}.`]),
    ...(pushing === '' ? [] : [`These push by RTMP and must be given the address of ${name}: ${pushing}.`]),
  ];
}

const pushingIn = ({ settings: { cameras } }: SettingsBackup): string =>
  cameras
    .filter(({ main }) => pushKeyOf(main.url) !== undefined)
    .map(({ name }) => name)
    .join(', ');

export function warningsOf({ settings }: FailoverParts, side: Side, backup: SettingsBackup): string[] {
  const { serverId, name, settings: original } = backup;
  const others = settings.peers.get().peers.filter((peer) => peer.watched && peer.enabled && peer.id !== serverId);
  const own = settings.cameras.get().cameras.length;
  const wanted = Object.values(side.watch.stateOf(serverId)?.wanted ?? {});
  const missing = new Set(wanted.flatMap(({ covered, stream }) => (covered ? [] : [stream.cameraId])));
  const notRecorded = original.cameras
    .filter(({ id }) => missing.has(id))
    .map((camera) => camera.name)
    .join(', ');
  const pushing = pushingIn(backup);
  return [
    ...(others.length === 0
      ? []
      : [`This server protects nobody any more then: ${others.map((peer) => peer.name).join(', ')} need another one.`]),
    ...(own === 0 ? [] : [`The ${own} cameras in the settings of this server are replaced by those of ${name}.`]),
    ...(notRecorded === '' ? [] : [`Not recorded here now: ${notRecorded}.`]),
    ...(pushing === '' ? [] : [`These push by RTMP and must be given the address of this server: ${pushing}.`]),
    ...(original.server.returnShare === undefined
      ? []
      : [`The share for returned footage of ${name} is not taken along.`]),
  ];
}
