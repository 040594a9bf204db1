/** `understudy mode`: shows or sets the CMS mode of a server. */
import type { Command } from 'commander';
import type { Server } from '../api/contract/server.ts';
import { CMS_MODES } from '../site/server-settings.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './text-output.ts';

type Options = ServerOptions & { readonly confirm?: string };

export function registerMode(program: Command): void {
  withServerOptions(
    program
      .command('mode')
      .description('show or set what a server does: record, stand in for others, or manage a site')
      .argument('[mode]', CMS_MODES.join(', '))
      .option(
        '--confirm <name>',
        'name of the server, when the change ends a cover, its own recording or the protection of others',
      ),
    'A change that would end a cover, the recording of its own cameras or the protection of others is refused unless --confirm gives the name of the server.',
  ).action(mode);
}

async function mode(wanted: string | undefined, options: Options): Promise<void> {
  if (wanted !== undefined && !(CMS_MODES as readonly string[]).includes(wanted))
    throw wrongUse(`mode takes ${CMS_MODES.join(', ')}, not ${wanted}`);
  if (wanted === undefined && options.confirm !== undefined) throw wrongUse('--confirm goes with a mode to change to');
  const api = await apiOf('mode', options);
  const { confirm } = options;
  const server = (
    wanted === undefined
      ? await api.call('GET', '/server')
      : await api.call('PUT', '/server/mode', { mode: wanted, ...(confirm === undefined ? {} : { confirm }) })
  ) as Server;
  if (options.json === true) return printJson({ id: server.id, name: server.name, mode: server.mode });
  print(wanted === undefined ? server.mode : `${server.name} is in mode ${server.mode}.`);
}
