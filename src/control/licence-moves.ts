/**
 * Licences of a replaced server go with its identity (docs/design/replacement.md): on a host those that were for it are for its successor.
 * The successor has the server's own from its settings (adopting.ts); the server itself drops them when it begins anew (replaced-side.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Cancel } from '../core/clock.ts';
import type { Settings } from '../settings/settings.ts';
import type { LicencesFile } from '../site/licence-records.ts';
import { movedLicences } from '../site/licence-seats.ts';

export type MovesDeps = {
  readonly settings: Pick<Settings, 'licences' | 'peers'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly update: (change: (file: LicencesFile) => LicencesFile) => Promise<void>;
  readonly inBackground: (work: Promise<void>) => void;
};

export function followReplacements(deps: MovesDeps): Cancel {
  const { settings, inBackground } = deps;
  const follow = (): void => inBackground(handOn(deps));
  follow();
  return settings.peers.onChange(follow);
}

/** Once for each: afterwards no licence is for the replaced server, and what its successor has is its own. */
async function handOn({ settings, update, activity }: MovesDeps): Promise<void> {
  for (const { id: from, name, replacedBy } of settings.peers.get().peers) {
    const isTheirs = ({ licences }: LicencesFile): boolean => licences.some(({ serverId }) => serverId === from);
    if (replacedBy === undefined || !isTheirs(settings.licences.get())) continue;
    const to = replacedBy.id;
    let isMoved = false;
    await update((file) => {
      if (!isTheirs(file)) return file;
      isMoved = true;
      return { ...file, licences: [...movedLicences(file.licences, { from, to }).licences] };
    });
    if (!isMoved) continue;
    const message = `The licences of ${name} are those of its successor now; what that server had is overwritten.`;
    activity.record({ severity: 'info', code: 'licences-moved', message });
  }
}
