/**
 * Accounts when the role of the host moves: those of the site go with it, those of each server itself stay where they are
 * (docs/design/site-gateway.md). Pure; each can be done again without harm.
 *
 * Belongs here: which accounts are in force on a server. Does not: when the role moves (control/host-role.ts), one account (account.ts).
 */
import { z } from 'zod';
import { MAX_TOKENS, MAX_USERS, tokenRecordSchema, userRecordSchema } from './account.ts';
import type { TokenRecord, UserRecord } from './account.ts';

/** What is copied to those that may succeed the host. Absent in copies of a release that did not know it. */
export const siteAccountsSchema = z.strictObject({
  users: z.array(userRecordSchema).max(MAX_USERS),
  tokens: z.array(tokenRecordSchema).max(MAX_TOKENS),
});
export type SiteAccounts = { readonly users: readonly UserRecord[]; readonly tokens: readonly TokenRecord[] };

/** Of a server that took the role: its own accounts. */
const ownAccountsSchema = z.strictObject({
  /** Of its owners, who are in force beside those of the site: whoever could take the role can go on. */
  ids: z.array(z.string()).max(MAX_USERS),
  /** Wait until it is host no more. */
  users: z.array(userRecordSchema).max(MAX_USERS),
  tokens: z.array(tokenRecordSchema).max(MAX_TOKENS),
});

export const accountsFileSchema = z.strictObject({
  ...siteAccountsSchema.shape,
  own: ownAccountsSchema.optional(),
  /** Of a server that was the host: who had an account of the site then. None of them is in force by that when it is host again. */
  ofSite: z.strictObject({ ids: z.array(z.string()).max(MAX_USERS), term: z.number() }).optional(),
});
export type AccountsFile = {
  readonly users: UserRecord[];
  readonly tokens: TokenRecord[];
  readonly own?: z.infer<typeof ownAccountsSchema> | undefined;
  readonly ofSite?: { readonly ids: string[]; readonly term: number } | undefined;
};

const hasOwner = (users: readonly UserRecord[]): boolean => users.some(({ role }) => role === 'owner');
const nameOf = ({ username }: UserRecord): string => username.toLowerCase();

/** Those of the site, at its host. When they were used last is of no use elsewhere. */
export function accountsOfSite({ users, tokens, own }: AccountsFile): SiteAccounts {
  const mine = new Set(own?.ids);
  return {
    users: users.filter(({ id }) => !mine.has(id)),
    tokens: tokens.map(({ lastUsedAt: _lastUsedAt, ...token }) => token),
  };
}

/** Those of the server itself, whoever is host. */
export function ownAccountsOf({ users, tokens, own }: AccountsFile): SiteAccounts {
  if (own === undefined) return { users, tokens };
  const mine = new Set(own.ids);
  return { users: [...users.filter(({ id }) => mine.has(id)), ...own.users], tokens: own.tokens };
}

/** At a server that takes the place of another one. Those of the site stay in force, if it has them as the host. */
export function withOwnAccounts(file: AccountsFile, { users, tokens }: SiteAccounts): AccountsFile {
  if (file.own === undefined) return { users: [...users], tokens: [...tokens] };
  const inForce = [...accountsOfSite(file).users];
  return { ...file, users: inForce, own: { ids: [], users: [...users], tokens: [...tokens] } };
}

/** At the new host. The same file: the copy has no accounts to go on with, so that its own are those of the site from now on. */
export function accountsOfNewHost(file: AccountsFile, site: SiteAccounts | undefined): AccountsFile {
  if (site === undefined || !hasOwner(site.users)) return file;
  const { users, tokens } = ownAccountsOf(file);
  const names = new Set(site.users.map(nameOf));
  const ids = new Set([...site.users.map(({ id }) => id), ...(file.ofSite?.ids ?? [])]);
  const active = users
    .filter((user) => user.role === 'owner' && !names.has(nameOf(user)) && !ids.has(user.id))
    .slice(0, MAX_USERS - site.users.length);
  const aside = users.filter((user) => !active.includes(user));
  return {
    ...file,
    users: [...site.users, ...active],
    tokens: [...site.tokens],
    own: { ids: active.map(({ id }) => id), users: aside, tokens: [...tokens] },
  };
}

/** At a host that another one succeeds in this term: its own accounts are in force again, and nobody is shut out. */
export function accountsAfterHost(file: AccountsFile, term: number): AccountsFile {
  if (file.ofSite?.term === term) return file;
  const mine = ownAccountsOf(file);
  const ids = accountsOfSite(file).users.map(({ id }) => id);
  if (!hasOwner(mine.users)) return { ...withWaiting(file), ofSite: { ids, term } };
  // Of one that is host by its mode all are its own too.
  const former = file.own === undefined ? ids : (file.ofSite?.ids ?? []);
  const kept = new Set(mine.users.map(({ id }) => id));
  return {
    users: [...mine.users].slice(0, MAX_USERS),
    tokens: [...mine.tokens],
    ofSite: { ids: former.filter((id) => kept.has(id)), term },
  };
}

/** All accounts, as far as there is room: those in force, and those that waited under a name that nobody has. */
function withWaiting({ users, tokens, own }: AccountsFile): Pick<AccountsFile, 'users' | 'tokens'> {
  const taken = new Set(users.flatMap((user) => [user.id, nameOf(user)]));
  const known = new Set(tokens.map(({ id }) => id));
  const waited = own?.users.filter((user) => !taken.has(user.id) && !taken.has(nameOf(user))) ?? [];
  return {
    users: [...users, ...waited].slice(0, MAX_USERS),
    tokens: [...tokens, ...(own?.tokens.filter(({ id }) => !known.has(id)) ?? [])].slice(0, MAX_TOKENS),
  };
}

/**
 * By user, whose sessions go on as whose: an owner whose account gives way to another of the same name, an owner's too, goes on under
 * that one. Either may do all that the other may; both are owners of this server while they are in force.
 */
export function movedSessions(before: AccountsFile, after: AccountsFile): ReadonlyMap<string, string> {
  const there = new Map(after.users.filter(({ role }) => role === 'owner').map((user) => [nameOf(user), user.id]));
  const kept = new Set(after.users.map(({ id }) => id));
  return new Map(
    before.users.flatMap((user): readonly (readonly [string, string])[] => {
      const to = user.role === 'owner' && !kept.has(user.id) ? there.get(nameOf(user)) : undefined;
      return to === undefined ? [] : [[user.id, to]];
    }),
  );
}
