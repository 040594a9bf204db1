/** `understudy takeover` and `understudy restore`: a failover server stands in for another one, and gives back, by hand. */
import type { Command } from 'commander';
import type { Takeover } from '../api/contract/failover.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { findServer } from './find-server.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

export function registerTakeover(program: Command): void {
  withServerOptions(
    program
      .command('takeover')
      .description('a failover server takes a protected server over, whatever its state')
      .argument('[server]', 'name or id of the protected server; without it: covers and takeovers until now'),
    'Give it the failover server with --server or --data. The cameras go back with understudy restore.',
  ).action(takeOver);
}

export function registerRestore(program: Command): void {
  withServerOptions(
    program
      .command('restore')
      .description('give the cameras back to a protected server, then its footage')
      .argument('<server|id>', 'name or id of the protected server, or id of the takeover'),
  ).action(restore);
}

async function takeOver(meant: string | undefined, options: ServerOptions): Promise<void> {
  const api = await apiOf('takeover', options);
  if (meant === undefined) return list(await takeoversOf(api), options);
  const { id: serverId } = await findServer(api, meant);
  show((await api.call('POST', '/failover/takeovers', { serverId })) as Takeover, options);
}

async function restore(meant: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('restore', options);
  const { id } = await takeoverMeant(api, meant);
  show((await api.call('POST', `/failover/takeovers/${encodeURIComponent(id)}/restore`)) as Takeover, options);
}

const takeoversOf = async (api: ApiClient): Promise<readonly Takeover[]> =>
  ((await api.call('GET', '/failover/takeovers?limit=1000')) as { readonly items: readonly Takeover[] }).items;

function list(takeovers: readonly Takeover[], { json }: ServerOptions): void {
  if (json === true) return printJson({ takeovers });
  if (takeovers.length === 0) return print('No server was covered or taken over.');
  const rows = takeovers.map(({ id, serverName, state, suspectedAt, endedAt, reason, cameras }) => [
    suspectedAt,
    serverName,
    state,
    reason,
    endedAt ?? 'goes on',
    `${cameras.filter(({ covered }) => covered).length} of ${cameras.length} cameras`,
    id,
  ]);
  process.stdout.write(columnsOf(rows));
}

/** The newest that has not ended, of a server; or the one with that id. */
async function takeoverMeant(api: ApiClient, meant: string): Promise<Takeover> {
  const items = await takeoversOf(api);
  const byId = items.find(({ id }) => id === meant);
  if (byId !== undefined) return byId;
  const { id: serverId, name } = await findServer(api, meant);
  const running = items.find((one) => one.serverId === serverId && one.state !== 'ended');
  if (running !== undefined) return running;
  throw new UnderstudyError('conflict', 'cli/not-covered', `${name} is not covered: there is nothing to give back.`);
}

const WORDS: Readonly<Record<Takeover['state'], string>> = {
  covering: 'is covered',
  'taken-over': 'is taken over',
  'handing-over': 'gets its cameras back',
  restoring: 'has its cameras back; its footage is on its way',
  ended: 'has everything back',
};

function show(takeover: Takeover, { json }: ServerOptions): void {
  if (json === true) return printJson({ takeover });
  const { id, serverName, state, cameras } = takeover;
  const covered = cameras.filter((camera) => camera.covered).length;
  print(`${serverName} ${WORDS[state]}: ${covered} of ${cameras.length} cameras are recorded here (${id}).`);
  for (const { name, covered: isCovered, cause } of cameras)
    if (!isCovered && cause !== undefined) print(`${name} is not covered: ${cause}`);
}
