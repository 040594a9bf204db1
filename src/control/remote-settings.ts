/**
 * Failover settings of a member, read and changed from its host over the peer channel: `failover.settings`, `failover.change`.
 *
 * Belongs here: both ends of that. Does not: the settings and their rules (site/failover-settings.ts), the routes.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { changedSettings, failoverChangeSchema, failoverSettingsSchema } from '../site/failover-settings.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import { isHost } from '../site/host-role.ts';
import type { CheckPlaces } from './failover-places.ts';
import { refuseAgainstSite } from './site-policies.ts';

export type RemoteSettings = { readonly settings: FailoverSettings; readonly revision: string };
export type FailoverChange = z.output<typeof failoverChangeSchema>;

const revisionSchema = z.string().regex(/^[\w-]{1,64}$/);
const changeParams = z.strictObject({
  change: failoverChangeSchema,
  /** Who asks for it at the host, for the log here. */
  by: z.string().max(128),
  /** Only if one of these is what is there now. */
  expected: z.array(revisionSchema).max(16).optional(),
});
const answerSchema = z.strictObject({ settings: failoverSettingsSchema, revision: revisionSchema });

const revisionOf = (settings: FailoverSettings): string =>
  createHash('sha256').update(JSON.stringify(settings)).digest('base64url').slice(0, 22);

export type MemberDeps = {
  /** `failover`: with what the site decides over it. */
  readonly settings: Pick<Settings, 'failover' | 'server' | 'peers' | 'site'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly checkPlaces: CheckPlaces;
};
/** On the member. @throws peer/params, failover/site-policy, failover/directory, failover/volume, settings/changed */
export function createSettingsAnswers({ settings, activity, checkPlaces }: MemberDeps): {
  readonly read: () => RemoteSettings;
  readonly change: (hostName: string, params: unknown) => Promise<RemoteSettings>;
} {
  const read = (): RemoteSettings => {
    const now = settings.failover.get();
    return { settings: now, revision: revisionOf(now) };
  };
  return {
    read,
    change: async (hostName, params) => {
      const { change, by, expected } = paramsIn(params);
      refuseAgainstSite(settings, change);
      const check = (): void => {
        if (expected !== undefined && !expected.includes(read().revision)) throw changedMeanwhile();
      };
      check(); // before a folder is made
      await checkPlaces(change);
      await settings.failover.update((own) => {
        check();
        return changedSettings(own, change);
      });
      const message = `The failover settings were changed at the host ${hostName}.`;
      activity.record({ severity: 'info', code: 'failover-settings-changed', message, user: by });
      return read();
    },
  };
}

function paramsIn(params: unknown): z.output<typeof changeParams> {
  const parsed = changeParams.safeParse(params);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const message = `failover.change expects a change of failover settings: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  throw new UnderstudyError('protocol', 'peer/params', message.slice(0, 500));
}

export const SETTINGS_CHANGED = 'settings/changed';
const changedMeanwhile = (): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    SETTINGS_CHANGED,
    'Somebody else changed these settings meanwhile: read them again, then repeat the change.',
  );

/** At the host: of one of its members. */
export type RemoteSettingsApi = {
  /** @throws server/unknown, server/not-managed, peer/not-connected */
  readonly read: (serverId: string) => Promise<RemoteSettings>;
  /** `expected`: revisions that the caller knows; undefined: whatever is there. @throws as `read`, settings/changed, failover/site-policy */
  readonly change: (
    serverId: string,
    change: FailoverChange,
    more: { readonly user: string; readonly expected: readonly string[] | undefined },
  ) => Promise<RemoteSettings>;
};
export type HostDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
  readonly activity: Pick<ActivityLog, 'record'>;
};
export function createRemoteSettings({ settings, request, activity }: HostDeps): RemoteSettingsApi {
  const memberOf = (serverId: string): { readonly id: string; readonly name: string } => {
    const peer = settings.peers.get().peers.find(({ id }) => id === serverId);
    if (peer === undefined) {
      const message = `No server with the id ${serverId.slice(0, 64)} is known here.`;
      throw new UnderstudyError('not-found', 'server/unknown', message);
    }
    if (isHost(settings.server.get())) return peer;
    const message = `This server does not manage ${peer.name}: its settings are changed there, or at its host.`;
    throw new UnderstudyError('conflict', 'server/not-managed', message);
  };
  return {
    read: async (serverId) => answerIn(await request(memberOf(serverId).id, 'failover.settings', {})),
    change: async (serverId, change, { user, expected }) => {
      const { id, name } = memberOf(serverId);
      const answer = answerIn(await request(id, 'failover.change', { change, by: user, expected }));
      const message = `The failover settings of ${name} were changed.`;
      activity.record({ severity: 'info', code: 'failover-settings-changed', message, user });
      return answer;
    },
  };
}

function answerIn(answer: unknown): RemoteSettings {
  const parsed = answerSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const message =
    'The other server answers with settings that this release does not know: update the older of the two.';
  throw new UnderstudyError('protocol', 'server/answer', message);
}
