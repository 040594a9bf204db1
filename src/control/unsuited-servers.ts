/**
 * Members of this host that cannot be protected any more: a card was built in, or their system is another one. Each hello says it.
 *
 * Belongs here: when that is told, and what. Does not: the judgement (site/suitability.ts), refusing them when they are added
 * (authorization.ts), servers that this one protects itself, of which its readiness checks tell (cover/server-checks.ts).
 *
 * Nothing survives a restart: what is so then is told once more, with the first hello.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf } from '../core/clock.ts';
import type { EpochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import { isGuarded } from '../site/introductions.ts';
import { membersOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { unsuitedServer } from '../site/suitability.ts';
import type { Suitability, Unsuited } from '../site/suitability.ts';

export type UnsuitedServersDeps = {
  readonly settings: Pick<Settings, 'peers' | 'server'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now'>;
};
export type UnsuitedServers = {
  /** From each hello. */
  readonly see: (serverId: string, told: Told) => void;
  readonly healthItems: () => readonly HealthItem[];
};
type Told = Pick<PeerRecord, 'mode'> & { readonly suitability: Suitability };
type Seen = Unsuited & { readonly since: EpochMs };

export function createUnsuitedServers({ settings, activity, clock }: UnsuitedServersDeps): UnsuitedServers {
  const seen = new Map<string, Seen>();
  /** Those of which nobody else here tells. */
  const members = (): readonly PeerRecord[] =>
    isHost(settings.server.get()) ? membersOf(settings.peers.get().peers).filter((record) => !isGuarded(record)) : [];
  return {
    see: (serverId, { mode, suitability }) => {
      const member = members().find(({ id }) => id === serverId);
      const before = seen.get(serverId);
      const unsuited = member && unsuitedServer({ name: member.name, mode, suitability });
      if (unsuited === undefined) {
        seen.delete(serverId);
        if (before !== undefined && member !== undefined) activity.record(suited(member));
        return;
      }
      seen.set(serverId, { ...unsuited, since: before?.since ?? clock.now() });
      if (before?.message === unsuited.message) return;
      activity.record({ severity: 'warning', code: 'server-unsuited', message: wordsOf(unsuited) });
    },
    healthItems: () =>
      members().flatMap(({ id }) => {
        const found = seen.get(id);
        if (found === undefined) return [];
        const since = isoOf(found.since);
        return [{ code: 'server-unsuited', severity: 'warning' as const, message: wordsOf(found), since }];
      }),
  };
}

const wordsOf = ({ message }: Unsuited): string =>
  `${message} It was added before that was so: what can be reached of it is covered still, the rest is not. Take the hardware out, or let another server record there.`;

const suited = ({ name }: PeerRecord): Parameters<ActivityLog['record']>[0] => ({
  severity: 'info',
  code: 'server-suited',
  message: `${name} can be protected again: nothing in it speaks against it any more.`,
});
