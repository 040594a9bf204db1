/** `understudy snapshots`: pictures that a server keeps of a camera: list, take, save as a file, delete. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { StoredSnapshot } from '../api/contract/snapshots.ts';
import type { ApiClient } from './api-client.ts';
import { cameraMeant } from './camera-names.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Options = ServerOptions & {
  readonly take?: true;
  readonly note?: string;
  readonly get?: string;
  readonly out?: string;
  readonly delete?: string;
};
type Page = { readonly items: readonly StoredSnapshot[]; readonly away: readonly string[] };
/** Of one answer; what is older is on the page. */
const SHOWN = 1000;

export function registerSnapshots(program: Command): void {
  withServerOptions(
    program
      .command('snapshots')
      .description('snapshots of a camera that a server keeps, newest first; takes, saves and deletes them')
      .argument('<camera>', 'name or id')
      .option('--take', 'store the last picture of the camera now')
      .option('--note <text>', 'with --take: why')
      .option('--get <id>', 'save this one as a file')
      .option('--out <file>', 'with --get: the file')
      .option('--delete <id>', 'delete this one'),
    'While a failover server records a camera, ask that server: what is taken there goes home with the footage.',
  ).action(snapshots);
}

async function snapshots(meant: string, options: Options): Promise<void> {
  const { take, note, get, out, delete: gone } = options;
  if ([take, get, gone].filter((one) => one !== undefined).length > 1)
    throw wrongUse('--take, --get and --delete are given one at a time');
  if (note !== undefined && take === undefined) throw wrongUse('--note goes with --take');
  if ((get === undefined) !== (out === undefined)) throw wrongUse('--get goes with --out');
  const api = await apiOf('snapshots', options);
  const path = `/cameras/${encodeURIComponent(await cameraMeant(api, meant))}/snapshots`;
  if (take) return told(await takeOne(api, path, note), options, (one) => `Stored ${one.id}, of ${one.at}.`);
  if (get !== undefined && out !== undefined) {
    await writeFile(out, await api.read(`${path}/${encodeURIComponent(get)}`));
    return told({ file: out }, options, () => `The snapshot was written to ${out}.`);
  }
  if (gone !== undefined) {
    await api.call('DELETE', `${path}/${encodeURIComponent(gone)}`);
    return told({ deleted: gone }, options, () => 'The snapshot is deleted.');
  }
  show((await api.call('GET', `${path}?limit=${SHOWN}`)) as Page, options);
}

const takeOne = async (api: ApiClient, path: string, note: string | undefined): Promise<StoredSnapshot> =>
  (await api.call('POST', path, note === undefined ? {} : { note })) as StoredSnapshot;

function told<T>(value: T, { json }: Options, words: (value: T) => string): void {
  if (json === true) printJson(value);
  else print(words(value));
}

function show({ items, away }: Page, { json }: Options): void {
  if (json === true) return printJson({ snapshots: items, away });
  if (items.length === 0) print('No snapshot of this camera is stored.');
  else process.stdout.write(columnsOf(items.map(rowOf)));
  for (const name of away) print(`${name} cannot be asked now and may keep more.`);
}

const rowOf = ({ at, id, bytes, user, note, takenBy, keptBy }: StoredSnapshot): readonly string[] => [
  at,
  `${Math.ceil(bytes / 1024)} KB`,
  user,
  keptBy === undefined ? takenBy.name : `${takenBy.name}, lies at ${keptBy.name}`,
  note ?? '',
  id,
];
