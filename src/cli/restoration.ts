/** `understudy restoration`: footage on its way home, and ending that for good. */
import type { Command } from 'commander';
import type { RestorationView } from '../api/contract/failover.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

export function registerRestoration(program: Command): void {
  const restoration = program.command('restoration').description('footage on its way back to its server');
  withServerOptions(
    restoration.command('list', { isDefault: true }).description('how far each is; exit 1 if one failed'),
  ).action(list);
  withServerOptions(
    restoration
      .command('stop')
      .description('end one; what was not returned is deleted and booked as missing')
      .argument('<id>', 'as listed')
      .option('--confirm <name>', 'name of the protected server, since footage is deleted'),
    'What was not returned is deleted. Without --confirm NAME of the protected server nothing happens, and the answer says what would be lost.',
  ).action(stop);
}

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('restoration', options);
  const { items } = (await api.call('GET', '/failover/restorations?limit=1000')) as {
    readonly items: readonly RestorationView[];
  };
  if (options.json === true) printJson({ restorations: items });
  else if (items.length === 0) print('No footage is on its way back.');
  else process.stdout.write(columnsOf(items.map(rowOf)));
  if (items.some(({ state }) => state === 'failed')) process.exitCode = EXIT_PROBLEM;
}

async function stop(id: string, options: ServerOptions & { readonly confirm?: string }): Promise<void> {
  const { confirm = '' } = options;
  if (id === '') throw wrongUse('restoration stop needs the id of a restoration');
  const api = await apiOf('restoration stop', options);
  const stopped = await api.call('POST', `/failover/restorations/${encodeURIComponent(id)}/stop`, { confirm });
  const restoration = stopped as RestorationView;
  if (options.json === true) return printJson({ restoration });
  const { serverName, files } = restoration;
  print(`The restoration for ${serverName} was stopped; ${files.done} of ${files.total} files had been returned.`);
}

function rowOf(restoration: RestorationView): readonly (string | undefined)[] {
  const { id, serverName, state, files, bytes, bytesPerSecond, secondsLeft, message } = restoration;
  const rate = state === 'running' ? `${megabytes(bytesPerSecond)}/s` : undefined;
  const left = secondsLeft === undefined ? undefined : `${Math.ceil(secondsLeft)} s left`;
  const amount = `${megabytes(bytes.done)} of ${megabytes(bytes.total)}`;
  return [serverName, state, `${files.done} of ${files.total} files`, amount, rate, left, id, message];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
