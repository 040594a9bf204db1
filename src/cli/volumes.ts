/** `understudy volumes`: the folders on which a server keeps footage: lists, finds, adds, changes, removes them. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Volume, volumeSuggestion } from '../api/contract/server.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { changeTagged } from './change-tagged.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Options = ServerOptions & { readonly reserve?: string; readonly shared?: boolean; readonly confirm?: string };
const GB = 1e9;

export function registerVolumes(program: Command): void {
  const volumes = program.command('volumes').description('folders on which a server keeps footage');
  withServerOptions(
    volumes.command('list', { isDefault: true }).description('list them; exit 1 if one cannot be written to'),
  ).action(list);
  withServerOptions(
    volumes.command('find').description('mounted file systems of that server that could be used'),
  ).action(find);
  withServerOptions(
    volumes
      .command('add')
      .description('keep footage in a folder on a mounted file system')
      .argument('<path>', 'of that server, from its root')
      .option('--reserve <GB>', 'how much stays free there')
      .option('--shared', 'it is a volume of another server and stays one: both record there'),
  ).action(add);
  withServerOptions(
    volumes
      .command('change')
      .description('change how much stays free')
      .argument('<volume>', 'path or id')
      .requiredOption('--reserve <GB>', 'how much stays free there')
      .option('--confirm <path>', 'its path: also if footage is deleted so that so much is free'),
  ).action(change);
  withServerOptions(
    volumes
      .command('remove')
      .description('record there no more; footage stays on it')
      .argument('<volume>', 'path or id')
      .option('--confirm <path>', 'its path: also if footage of other servers lies there that is not home'),
  ).action(remove);
}

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('volumes', options);
  const volumes = await volumesOf(api);
  if (options.json === true) printJson({ volumes });
  else if (volumes.length === 0) print('This server has no volume: nothing is recorded.');
  else process.stdout.write(columnsOf(volumes.map(rowOf)));
  if (volumes.some(({ state }) => state !== 'usable' && state !== 'full')) process.exitCode = EXIT_PROBLEM;
}

const volumesOf = async (api: ApiClient): Promise<readonly Volume[]> =>
  ((await api.call('GET', '/volumes?limit=1000')) as { readonly items: readonly Volume[] }).items;
const gigabytes = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;

function rowOf(volume: Volume): readonly (string | undefined)[] {
  const { id, path, state, message, totalBytes, freeBytes, reserveBytes, footageBytes, forecast, shared } = volume;
  const { daysFit, daysWanted } = forecast;
  return [
    path,
    state,
    freeBytes === undefined || totalBytes === undefined
      ? undefined
      : `${gigabytes(freeBytes)} of ${gigabytes(totalBytes)} free`,
    `${gigabytes(footageBytes)} footage`,
    `${gigabytes(reserveBytes)} stay free`,
    daysFit === undefined ? undefined : `room for ${Math.floor(daysFit)} days`,
    daysWanted === undefined ? undefined : `${Math.floor(daysWanted)} wanted`,
    shared === true ? 'shared' : undefined,
    id,
    message,
  ];
}

async function find(options: ServerOptions): Promise<void> {
  const api = await apiOf('volumes find', options);
  type Suggestions = { readonly items: readonly z.infer<typeof volumeSuggestion>[] };
  const { items } = (await api.call('GET', '/volumes/suggestions')) as Suggestions;
  if (options.json === true) return printJson({ suggestions: items });
  if (items.length === 0) return print('No other mounted file system was found.');
  const rows = items.map(({ path, fileSystem, freeBytes, totalBytes }) => [
    path,
    fileSystem,
    `${gigabytes(freeBytes)} of ${gigabytes(totalBytes)} free`,
  ]);
  process.stdout.write(columnsOf(rows));
}

/** @throws cli/usage */
function bytesIn(text: string): number {
  const value = Number(text);
  if (/^\d{1,7}(\.\d{1,3})?$/.test(text)) return Math.round(value * GB);
  throw wrongUse(`--reserve takes a number of GB such as 20, not ${text}`);
}

async function add(path: string, { reserve, shared, ...options }: Options): Promise<void> {
  const body = {
    path,
    ...(reserve === undefined ? {} : { reserveBytes: bytesIn(reserve) }),
    ...(shared === true ? { shared } : {}),
  };
  const api = await apiOf('volumes add', options);
  const volume = (await api.call('POST', '/volumes', body)) as Volume;
  if (options.json === true) printJson({ volume });
  else print(`Footage is kept in ${volume.path} too (${volume.id}).`);
}

async function change(meant: string, { reserve = '', confirm, ...options }: Options): Promise<void> {
  const reserveBytes = bytesIn(reserve);
  const api = await apiOf('volumes change', options);
  const { id } = await findVolume(api, meant);
  const asked = { reserveBytes, ...(confirm === undefined ? {} : { confirm }) };
  const volume = (await changeTagged(api, `/volumes/${encodeURIComponent(id)}`, asked)) as Volume;
  if (options.json === true) printJson({ volume });
  else print(`${gigabytes(volume.reserveBytes)} stay free on ${volume.path}.`);
}

async function remove(meant: string, { confirm, ...options }: Options): Promise<void> {
  const api = await apiOf('volumes remove', options);
  const { id, path } = await findVolume(api, meant);
  const query = confirm === undefined ? '' : `?${new URLSearchParams({ confirm }).toString()}`;
  await api.call('DELETE', `/volumes/${encodeURIComponent(id)}${query}`);
  if (options.json === true) printJson({ removed: { id, path } });
  else print(`Nothing more is recorded in ${path}; its footage stays there.`);
}

/** @throws cli/volume */
async function findVolume(api: ApiClient, meant: string): Promise<Volume> {
  const volumes = await volumesOf(api);
  const found = volumes.find(({ id, path }) => id === meant || path === meant);
  if (found !== undefined) return found;
  const paths = volumes.map(({ path }) => path).join(', ') || 'none';
  throw new UnderstudyError('not-found', 'cli/volume', `No volume is at ${meant}; there are: ${paths}.`);
}
