/** `understudy log`: what happened at a server, newest first. */
import type { Command } from 'commander';
import type { LogEntry } from '../api/contract/events.ts';
import { cameraNamesOf } from './camera-names.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Options = ServerOptions & { readonly severity?: string; readonly code?: string; readonly limit: string };

const SEVERITIES = ['info', 'warning', 'error'] as const satisfies readonly LogEntry['severity'][];
const MAX_ENTRIES = 1000;

export function registerLog(program: Command): void {
  withServerOptions(
    program
      .command('log')
      .description('what happened at a server, newest first')
      .option('--severity <severity>', `only ${SEVERITIES.join(', ')}`)
      .option('--code <code>', 'only entries of this code, such as camera-failed')
      .option('--limit <n>', `how many, 1 to ${MAX_ENTRIES}`, '50'),
  ).action(log);
}

async function log(options: Options): Promise<void> {
  const { severity, code, limit } = options;
  const query = new URLSearchParams({ limit: String(limitIn(limit)) });
  if (severity !== undefined && !(SEVERITIES as readonly string[]).includes(severity))
    throw wrongUse(`--severity takes ${SEVERITIES.join(', ')}, not ${severity}`);
  if (severity !== undefined) query.set('severity', severity);
  if (code !== undefined) query.set('code', code);
  const api = await apiOf('log', options);
  const { items } = (await api.call('GET', `/log?${query.toString()}`)) as { readonly items: readonly LogEntry[] };
  if (options.json === true) return printJson({ entries: items });
  if (items.length === 0) return print('Nothing of that kind has happened.');
  const names = items.some(({ cameraId }) => cameraId !== undefined)
    ? await cameraNamesOf(api)
    : new Map<string, string>();
  process.stdout.write(columnsOf(items.map((entry) => rowOf(entry, names))));
}

function rowOf({ at, severity, code, message, cameraId }: LogEntry, names: ReadonlyMap<string, string>): string[] {
  return [at, severity, code, cameraId === undefined ? message : `${names.get(cameraId) ?? cameraId}: ${message}`];
}

function limitIn(text: string): number {
  const limit = Number(text);
  if (/^\d{1,4}$/.test(text) && limit >= 1 && limit <= MAX_ENTRIES) return limit;
  throw wrongUse(`--limit takes a number from 1 to ${MAX_ENTRIES}, not ${text}`);
}
