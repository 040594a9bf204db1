/** What a host that has the accounts of the site besides its own backs up, and what becomes of them when it takes the place of a server. */
import test from 'ava';
import { adopt, identityOf } from '../../src/control/adopting.ts';
import { createSettingsDocument } from '../../src/control/settings-document.ts';
import type { Settings } from '../../src/settings/settings.ts';
import type { UserRecord } from '../../src/site/account.ts';
import { adoptionHash } from '../../src/site/adoption.ts';
import { accountsOfNewHost } from '../../src/site/site-accounts.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memorySettings } from '../support/memory-settings.ts';

const user = (id: string, role: UserRecord['role']): UserRecord => ({
  id,
  username: id,
  role,
  passwordHash: `hash of ${id}`,
  createdAt: 1,
});
const OWN = { users: [user('bob', 'owner'), user('vic', 'viewer')], tokens: [] };
const SITE = { users: [user('olga', 'owner'), user('anna', 'viewer')], tokens: [] };
const secrets = { get: () => undefined, set: async () => await Promise.resolve() };
const settingsWith = (users: Parameters<typeof accountsOfNewHost>[0]): Settings =>
  ({ ...memorySettings({ mode: 'recording', users }), secrets }) as unknown as Settings;
const documentOf = (settings: Settings) =>
  createSettingsDocument({
    settings,
    version: '0.1.0',
    clock: createFakeClock(),
    suitability: { platform: 'linux', frameGrabbers: [] },
  }).document();

test('a host that took the role backs up its own accounts, none of the site: taking it makes no new revision', (t) => {
  const before = documentOf(settingsWith(OWN));
  const after = documentOf(settingsWith(accountsOfNewHost(OWN, SITE)));
  t.deepEqual(after.settings.users, OWN.users);
  t.is(after.revision, before.revision);
});

test('a host that takes the place of a server has the accounts of that one as its own, and those of the site in force', async (t) => {
  const backup = documentOf(settingsWith({ users: [user('hall', 'owner')], tokens: [] })).settings;
  const settings = settingsWith(accountsOfNewHost(OWN, SITE));
  for (let turn = 0; turn < 2; turn += 1) {
    await adopt(settings, backup, { epoch: 9, hash: adoptionHash(backup) });
    t.deepEqual(
      settings.users.get().users.map(({ id }) => id),
      ['olga', 'anna'],
    );
    t.deepEqual(identityOf(settings).users, backup.users);
  }
});
