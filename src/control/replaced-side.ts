/**
 * What this server does when another one was put in its place: it hears so (`site.replaced`), keeps it, records nothing any more,
 * says so, and begins anew only when its owner wants that (docs/design/replacement.md).
 *
 * Belongs here: that side. Does not: the replacement itself (replacing.ts), what is not recorded then (recording-side.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import { isoOf } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import { replacedBySchema } from '../site/replacement.ts';
import type { ReplacedBy } from '../site/replacement.ts';
import { checkWatcher } from './protected-side.ts';

export type ReplacedSideDeps = {
  readonly settings: Pick<Settings, 'server' | 'cameras' | 'secrets' | 'licences' | 'peers'>;
  /** Tells another server to forget this one. */
  readonly sayForget: (peerId: string) => Promise<void>;
  /** Nobody is known any more. */
  readonly forgotten: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
};
export type ReplacedSide = {
  /** `site.replaced` of whoever protects or manages this server; again is nothing new. @throws peer/not-yours, peer/params */
  readonly take: (peerId: string, params: unknown) => Promise<void>;
  /** @throws replace/not-replaced, replace/not-confirmed */
  readonly clear: (confirm: string | undefined, user: string) => Promise<void>;
  readonly healthItems: () => readonly HealthItem[];
};

export function createReplacedSide({ settings, activity, sayForget, forgotten }: ReplacedSideDeps): ReplacedSide {
  return {
    take: async (peerId, params) => {
      checkWatcher(settings, peerId);
      const { id: ownId } = settings.server.get();
      const by = replacedIn(params);
      if (by.id === ownId) throw notItself();
      const before = settings.server.get().replacedBy;
      if (before?.id === by.id) return;
      await settings.server.update((server) => ({ ...server, replacedBy: by }));
      activity.record({ severity: 'error', code: 'replaced', message: wordsOf(by) });
    },
    clear: async (confirm, user) => {
      const { name, replacedBy } = settings.server.get();
      if (replacedBy === undefined)
        throw new UnderstudyError('conflict', 'replace/not-replaced', `${name} was not replaced by another server.`);
      const { cameras } = settings.cameras.get();
      if (confirm !== name) {
        const message = `${cameras.length} cameras are removed here, for ${replacedBy.name} records them now; footage stays. Confirm with the name of this server, ${name}.`;
        throw new UnderstudyError('invalid', 'replace/not-confirmed', message);
      }
      // Cameras first: in the middle of it this server still records nothing.
      await settings.cameras.update(() => ({ cameras: [] }));
      await settings.secrets.set(new Map(cameras.map(({ id }) => [cameraSecretName(id), undefined])));
      // Its successor has them; one licence is not in two places.
      await settings.licences.update((file) => ({ ...file, licences: [] }));
      // Whoever protected or managed it did so for what it was.
      const { peers } = settings.peers.get();
      await Promise.allSettled(peers.map(async ({ id: peerId }) => await sayForget(peerId)));
      await settings.peers.update(() => ({ peers: [] }));
      forgotten();
      await settings.server.update(({ replacedBy: _gone, ...server }) => server);
      const message = `${name} begins anew, without the ${cameras.length} cameras that ${replacedBy.name} records in its place.`;
      activity.record({ severity: 'warning', code: 'replaced-cleared', message, user });
    },
    healthItems: () => {
      const by = settings.server.get().replacedBy;
      if (by === undefined) return [];
      return [{ code: 'replaced', severity: 'error', message: wordsOf(by), since: isoOf(epochMs(by.at)) }];
    },
  };
}

const wordsOf = ({ name, id, at }: ReplacedBy): string =>
  `${name} (${id}) took the place of this server on ${isoOf(epochMs(at))}: nothing is recorded here any more. Its owner sets it up anew with understudy replaced clear.`;

/** It is trusted by nobody anew before its owner has said so. @throws server/replaced */
export function refuseReplaced({ settings }: { readonly settings: Pick<Settings, 'server'> }): void {
  const by = settings.server.get().replacedBy;
  if (by !== undefined) throw new UnderstudyError('conflict', 'server/replaced', wordsOf(by));
}

const notItself = (): UnderstudyError =>
  new UnderstudyError(
    'invalid',
    'peer/params',
    'No server takes its own place: site.replaced names this server itself.',
  );

/** @throws peer/params */
function replacedIn(params: unknown): ReplacedBy {
  const parsed = replacedBySchema.safeParse(params);
  if (parsed.success) return parsed.data;
  const message = `site.replaced expects who is in the place of this server: ${parsed.error.issues[0]?.message ?? 'malformed'}`;
  throw new UnderstudyError('protocol', 'peer/params', message);
}
