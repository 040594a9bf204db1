/** `understudy servers remove`: ends the trust with servers and forgets them, each for itself. */
import type { Command } from 'commander';
import type { KnownServer } from '../api/contract/failover.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { findServer, knownServersOf } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

export function registerRemoveServers(servers: Command): void {
  withServerOptions(
    servers
      .command('remove')
      .description(
        'end the trust on both sides and forget it, or several, each for itself; refused while it is covered',
      )
      .argument('<server...>', 'names or ids'),
    'Of several one that is refused stays, the others go; exit 1 then.',
  ).action(remove);
}

type Row = {
  readonly id: string;
  readonly name: string;
  readonly ok: boolean;
  readonly state?: 'removed' | 'pending';
  readonly message: string;
};

async function remove(meant: readonly string[], options: ServerOptions): Promise<void> {
  const api = await apiOf('servers remove', options);
  const servers: KnownServer[] = [];
  // Nothing is removed if one of them is not known.
  for (const one of meant) servers.push(await findServer(api, one));
  const [only, another] = servers;
  if (only !== undefined && another === undefined) {
    const server = await removeOne(api, only);
    return options.json === true ? printJson({ server }) : print(wordsOf(server));
  }
  const rows: Row[] = [];
  for (const server of new Map(servers.map((one) => [one.id, one])).values()) rows.push(await rowOf(api, server));
  if (options.json === true) printJson({ rows });
  else
    process.stdout.write(
      columnsOf(rows.map(({ name, ok, state, message }) => [name, ok ? state : 'refused', message])),
    );
  if (rows.some(({ ok }) => !ok)) process.exitCode = EXIT_PROBLEM;
}

/** A host waits for a server of its site that is away. */
async function removeOne(api: ApiClient, server: KnownServer): Promise<KnownServer> {
  await api.call('DELETE', `/servers/${server.id}`);
  return (await knownServersOf(api)).find(({ id }) => id === server.id) ?? server;
}

async function rowOf(api: ApiClient, server: KnownServer): Promise<Row> {
  const { id, name } = server;
  try {
    const after = await removeOne(api, server);
    return {
      id,
      name,
      ok: true,
      state: after.detachPending === undefined ? 'removed' : 'pending',
      message: wordsOf(after),
    };
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    return { id, name, ok: false, message: messageOf(error) };
  }
}

const wordsOf = ({ name, detachPending }: KnownServer): string =>
  detachPending === undefined
    ? `${name} was deauthorized and forgotten.`
    : `${name} is away: it is detached when it returns.`;
