/** Licences in settings backups, and in the settings of whoever takes the place of another server. */
import test from 'ava';
import { z } from 'zod';
import { adopt } from '../../src/control/adopting.ts';
import { createSettingsDocument } from '../../src/control/settings-document.ts';
import type { Settings, UsersFile } from '../../src/settings/settings.ts';
import { tokenRecordSchema, userRecordSchema } from '../../src/site/account.ts';
import { adoptionHash } from '../../src/site/adoption.ts';
import { settingsBackupSchema } from '../../src/site/settings-backup.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { cameraOf, memoryFile, memorySettings, OWN_ID, serverIdOf } from '../support/memory-settings.ts';

const ISSUER = createIssuer();
const usersSchema: z.ZodType<UsersFile> = z.strictObject({
  users: z.array(userRecordSchema),
  tokens: z.array(tokenRecordSchema),
});
function settingsWith(given: Parameters<typeof memorySettings>[0]): Settings {
  const users = memoryFile(usersSchema, { users: [], tokens: [] });
  const secrets = { get: () => undefined, set: async () => await Promise.resolve() };
  return { ...memorySettings(given), users, secrets } as unknown as Settings;
}
const recordOf = (id: string, more: object = {}) => ({ text: licenceOf(ISSUER, { id }), addedAt: 1, ...more });
const documentOf = (settings: Settings) =>
  createSettingsDocument({
    settings,
    version: '0.1.0',
    clock: createFakeClock(),
    suitability: { platform: 'linux', frameGrabbers: [] },
  });

test('a settings backup has the licences of the server, and another revision when they change', async (t) => {
  const settings = settingsWith({ mode: 'recording', cameras: [cameraOf('door')] });
  const { document, revision } = documentOf(settings);
  const before = revision();
  t.false('licences' in document().settings, 'none: the backup is as it was without them');
  await settings.licences.update((file) => ({ ...file, licences: [recordOf('a')] }));
  t.not(revision(), before);
  t.deepEqual(settingsBackupSchema.parse(document()).settings.licences, [recordOf('a')]);
  const changed = revision();
  await settings.licences.update((file) => ({ ...file, latest: 7 }));
  t.is(revision(), changed, 'what changes by itself makes no new backup');
});

test('whoever takes the place of a server has its licences and no longer its own, however often it is written', async (t) => {
  const original = settingsWith({
    mode: 'recording',
    cameras: [cameraOf('door')],
    licences: { licences: [recordOf('a'), recordOf('b', { serverId: serverIdOf(4) })] },
  });
  await original.server.update((server) => ({ ...server, id: serverIdOf(4), name: 'Hall' }));
  const backup = documentOf(original).document().settings;
  const own = settingsWith({ mode: 'failover', licences: { licences: [recordOf('own')], latest: 5 } });
  for (let turn = 0; turn < 2; turn += 1) {
    await adopt(own, backup, { epoch: 9, hash: adoptionHash(backup) });
    t.deepEqual(own.licences.get().licences, [
      recordOf('a', { vouched: true }),
      recordOf('b', { serverId: OWN_ID, vouched: true }),
    ]);
    t.is(own.licences.get().latest, 5);
  }
});

test('a server without licences leaves those of its replacement alone', async (t) => {
  const original = settingsWith({ mode: 'recording', cameras: [cameraOf('door')] });
  const backup = documentOf(original).document().settings;
  const own = settingsWith({ mode: 'failover', licences: { licences: [recordOf('own')] } });
  await adopt(own, backup, { epoch: 9, hash: adoptionHash(backup) });
  t.deepEqual(own.licences.get().licences, [recordOf('own')]);
});
