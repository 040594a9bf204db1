/**
 * `understudy failover`: how the server that is asked fails over, and where footage is returned to it.
 * Belongs here: settings of that server itself. Does not: those of another server, through its host (site.ts).
 */
import type { Command } from 'commander';
import { changeTagged } from './change-tagged.ts';
import { apiOf, firstLineOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { printSettings, settingsIn } from './site-settings.ts';
import { print, printJson } from './text-output.ts';

type ShareOptions = ServerOptions & { readonly passwordFile?: string; readonly none?: boolean };

export function registerFailover(program: Command): void {
  const failover = program.command('failover').description('how a server itself fails over, without a host');
  withServerOptions(
    failover
      .command('settings', { isDefault: true })
      .description('show how this server watches, covers and gives back, or change it')
      .argument('[change...]', 'such as hotSeconds=45 timeouts.keepAlive=60 restorationLimit='),
  ).action(settings);
  withServerOptions(
    failover
      .command('return-share')
      .description('show the SMB share to which footage of this server is returned, or name it as a whole')
      .argument('[part...]', 'host= share= username= volumeId=, and port= folder= domain= encryption= volumeFolder=')
      .option('--password-file <file>', 'its first line is the password of the share; without it the password stays')
      .option('--none', 'no share: footage comes directly again'),
  ).action(share);
}

async function settings(changes: readonly string[], options: ServerOptions): Promise<void> {
  const change = settingsIn(changes);
  const api = await apiOf('failover settings', options);
  const path = '/failover/settings';
  const after = changes.length === 0 ? await api.call('GET', path) : await changeTagged(api, path, change);
  if (options.json === true) printJson(after);
  else printSettings(after as object);
}

async function share(
  parts: readonly string[],
  { passwordFile, none = false, ...options }: ShareOptions,
): Promise<void> {
  if (none && parts.length + (passwordFile === undefined ? 0 : 1) > 0)
    throw wrongUse('failover return-share takes the parts of a share, or --none');
  if (passwordFile !== undefined && parts.length === 0)
    throw wrongUse('--password-file goes with the parts of a share');
  const named = Object.entries(settingsIn(parts)).filter(([, value]) => value !== null);
  const password = passwordFile === undefined ? {} : { password: await firstLineOf(passwordFile, '--password-file') };
  const api = await apiOf('failover return-share', options);
  const path = '/failover/return-share';
  if (none) await api.call('PUT', path, {});
  else if (parts.length > 0) await api.call('PUT', path, { share: { ...Object.fromEntries(named), ...password } });
  const after = (await api.call('GET', path)) as { readonly share?: object };
  if (options.json === true) printJson(after);
  else if (after.share === undefined) print('Footage is returned directly: no share is named.');
  else printSettings(after.share);
}
