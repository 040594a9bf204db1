/** `understudy replace` and `understudy replaced`: another server takes the place of one that is covered, for good. */
import type { Command } from 'commander';
import type { ReplacementView, ReplaceServerResult } from '../api/contract/replacing.ts';
import type { Server } from '../api/contract/server.ts';
import type { ApiClient } from './api-client.ts';
import { findServer } from './find-server.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

export function registerReplace(program: Command): void {
  withServerOptions(
    program
      .command('replace')
      .description(
        'a failover server takes the place of the server that it acts for, or gives it to another one, for good',
      )
      .argument('<server>', 'name or id of the server that is replaced')
      .option('--by <server>', 'another recording server that takes the place, by name or id')
      .option('--confirm <name>', 'its name: without it only what would change is shown'),
    'The successor gets its cameras, accounts and name, and the footage that was recorded for it. The original records nothing when it returns.',
  ).action(replace);
}

export function registerReplaced(program: Command): void {
  const replaced = program.command('replaced').description('servers that were replaced');
  withServerOptions(
    replaced
      .command('list', { isDefault: true })
      .description('what was replaced by this failover server, and how far it is'),
  ).action(list);
  withServerOptions(
    replaced
      .command('clear')
      .description('this server was replaced: use it for something new, without its cameras')
      .option('--confirm <name>', 'name of this server, since its cameras are removed'),
    'Footage stays. Without --confirm NAME nothing happens, and the answer says what would be removed.',
  ).action(clear);
}

/** The successor writes its settings, and a host asks on. */
const ANSWER_WITHIN_MS = 90_000;
type Confirmed = ServerOptions & { readonly confirm?: string };

async function replace(meant: string, options: Confirmed & { readonly by?: string }): Promise<void> {
  const api = await apiOf('replace', options);
  const { id } = await findServer(api, meant);
  const { id: by } = options.by === undefined ? await thisServer(api) : await findServer(api, options.by);
  const { confirm } = options;
  const asked = confirm === undefined ? { by, dryRun: true } : { by, confirm };
  const path = `/servers/${encodeURIComponent(id)}/replace`;
  const result = (await api.call('POST', path, asked, ANSWER_WITHIN_MS)) as ReplaceServerResult;
  if (options.json === true) return printJson(result);
  const { before, after, warnings, replacement } = result;
  const cameras = after.cameras.map(({ name }) => name).join(', ');
  print(
    `${before.name} ${replacement === undefined ? 'would become' : 'becomes'} ${after.name}, with ${after.cameras.length} cameras (${cameras}) and the accounts ${after.users.join(', ')}.`,
  );
  for (const warning of warnings) print(warning);
  if (replacement === undefined) print(`Nothing was changed. To do it, say the same with --confirm '${after.name}'.`);
  else print(wordsOf(replacement));
}

/** A host takes nobody's place. */
async function thisServer(api: ApiClient): Promise<Server> {
  const server = (await api.call('GET', '/server')) as Server;
  if (server.mode !== 'host') return server;
  throw wrongUse('at a host replace needs --by: the failover server that acts, or another recording server');
}

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('replaced', options);
  const { items } = (await api.call('GET', '/replacements?limit=1000')) as {
    readonly items: readonly ReplacementView[];
  };
  if (options.json === true) printJson({ replacements: items });
  else if (items.length === 0) print('No server was replaced here.');
  else process.stdout.write(columnsOf(items.map((one) => [one.serverName, one.state, one.startedAt, wordsOf(one)])));
}

async function clear(options: Confirmed): Promise<void> {
  const api = await apiOf('replaced clear', options);
  const { confirm = '' } = options;
  await api.call('POST', '/server/replaced/clear', { confirm });
  if (options.json === true) printJson({ cleared: true });
  else print('The cameras were removed; this server can be set up anew.');
}

function wordsOf({ serverName, byName, state, problem, originalTold }: ReplacementView): string {
  if (state !== 'done') return `It is ${state}${problem === undefined ? '' : `, and does not go on: ${problem}`}.`;
  const told = originalTold ? 'knows that, and records nothing any more' : 'is told when it returns';
  return `${byName} is ${serverName} now; the original ${told}.`;
}
