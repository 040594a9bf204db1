/** `understudy hand-over`: before a server is stopped others record its cameras. */
import type { Command } from 'commander';
import type { HandOverResult } from '../api/contract/hand-over.ts';
import { findServer } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './text-output.ts';

type Options = ServerOptions & { readonly minutes?: string };

export function registerHandOver(program: Command): void {
  withServerOptions(
    program
      .command('hand-over')
      .description('before an update or restart: the failover servers record the cameras of a server first')
      .argument(
        '[server]',
        'name or id of the server to be stopped, as the asked one knows it; absent: the asked one itself',
      )
      .option('--minutes <n>', 'how long until it is stopped at the latest, 1 to 60 (10)'),
    'Exit code 0: stopped now, nothing is lost. 1: something is not recorded by others. When it runs again it gets everything back by itself; if it is not stopped in that time, or with understudy restore, too.',
  ).action(handOver);
}

/** Failover servers have ten seconds, and what lies between. */
const ANSWER_WITHIN_MS = 40_000;

async function handOver(meant: string | undefined, options: Options): Promise<void> {
  const minutes = Number(options.minutes ?? 10);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60) throw wrongUse('--minutes takes 1 to 60');
  const api = await apiOf('hand-over', options);
  const path =
    meant === undefined
      ? '/server/hand-over'
      : `/servers/${encodeURIComponent((await findServer(api, meant)).id)}/hand-over`;
  const result = (await api.call('POST', path, { holdSeconds: minutes * 60 }, ANSWER_WITHIN_MS)) as HandOverResult;
  if (!result.safe) process.exitCode = EXIT_PROBLEM;
  if (options.json === true) return printJson(result);
  const { serverName, safe, until, streams, by, missing } = result;
  const names = by.filter((one) => one.missing < streams).map(({ name }) => name);
  if (safe)
    print(`${serverName} is recorded by ${names.join(', ')} (${streams} streams): safe to stop until ${until}.`);
  else print(`${serverName} is not safe to stop: ${missing.length} of ${streams} streams are recorded by nobody else.`);
  for (const { cameraId, stream } of missing) print(`Not recorded by others: ${cameraId}, ${stream}.`);
  for (const { name, problem } of by) if (problem !== undefined) print(`${name} did not answer: ${problem}.`);
}
