/**
 * `understudy servers detach|keep|lock|unlock|move`: which servers are of the site of a host, and on what terms.
 * Belongs here: these commands. Does not: adding servers (add-server.ts, find-and-add.ts).
 */
import type { Command } from 'commander';
import type { BulkServersResult, DetachResult } from '../api/contract/membership.ts';
import { portIn } from './add-server.ts';
import { changeTagged } from './change-tagged.ts';
import { findServer, knownServersOf } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

export function registerMembership(servers: Command): void {
  withServerOptions(
    servers
      .command('detach')
      .description('take servers out of the site of this host; one that is away leaves when it returns')
      .argument('<server...>', 'names or ids')
      .option('--remove-cameras', 'they forget their cameras; their footage stays there')
      .option('--confirm <name...>', 'names of servers that leave although footage is not home')
      .option('--secure', 'they leave when their footage is home; understudy servers keep takes that back'),
    `Refused while a failover server has footage that is not home: it stays where it lies if the name of the server is given with --confirm.
One that is to leave already, is away and will never return is forgotten in the same way; it is not told then.`,
  ).action(detach);
  withServerOptions(
    servers
      .command('keep')
      .description('a server that is to leave the site stays')
      .argument('<server>', 'its name or id'),
  ).action(keep);
  for (const action of ['lock', 'unlock'] as const)
    withServerOptions(
      servers
        .command(action)
        .description(
          action === 'lock'
            ? 'refuse changes that are made at these servers themselves'
            : 'allow changes at these servers again',
        )
        .argument('<server...>', 'names or ids'),
    ).action(async (meant: readonly string[], options: ServerOptions) => await bulk(meant, action, options));
  withServerOptions(
    servers
      .command('move')
      .description('look for a server at another address')
      .argument('<server>', 'its name or id')
      .option('--address <host>', 'its new name or address')
      .option('--dials-in', 'it is not looked for: it dials in')
      .option('--http-port <port>', 'port of its web interface')
      .option('--peer-port <port>', 'port on which it listens to other servers'),
  ).action(move);
}

type DetachOptions = ServerOptions & {
  readonly removeCameras?: boolean;
  readonly confirm?: readonly string[];
  readonly secure?: boolean;
};
async function detach(meant: readonly string[], options: DetachOptions): Promise<void> {
  const cameras = options.removeCameras === true ? 'remove' : 'keep';
  const secure = options.secure === true ? { secure: true } : {};
  if (meant.length > 1)
    return await bulk(meant, 'detach', options, { cameras, confirm: options.confirm ?? [], ...secure });
  const api = await apiOf('servers detach', options);
  const { id } = await findServer(api, meant[0] ?? '');
  const [confirm] = options.confirm ?? [];
  const asked = { cameras, ...secure, ...(confirm === undefined ? {} : { confirm }) };
  const result = (await api.call('POST', `/servers/${id}/detach`, asked)) as DetachResult;
  if (options.json === true) return printJson(result);
  print(result.message);
  if (result.state === 'detached' && (await isEmpty(api)))
    print('It was the last server of this site: everybody was signed out.');
}

/** Whoever signed in with a session is signed out by then. */
const isEmpty = async (api: Awaited<ReturnType<typeof apiOf>>): Promise<boolean> =>
  await knownServersOf(api).then(
    (servers) => servers.length === 0,
    () => false,
  );

async function keep(meant: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('servers keep', options);
  const { id, name } = await findServer(api, meant);
  const server = await api.call('POST', `/servers/${id}/detach/cancel`);
  if (options.json === true) printJson({ server });
  else print(`${name} stays in the site.`);
}

const DONE = {
  enable: 'watched',
  disable: 'not watched',
  lock: 'locked',
  unlock: 'unlocked',
  detach: 'detached',
} as const;
/** Each for itself; exit 1 if one is refused. */
export async function bulk(
  meant: readonly string[],
  action: keyof typeof DONE,
  options: ServerOptions,
  more: object = {},
): Promise<void> {
  const api = await apiOf(`servers ${action}`, options);
  const ids: string[] = [];
  for (const one of meant) ids.push((await findServer(api, one)).id);
  const { rows } = (await api.call('POST', '/servers/bulk', { ids, action, ...more })) as BulkServersResult;
  if (options.json === true) printJson({ rows });
  else
    process.stdout.write(
      columnsOf(
        rows.map(({ name, id, ok, state, message }) => [name ?? id, ok ? (state ?? DONE[action]) : 'refused', message]),
      ),
    );
  if (rows.some(({ ok }) => !ok)) process.exitCode = EXIT_PROBLEM;
}

type MoveOptions = ServerOptions & {
  readonly address?: string;
  readonly dialsIn?: boolean;
  readonly httpPort?: string;
  readonly peerPort?: string;
};
async function move(meant: string, options: MoveOptions): Promise<void> {
  const { address, dialsIn = false, httpPort, peerPort } = options;
  if (address !== undefined && dialsIn) throw wrongUse('a server has an address or dials in, not both');
  const change = {
    ...(address === undefined ? {} : { host: address }),
    ...(dialsIn ? { host: null } : {}),
    ...(httpPort === undefined ? {} : { httpPort: portIn(httpPort, '--http-port') }),
    ...(peerPort === undefined ? {} : { peerPort: portIn(peerPort, '--peer-port') }),
  };
  if (Object.keys(change).length === 0)
    throw wrongUse('servers move needs --address, --dials-in, --http-port or --peer-port');
  const api = await apiOf('servers move', options);
  const { id, name } = await findServer(api, meant);
  const server = await changeTagged(api, `/servers/${id}`, change);
  if (options.json === true) return printJson({ server });
  print(dialsIn ? `${name} is not looked for: it dials in.` : `${name} is looked for there from now on.`);
}
