/** Which accounts are in force when the role of the host moves. */
import test from 'ava';
import { MAX_USERS } from '../../src/site/account.ts';
import type { TokenRecord, UserRecord } from '../../src/site/account.ts';
import {
  accountsAfterHost,
  accountsFileSchema,
  accountsOfNewHost,
  accountsOfSite,
  movedSessions,
  ownAccountsOf,
  withOwnAccounts,
} from '../../src/site/site-accounts.ts';
import type { AccountsFile } from '../../src/site/site-accounts.ts';

const user = (id: string, role: UserRecord['role'] = 'viewer', username = id): UserRecord => ({
  id,
  username,
  role,
  passwordHash: `hash of ${id}`,
  createdAt: 1,
});
const token = (id: string): TokenRecord => ({
  id,
  name: id,
  role: 'admin',
  secretHash: id,
  createdAt: 1,
  lastUsedAt: 9,
});
const idsIn = (users: readonly { id: string }[]): readonly string[] => users.map(({ id }) => id);
const BOX: AccountsFile = { users: [user('bob', 'owner'), user('vic')], tokens: [token('t-box')] };
const SITE: AccountsFile = { users: [user('olga', 'owner'), user('anna')], tokens: [token('t-site')] };

test('the new host has the accounts of the site beside its own owners; the others of its own wait', (t) => {
  const after = accountsOfNewHost(BOX, accountsOfSite(SITE));
  t.deepEqual(idsIn(after.users), ['olga', 'anna', 'bob']);
  t.deepEqual(idsIn(after.tokens), ['t-site']);
  t.deepEqual(
    [after.own?.ids, idsIn(after.own?.users ?? []), idsIn(after.own?.tokens ?? [])],
    [['bob'], ['vic'], ['t-box']],
  );
  t.deepEqual(idsIn(accountsOfSite(after).users), ['olga', 'anna'], 'its owners do not go on to the next host');
  t.deepEqual(idsIn(ownAccountsOf(after).users), ['bob', 'vic']);
  t.deepEqual(accountsOfNewHost(after, accountsOfSite(SITE)), after, 'done again it is the same');
  t.true(accountsFileSchema.safeParse(after).success);
});

test('of two with one name the one of the site counts, in whatever case it is written; the other one waits', (t) => {
  const box = { ...BOX, users: [user('box-olga', 'owner', 'OLGA'), user('bob', 'owner')] };
  const after = accountsOfNewHost(box, accountsOfSite(SITE));
  t.deepEqual(idsIn(after.users), ['olga', 'anna', 'bob']);
  t.deepEqual(idsIn(after.own?.users ?? []), ['box-olga']);
  t.deepEqual(idsIn(accountsAfterHost(after, 3).users), ['bob', 'box-olga']);
});

test('an owner who is signed in goes on as the owner of that name, there and back; nobody else does', (t) => {
  const box: AccountsFile = {
    users: [user('box-olga', 'owner', 'Olga'), user('box-anna', 'viewer', 'anna'), user('bob', 'owner')],
    tokens: [],
  };
  const host = accountsOfNewHost(box, accountsOfSite(SITE));
  t.deepEqual([...movedSessions(box, host)], [['box-olga', 'olga']]);
  t.deepEqual([...movedSessions(host, accountsAfterHost(host, 2))], [['olga', 'box-olga']]);
  const admin = { ...box, users: [user('box-olga', 'admin', 'olga'), user('bob', 'owner')] };
  t.deepEqual([...movedSessions(admin, accountsOfNewHost(admin, accountsOfSite(SITE)))], [], 'not by the name alone');
});

test('a server that is host no more has its own accounts again, as they are by then, and none of the site', (t) => {
  const taken = accountsOfNewHost(BOX, accountsOfSite(SITE));
  const changed = {
    ...taken,
    users: [...taken.users.map((one) => (one.id === 'bob' ? { ...one, passwordHash: 'new' } : one)), user('added')],
  };
  const after = accountsAfterHost(changed, 3);
  t.deepEqual(idsIn(after.users), ['bob', 'vic']);
  t.is(after.users[0]?.passwordHash, 'new');
  t.deepEqual(idsIn(after.tokens), ['t-box']);
  t.is(after.own, undefined);
  t.deepEqual(accountsAfterHost(after, 3), after, 'done again it is the same');
});

test('the first host keeps its accounts when another one takes the role; who was removed meanwhile is not of the site when it is host again', (t) => {
  const yielded = accountsAfterHost(SITE, 2);
  t.deepEqual([idsIn(yielded.users), idsIn(yielded.tokens)], [['olga', 'anna'], ['t-site']]);
  const again = accountsOfNewHost(yielded, { users: [user('otto', 'owner')], tokens: [] });
  t.deepEqual(idsIn(again.users), ['otto']);
  t.deepEqual(idsIn(accountsAfterHost(again, 4).users), ['olga', 'anna']);
  const added = { ...yielded, users: [...yielded.users, user('local', 'owner')] };
  t.deepEqual(idsIn(accountsOfNewHost(added, { users: [user('otto', 'owner')], tokens: [] }).users), ['otto', 'local']);
});

test('no account that waits is lost where no owner of the server itself is left: all stay in force', (t) => {
  const host = accountsOfNewHost(BOX, accountsOfSite(SITE));
  const demoted = { ...host, users: host.users.map((one) => (one.id === 'bob' ? user('bob') : one)) };
  const after = accountsAfterHost(demoted, 5);
  t.deepEqual(idsIn(after.users), ['olga', 'anna', 'bob', 'vic']);
  t.deepEqual(idsIn(after.tokens), ['t-site', 't-box']);
  t.is(after.own, undefined);
  t.deepEqual(accountsAfterHost(after, 5), after, 'done again it is the same');
  const sameName = { ...demoted, own: { ids: ['bob'], users: [user('box-anna', 'viewer', 'ANNA')], tokens: [] } };
  t.deepEqual(idsIn(accountsAfterHost(sameName, 5).users), ['olga', 'anna', 'bob'], 'a name is of one account');
});

test('without accounts to go on with, or without an owner among them, its own stay in force', (t) => {
  t.is(accountsOfNewHost(BOX, undefined), BOX);
  t.is(accountsOfNewHost(BOX, { users: [user('anna')], tokens: [] }), BOX);
  const own = { ids: [], users: [user('vic')], tokens: [] };
  t.deepEqual(idsIn(accountsAfterHost({ ...SITE, own }, 3).users), ['olga', 'anna', 'vic'], 'nobody is shut out');
});

test('however many accounts both have, there is room for those of the site', (t) => {
  const many = (name: string): UserRecord[] =>
    Array.from({ length: MAX_USERS }, (_, index) => user(`${name}-${index}`, 'owner'));
  const after = accountsOfNewHost({ users: many('box'), tokens: [] }, { users: many('site'), tokens: [] });
  t.true(after.users.every(({ id }) => id.startsWith('site-')));
  t.is(after.own?.users.length, MAX_USERS);
  t.true(accountsFileSchema.safeParse(after).success);
  const back = accountsAfterHost(after, 2);
  t.deepEqual(idsIn(back.users), idsIn(many('box')));
  const some = accountsOfNewHost({ users: many('box'), tokens: [] }, { users: many('site').slice(0, 90), tokens: [] });
  t.is(some.users.length, MAX_USERS);
  t.true(accountsFileSchema.safeParse(some).success);
});

test('a server that takes the place of another one has its accounts, and those of the site if it is the host', (t) => {
  t.deepEqual(idsIn(withOwnAccounts(BOX, { users: [user('adopted', 'owner')], tokens: [] }).users), ['adopted']);
  const host = withOwnAccounts(accountsOfNewHost(BOX, accountsOfSite(SITE)), {
    users: [user('adopted', 'owner')],
    tokens: [],
  });
  t.deepEqual(idsIn(host.users), ['olga', 'anna']);
  t.deepEqual(idsIn(ownAccountsOf(host).users), ['adopted']);
  t.deepEqual(idsIn(accountsAfterHost(host, 3).users), ['adopted']);
});
