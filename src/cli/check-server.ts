/** `understudy servers check`: asks each camera of a protected server for a picture now, and what else decides whether it can be covered. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { probe, serverCheck } from '../api/contract/failover.ts';
import { cameraNamesOf } from './camera-names.ts';
import { findServer } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, printJson } from './text-output.ts';

type Checked = {
  readonly items: readonly z.infer<typeof probe>[];
  readonly servers: readonly z.infer<typeof serverCheck>[];
};
/** Cameras that do not answer are waited for. */
const ANSWER_WITHIN_MS = 120_000;

export function registerCheckServer(servers: Command): void {
  withServerOptions(
    servers
      .command('check')
      .description('ask each of its cameras for a picture now, and check it; exit 1 if one of that fails')
      .argument('<server>', 'name or id of a protected server'),
    'Does once, now, what a failover server does each hour. understudy drill rehearses the whole takeover.',
  ).action(check);
}

async function check(meant: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('servers check', options);
  const { id: serverId } = await findServer(api, meant);
  const { items, servers } = (await api.call('POST', '/failover/probes', { serverId }, ANSWER_WITHIN_MS)) as Checked;
  if (options.json === true) printJson({ cameras: items, checks: servers });
  else {
    const names = await cameraNamesOf(api);
    const word = (ok: boolean): string => (ok ? 'ok' : 'failed');
    const cameras = items.map(({ cameraId, ok, message }) => [names.get(cameraId) ?? cameraId, word(ok), message]);
    process.stdout.write(columnsOf([...cameras, ...servers.map((one) => [one.check, word(one.ok), one.message])]));
  }
  if ([...items, ...servers].some(({ ok }) => !ok)) process.exitCode = EXIT_PROBLEM;
}
