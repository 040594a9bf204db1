/** `understudy name`: shows what a server is called, or renames it. Does not: members of a site by their host (`servers rename`). */
import type { Command } from 'commander';
import type { Server } from '../api/contract/server.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './text-output.ts';

export function registerName(program: Command): void {
  withServerOptions(
    program
      .command('name')
      .description('show what a server is called, or rename it')
      .argument('[name]', 'its new name'),
  ).action(name);
}

async function name(wanted: string | undefined, options: ServerOptions): Promise<void> {
  const api = await apiOf('name', options);
  const asked = wanted === undefined ? api.call('GET', '/server') : api.call('PATCH', '/server', { name: wanted });
  const server = (await asked) as Server;
  if (options.json === true) return printJson({ id: server.id, name: server.name });
  print(wanted === undefined ? server.name : `This server is now called ${server.name}.`);
}
