/** Backup and restore of this server's own settings, by its owner. */
import type { z } from 'zod';
import { signedIn } from '../caller.ts';
import {
  backUpSettingsRequest,
  MAX_RESTORE_BYTES,
  restoreSettingsRequest,
  restoreSettingsResult,
} from '../contract/own-backup.ts';
import type { RestoreSettingsResult } from '../contract/own-backup.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type OwnBackupDeps = {
  readonly backUp: (passphrase: string, user: string) => Promise<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** @throws UnderstudyErrors that say what stands against it */
  readonly restore: (asked: z.output<typeof restoreSettingsRequest>, user: string) => Promise<RestoreSettingsResult>;
};

const FILE = 'application/octet-stream';

export function ownBackupRoutes(deps: OwnBackupDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/server/settings/backup',
        summary: 'The settings of this server with the passwords of its cameras, in a file that the passphrase opens',
        access: 'owner',
        body: backUpSettingsRequest,
        response: { mediaType: FILE },
        problems: { 409: 'settings-backup/busy' },
      },
      async ({ body, caller }) => {
        const { name, bytes } = await deps.backUp(body.passphrase, signedIn(caller).name);
        const headers = { 'content-disposition': `attachment; filename="${name}"` };
        return { kind: 'bytes', body: bytes, mediaType: FILE, headers };
      },
    ),
    route(
      {
        method: 'POST',
        path: '/server/settings/restore',
        summary:
          'Shows what a backup would change; with the name of this server as confirmation, changes all of it or nothing',
        access: 'owner',
        body: restoreSettingsRequest,
        maxBodyBytes: MAX_RESTORE_BYTES,
        response: { json: restoreSettingsResult },
        problems: {
          409: 'failover/covering, settings/changed, settings-backup/other-server, camera/no-seat',
          422: 'settings-backup/passphrase, /damaged, /foreign, /newer, /unusable, /not-confirmed',
        },
      },
      async ({ body, caller }) => json(await deps.restore(body, signedIn(caller).name)),
    ),
  ];
}
