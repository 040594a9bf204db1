/** Sessions while the accounts of a server change with the role of the host: between the two files, and over a kill there. */
import test from 'ava';
import { hashOfSecret, startAuth } from '../../src/api/auth.ts';
import { sessionCookie } from '../../src/api/cookies.ts';
import { silentLog } from '../../src/core/log.ts';
import { changeAccounts } from '../../src/control/moved-accounts.ts';
import { accountsAfterHost, accountsOfNewHost } from '../../src/site/site-accounts.ts';
import type { AccountsFile } from '../../src/site/site-accounts.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memorySettings } from '../support/memory-settings.ts';

const owner = (id: string, username: string) => ({
  id,
  username,
  role: 'owner' as const,
  passwordHash: id,
  createdAt: 1,
});
const BOX: AccountsFile = { users: [owner('box-olga', 'olga')], tokens: [] };
const SITE = { users: [owner('olga', 'Olga')], tokens: [] };
const NOW: number = createFakeClock().now();
const TOKEN = 'a'.repeat(43);
const [cookie] = sessionCookie(TOKEN, 60).split(';', 1);
const sessionOf = (userId: string) => ({ tokenHash: hashOfSecret(TOKEN), userId, createdAt: NOW, lastUsedAt: NOW });

const settingsWith = async (users: AccountsFile, ...userIds: readonly string[]) => {
  const settings = memorySettings({ users });
  await settings.sessions.update(() => ({ sessions: userIds.map(sessionOf) }));
  return settings;
};
const authOf = (settings: Awaited<ReturnType<typeof settingsWith>>) =>
  startAuth({ settings, clock: createFakeClock(), log: silentLog });
const take = (file: AccountsFile): AccountsFile => accountsOfNewHost(file, SITE);

test('an owner is signed in at every moment, there and back, and what is open goes on', async (t) => {
  const settings = await settingsWith(BOX, 'box-olga');
  const auth = authOf(settings);
  const seen: Promise<string>[] = [];
  const who = async (): Promise<string> => {
    const caller = await auth.authenticate({ cookie, authorization: undefined });
    return caller.kind === 'user' ? caller.id : caller.kind;
  };
  const first = await auth.authenticate({ cookie, authorization: undefined });
  for (const file of [settings.users, settings.sessions]) file.onChange(() => void seen.push(who()));
  await changeAccounts(settings, take);
  t.is(await who(), 'olga');
  await changeAccounts(settings, (file) => accountsAfterHost(file, 2));
  t.is(await who(), 'box-olga');
  t.true(seen.length >= 4);
  t.deepEqual([...new Set(await Promise.all(seen))].toSorted(), ['box-olga', 'olga']);
  t.false(first.kind === 'user' && first.ended.aborted);
  t.deepEqual(
    settings.sessions.get().sessions.map(({ userId }) => userId),
    ['box-olga'],
  );
  await auth.stop();
});

test('killed between any two writes, the owner is signed in still, and once', async (t) => {
  for (const dies of [0, 1, 2, 3]) {
    const settings = await settingsWith(BOX, 'box-olga');
    let writes = 0;
    const dying = <T extends { update: (change: never) => Promise<unknown> }>(file: T): T => ({
      ...file,
      update: async (change: never) => {
        if (writes === dies) throw new Error('killed');
        writes += 1;
        return await file.update(change);
      },
    });
    const mortal = { ...settings, users: dying(settings.users), sessions: dying(settings.sessions) };
    await changeAccounts(mortal, take).catch(() => undefined);
    const auth = authOf(settings);
    t.is(
      (await auth.authenticate({ cookie, authorization: undefined })).kind,
      'user',
      `before it goes on after ${dies}`,
    );
    await changeAccounts(settings, take);
    t.like(await auth.authenticate({ cookie, authorization: undefined }), { kind: 'user', id: 'olga' });
    await auth.stop();
  }
});
