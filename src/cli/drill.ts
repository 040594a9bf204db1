/** `understudy drill`: rehearses the failure of a server and says how fast each camera was recorded. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { drill as drillShape } from '../api/contract/failover.ts';
import { seconds, systemClock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { cameraNamesOf } from './camera-names.ts';
import { findServer, knownServersOf } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson, secondsText } from './text-output.ts';

type Drill = z.infer<typeof drillShape>;

export function registerDrill(program: Command): void {
  withServerOptions(
    program
      .command('drill')
      .description('rehearse the failure of a server without touching it; exit 1 if a camera could not be recorded')
      .argument('[server]', 'name or id of the protected server; without it: rehearsals until now'),
    'Waits until the drill is over and prints the seconds from its start to the first durable key frame of each camera.',
  ).action(rehearse);
}

async function rehearse(meant: string | undefined, options: ServerOptions): Promise<void> {
  const api = await apiOf('drill', options);
  if (meant === undefined) return await list(api, options);
  const { id: serverId, name } = await findServer(api, meant);
  const started = (await api.call('POST', '/failover/drills', { serverId })) as Drill;
  const drill = await ended(api, started);
  const failed = drill.cameras.filter(({ firstFrameAfter }) => firstFrameAfter === undefined);
  if (options.json === true) printJson({ drill });
  else {
    const names = await cameraNamesOf(api);
    process.stdout.write(columnsOf(drill.cameras.map((camera) => rowOf(camera, names))));
    print(`${drill.cameras.length - failed.length} of ${drill.cameras.length} cameras of ${name} could be recorded.`);
  }
  if (failed.length > 0) process.exitCode = EXIT_PROBLEM;
}

async function list(api: ApiClient, options: ServerOptions): Promise<void> {
  const { items } = (await api.call('GET', '/failover/drills?limit=100')) as { readonly items: readonly Drill[] };
  if (options.json === true) return printJson({ drills: items });
  if (items.length === 0) return print('Nothing was rehearsed.');
  const names = new Map((await knownServersOf(api)).map(({ id, name }) => [id, name]));
  const rows = items.map(({ serverId, startedAt, endedAt, cameras }) => [
    startedAt,
    names.get(serverId) ?? serverId,
    endedAt === undefined ? 'goes on' : 'ended',
    `${cameras.filter(({ firstFrameAfter }) => firstFrameAfter !== undefined).length} of ${cameras.length} cameras recorded`,
  ]);
  process.stdout.write(columnsOf(rows));
}

const rowOf = (
  { cameraId, standbyLevel, firstFrameAfter, problem }: Drill['cameras'][number],
  names: ReadonlyMap<string, string>,
): readonly (string | undefined)[] => [
  names.get(cameraId) ?? cameraId,
  standbyLevel,
  firstFrameAfter === undefined ? 'none' : secondsText(firstFrameAfter),
  problem,
];

/** The server ends a drill itself long before. */
const MAX_SECONDS = 600;
const LOOK_EACH = 0.25;

async function ended(api: ApiClient, started: Drill): Promise<Drill> {
  const until = systemClock.monotonic() + seconds(MAX_SECONDS);
  let drill = started;
  while (drill.endedAt === undefined) {
    if (systemClock.monotonic() > until)
      throw new UnderstudyError(
        'unavailable',
        'cli/drill',
        `The drill ${started.id} has not ended in ${MAX_SECONDS} s.`,
      );
    await systemClock.sleep(seconds(LOOK_EACH));
    const { items } = (await api.call('GET', '/failover/drills?limit=100')) as { readonly items: readonly Drill[] };
    const found = items.find(({ id }) => id === started.id);
    if (found === undefined)
      throw new UnderstudyError(
        'unavailable',
        'cli/drill',
        `The server knows nothing of the drill ${started.id} any more.`,
      );
    drill = found;
  }
  return drill;
}
