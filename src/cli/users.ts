/**
 * `understudy users`: who may use a server. Belongs here: accounts of people. Does not: tokens of scripts (tokens.ts); who may
 * give which role, which the server decides.
 */
import type { Command } from 'commander';
import type { Role, User } from '../api/contract/access.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { changeTagged } from './change-tagged.ts';
import { newPassword } from './secret-input.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

const ROLES: readonly Role[] = ['owner', 'admin', 'operator', 'viewer'];
type Options = ServerOptions & {
  readonly role?: string;
  readonly cameras?: readonly string[];
  readonly passwordFile?: string;
};
const PASSWORD = 'The password is typed unseen, or comes as one line on standard input, or from --password-file.';

export function registerUsers(program: Command): void {
  const users = program.command('users').description('who may use a server');
  withServerOptions(users.command('list', { isDefault: true }).description('list them with role and cameras')).action(
    list,
  );
  withServerOptions(
    users
      .command('add')
      .description('add one with a role below that of the token; a token of an owner may add owners')
      .argument('<name>', 'as they sign in')
      .requiredOption('--role <role>', ROLES.join(', '))
      .option('--cameras <camera...>', 'operators and viewers: only these, by name or id')
      .option('--password-file <file>', 'its first line is the password: at least 10 characters'),
    PASSWORD,
  ).action(add);
  withServerOptions(
    users
      .command('change')
      .description('change role or cameras of one')
      .argument('<name>', 'name or id')
      .option('--role <role>', ROLES.join(', '))
      .option('--cameras <camera...>', 'operators and viewers: only these, by name or id')
      .option('--all-cameras', 'all cameras again'),
  ).action(change);
  withServerOptions(
    users
      .command('password')
      .description('give one a new password; all sessions of that account end')
      .argument('<name>', 'name or id')
      .option('--password-file <file>', 'its first line is the password: at least 10 characters'),
    PASSWORD,
  ).action(password);
  withServerOptions(
    users
      .command('delete')
      .description('remove one and end all sessions of that account; the last owner stays')
      .argument('<name>', 'name or id'),
  ).action(remove);
}

export function roleIn(text: string): Role {
  const role = ROLES.find((one) => one === text);
  if (role === undefined) throw wrongUse(`--role takes ${ROLES.join(', ')}, not ${text}`);
  return role;
}

const usersOf = async (api: ApiClient): Promise<readonly User[]> =>
  ((await api.call('GET', '/users?limit=1000')) as { readonly items: readonly User[] }).items;
/** @throws cli/user */
async function findUser(api: ApiClient, meant: string): Promise<User> {
  const users = await usersOf(api);
  const found =
    users.find(({ id }) => id === meant) ??
    users.find(({ username }) => username.toLowerCase() === meant.toLowerCase());
  if (found !== undefined) return found;
  const names = users.map(({ username }) => username).join(', ');
  throw new UnderstudyError('not-found', 'cli/user', `No user is called ${meant}; there are: ${names}.`);
}

type Cameras = readonly { readonly id: string; readonly name: string }[];
const camerasOf = async (api: ApiClient): Promise<Cameras> =>
  ((await api.call('GET', '/site/cameras?limit=1000')) as { readonly items: Cameras }).items;
/** @throws cli/camera when none, or more than one, is meant */
async function cameraIdsOf(api: ApiClient, meant: readonly string[]): Promise<readonly string[]> {
  const cameras = await camerasOf(api);
  return meant.map((text) => {
    if (cameras.some(({ id }) => id === text)) return text;
    const [only, another] = cameras.filter(({ name }) => name.toLowerCase() === text.toLowerCase());
    if (only !== undefined && another === undefined) return only.id;
    const why = only === undefined ? 'No camera is' : 'Several cameras are';
    throw new UnderstudyError('not-found', 'cli/camera', `${why} called ${text}: give its id.`);
  });
}

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('users', options);
  const users = await usersOf(api);
  if (options.json === true) return printJson({ users });
  const cameras = users.some(({ cameraIds }) => cameraIds !== undefined) ? await camerasOf(api) : [];
  const names = new Map(cameras.map(({ id, name }) => [id, name]));
  const seenBy = ({ cameraIds }: User): string =>
    cameraIds === undefined ? 'all cameras' : cameraIds.map((id) => names.get(id) ?? id).join(', ') || 'no camera';
  process.stdout.write(columnsOf(users.map((user) => [user.username, user.role, user.id, seenBy(user)])));
}

async function add(username: string, options: Options): Promise<void> {
  const role = roleIn(options.role ?? '');
  const api = await apiOf('users add', options);
  const cameraIds = options.cameras === undefined ? undefined : await cameraIdsOf(api, options.cameras);
  const body = { username, role, ...(cameraIds === undefined ? {} : { cameraIds }) };
  const secret = await newPassword(options.passwordFile);
  const user = (await api.call('POST', '/users', { ...body, password: secret })) as User;
  if (options.json === true) printJson({ user });
  else print(`${user.username} was added as ${user.role}.`);
}

async function change(meant: string, options: Options & { readonly allCameras?: boolean }): Promise<void> {
  const { role, cameras, allCameras = false } = options;
  if (cameras !== undefined && allCameras) throw wrongUse('users change takes --cameras or --all-cameras, not both');
  if (role === undefined && cameras === undefined && !allCameras)
    throw wrongUse('users change needs --role, --cameras or --all-cameras');
  const wanted = role === undefined ? {} : { role: roleIn(role) };
  const api = await apiOf('users change', options);
  const { id } = await findUser(api, meant);
  const limit = cameras === undefined ? undefined : { cameraIds: await cameraIdsOf(api, cameras) };
  const body = { ...wanted, ...(allCameras ? { cameraIds: null } : limit) };
  const user = (await changeTagged(api, `/users/${id}`, body)) as User;
  if (options.json === true) return printJson({ user });
  const limited = user.cameraIds === undefined ? 'all cameras' : `${user.cameraIds.length} cameras only`;
  print(`${user.username} is ${user.role} and sees ${limited}.`);
}

async function password(meant: string, options: Options): Promise<void> {
  const api = await apiOf('users password', options);
  const { id, username } = await findUser(api, meant);
  const user = await changeTagged(api, `/users/${id}`, { password: await newPassword(options.passwordFile) });
  if (options.json === true) printJson({ user });
  else print(`${username} has a new password; all sessions of that account ended.`);
}

async function remove(meant: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('users delete', options);
  const { id, username } = await findUser(api, meant);
  await api.call('DELETE', `/users/${id}`);
  if (options.json === true) printJson({ deleted: id });
  else print(`${username} was removed.`);
}
