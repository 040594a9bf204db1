/** `understudy settings`: the settings of a server into a file that its owner keeps, and back. */
import { open, readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import type { RestoreSettingsResult } from '../api/contract/own-backup.ts';
import { syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { dirname, resolve } from 'node:path';
import { MAX_BACKUP_BYTES } from '../site/settings-backup.ts';
import { changeTagged } from './change-tagged.ts';
import { apiOf, firstLineOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { printSettings, settingsIn } from './site-settings.ts';
import { print, printJson } from './text-output.ts';

type Options = ServerOptions & { readonly passphraseFile?: string };

export function registerSettings(program: Command): void {
  const settings = program
    .command('settings')
    .description('what the owner allows; back up and restore the settings of a server');
  withServerOptions(
    settings
      .command('options', { isDefault: true })
      .description('show what the owner of a server allows, or change it')
      .argument(
        '[change...]',
        'such as allowedHosts=nas.lan,nvr.lan openMetrics=on releaseSource=https://example.org/releases.json',
      ),
  ).action(options);
  withServerOptions(
    settings
      .command('certificate')
      .description('write the certificate of the web interface into a file (PEM), for browsers to trust')
      .argument('<file>', 'a new file'),
  ).action(certificate);
  withServerOptions(
    settings
      .command('backup')
      .description('write the settings of a server, with the passwords of its cameras, into a file')
      .argument('<file>', 'a new file')
      .option('--passphrase-file <file>', 'its first line is the passphrase of the file: at least 10 characters'),
    'Nobody can open the file without the passphrase, and nobody can tell it to you. The token must be that of an owner.',
  ).action(backUp);
  withServerOptions(
    settings
      .command('restore')
      .description('show what a backup would change, and with --confirm change it: all of it, or nothing')
      .argument('<file>', 'as it was written by settings backup, or downloaded from the page Settings')
      .option('--passphrase-file <file>', 'its first line is the passphrase of the file')
      .option('--confirm <name>', 'the name that the server has now'),
    'Cameras, accounts and tokens become those of the backup. Footage, volumes, keys and the place in a site stay as they are.',
  ).action(restore);
}

async function options(changes: readonly string[], server: ServerOptions): Promise<void> {
  const change = settingsIn(changes);
  const api = await apiOf('settings options', server);
  const path = '/server/settings';
  const after = changes.length === 0 ? await api.call('GET', path) : await changeTagged(api, path, change);
  if (server.json === true) printJson(after);
  else printSettings(after as object);
}

async function certificate(file: string, server: ServerOptions): Promise<void> {
  const api = await apiOf('settings certificate', server);
  if (await isThere(file)) throw wrongUse(`${file} is there already: name a new file`);
  await writeNew(file, await api.read('/server/certificate'));
  if (server.json === true) printJson({ file });
  else print(`The certificate is in ${file}.`);
}

const passphraseIn = async ({ passphraseFile }: Options): Promise<string> => {
  if (passphraseFile === undefined) throw wrongUse('settings needs --passphrase-file FILE');
  return await firstLineOf(passphraseFile, '--passphrase-file');
};

async function backUp(file: string, options: Options): Promise<void> {
  const passphrase = await passphraseIn(options);
  const api = await apiOf('settings backup', options);
  if (await isThere(file)) throw wrongUse(`${file} is there already: name a new file`);
  const bytes = await api.fetch('POST', '/server/settings/backup', { passphrase });
  await writeNew(file, bytes);
  if (options.json === true) printJson({ file, bytes: bytes.length });
  else print(`The settings are in ${file} (${bytes.length} bytes). Keep the passphrase: nothing else opens it.`);
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(dirname(resolve(file)));
}

/** The server derives a key, and writes all its settings. */
const ANSWER_WITHIN_MS = 60_000;
/** Its head and its tag come on top. */
const MAX_FILE_BYTES: number = MAX_BACKUP_BYTES + 64;

async function restore(file: string, options: Options & { readonly confirm?: string }): Promise<void> {
  const passphrase = await passphraseIn(options);
  const { size } = await stat(file).catch(() => ({ size: undefined }));
  if (size === undefined) throw wrongUse(`${file} cannot be read`);
  if (size === 0 || size > MAX_FILE_BYTES) throw wrongUse(`${file} has ${size} bytes: it is no backup of settings`);
  const api = await apiOf('settings restore', options);
  const backup = (await readFile(file)).toString('base64');
  const { confirm } = options;
  const asked = { backup, passphrase, ...(confirm === undefined ? {} : { confirm }) };
  const path = '/server/settings/restore';
  const result = (await api.call('POST', path, asked, ANSWER_WITHIN_MS)) as RestoreSettingsResult;
  if (options.json === true) return printJson(result);
  for (const line of linesOf(result)) print(line);
  if (result.restored) print('The settings were restored.');
  else print(`Nothing was changed. To do it, say the same with --confirm '${result.name.before}'.`);
}

function linesOf({ backup, name, mode, cameras, users, tokens, settings, ...rest }: RestoreSettingsResult): string[] {
  const of = backup.ofThisServer ? 'this server' : `another server (${backup.serverId})`;
  return [
    `Backup of ${backup.name}, ${of}, of ${backup.takenAt}, made by release ${backup.version}.`,
    ...(name.before === name.after ? [] : [`Name: ${name.before} becomes ${name.after}.`]),
    ...(mode.before === mode.after ? [] : [`Mode: ${mode.before} becomes ${mode.after}.`]),
    ...changeLines('Cameras', mapped(cameras)),
    `Cameras that stay as they are: ${cameras.unchanged}.`,
    ...changeLines('Accounts', users),
    ...changeLines('Tokens', tokens),
    ...(settings.length === 0 ? [] : [`Other settings that change: ${settings.join(', ')}.`]),
    ...rest.volumesMissing.map((path) => `Not restored: the volume ${path}; add it by hand.`),
  ];
}

type Changes = Readonly<Record<'added' | 'changed' | 'removed', readonly string[]>>;
const mapped = ({ added, changed, removed }: RestoreSettingsResult['cameras']): Changes => {
  const names = (all: readonly { readonly name: string }[]): readonly string[] => all.map(({ name }) => name);
  return { added: names(added), changed: names(changed), removed: names(removed) };
};
const changeLines = (what: string, changes: Changes): readonly string[] =>
  (['added', 'changed', 'removed'] as const).flatMap((kind) =>
    changes[kind].length === 0 ? [] : [`${what} ${kind}: ${changes[kind].join(', ')}.`],
  );
