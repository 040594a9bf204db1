/** `understudy backup`: a failover server backs up the settings of a protected one now. */
import type { Command } from 'commander';
import { findServer } from './find-server.ts';
import { apiOf, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { backUp, backupWords } from './servers.ts';
import { print, printJson } from './text-output.ts';

export function registerBackup(program: Command): void {
  withServerOptions(
    program
      .command('backup')
      .description('back up the settings of a protected server now')
      .argument('<server>', 'its name or id'),
    'Backups are taken by themselves too: at authorization, after every change, and daily.',
  ).action(async (meant: string, options: ServerOptions) => {
    const api = await apiOf('backup', options);
    const server = await backUp(api, await findServer(api, meant));
    if (options.json === true) printJson({ server });
    else print(backupWords(server));
  });
}
