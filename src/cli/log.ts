/** `understudy log`: what happened at a server, newest first; as a file for a spreadsheet or a script too. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { LogEntry } from '../api/contract/events.ts';
import { isoOf, parseIso } from '../core/clock.ts';
import type { ApiClient } from './api-client.ts';
import { cameraMeant, cameraNamesOf } from './camera-names.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Filters = {
  readonly severity?: string;
  readonly code?: string;
  readonly user?: string;
  readonly text?: string;
  readonly since?: string;
  readonly until?: string;
};
type Options = ServerOptions & Filters & { readonly camera?: string; readonly limit: string; readonly export?: string };

const SEVERITIES = ['info', 'warning', 'error'] as const satisfies readonly LogEntry['severity'][];
const MAX_ENTRIES = 1000;

export function registerLog(program: Command): void {
  withServerOptions(
    program
      .command('log')
      .description('what happened at a server, newest first')
      .option('--severity <severity>', `only ${SEVERITIES.join(', ')}`)
      .option('--code <code>', 'only entries of this code, such as camera-failed')
      .option('--camera <camera>', 'only what is about this camera, by name or id')
      .option('--user <name>', 'only what this account or token did')
      .option('--text <text>', 'only messages with this in them')
      .option('--since <time>', 'from this time on, such as 2026-11-22T08:00:00Z')
      .option('--until <time>', 'before this time')
      .option('--limit <n>', `how many, 1 to ${MAX_ENTRIES}`, '50')
      .option('--export <file>', 'write all that match into a file, the newest 20,000: NAME.csv or NAME.json'),
  ).action(log);
}

async function log(options: Options): Promise<void> {
  const query = filtersIn(options);
  const limit = limitIn(options.limit);
  const api = await apiOf('log', options);
  if (options.camera !== undefined) query.set('cameraId', await cameraMeant(api, options.camera));
  if (options.export !== undefined) return await exportTo(api, options.export, query, options);
  query.set('limit', String(limit));
  const { items } = (await api.call('GET', `/log?${query.toString()}`)) as { readonly items: readonly LogEntry[] };
  if (options.json === true) return printJson({ entries: items });
  if (items.length === 0) return print('Nothing of that kind has happened.');
  const names = items.some(({ cameraId }) => cameraId !== undefined)
    ? await cameraNamesOf(api)
    : new Map<string, string>();
  process.stdout.write(columnsOf(items.map((entry) => rowOf(entry, names))));
}

function filtersIn(options: Filters): URLSearchParams {
  const { severity, since, until } = options;
  if (severity !== undefined && !(SEVERITIES as readonly string[]).includes(severity))
    throw wrongUse(`--severity takes ${SEVERITIES.join(', ')}, not ${severity}`);
  const query = new URLSearchParams();
  for (const name of ['severity', 'code', 'user', 'text'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  for (const [name, value] of Object.entries({ since, until }))
    if (value !== undefined) query.set(name, timeIn(value, `--${name}`));
  return query;
}

function timeIn(text: string, option: string): string {
  const at = parseIso(text);
  if (at !== undefined) return isoOf(at);
  throw wrongUse(`${option} takes a time such as 2026-11-22T08:00:00Z, not ${text}`);
}

async function exportTo(api: ApiClient, file: string, query: URLSearchParams, options: ServerOptions): Promise<void> {
  const format = /\.(csv|json)$/i.exec(file)?.[1]?.toLowerCase();
  if (format === undefined) throw wrongUse(`--export takes NAME.csv or NAME.json, not ${file}`);
  query.set('format', format);
  await writeFile(file, await api.read(`/log/export?${query.toString()}`));
  if (options.json === true) printJson({ file });
  else print(`The log was written to ${file}.`);
}

function rowOf({ at, severity, code, message, cameraId }: LogEntry, names: ReadonlyMap<string, string>): string[] {
  return [at, severity, code, cameraId === undefined ? message : `${names.get(cameraId) ?? cameraId}: ${message}`];
}

function limitIn(text: string): number {
  const limit = Number(text);
  if (/^\d{1,4}$/.test(text) && limit >= 1 && limit <= MAX_ENTRIES) return limit;
  throw wrongUse(`--limit takes a number from 1 to ${MAX_ENTRIES}, not ${text}`);
}
