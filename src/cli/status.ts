/** `understudy status`: how a server is, from its API. */
import type { Command } from 'commander';
import { apiOf, EXIT_PROBLEM, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';

export function registerStatus(program: Command): void {
  withServerOptions(
    program
      .command('status')
      .description('how a server is: health, processes, cameras; exit 1 if something needs attention'),
  ).action(status);
}

async function status(options: ServerOptions): Promise<void> {
  const api = await apiOf('status', options);
  const server = (await api.call('GET', '/server')) as ServerView;
  const cameras = ((await api.call('GET', '/cameras?limit=1000')) as { readonly items: readonly CameraView[] }).items;
  process.stdout.write(options.json === true ? `${JSON.stringify({ server, cameras })}\n` : textOf(server, cameras));
  if (server.health.status !== 'good') process.exitCode = EXIT_PROBLEM;
}

/** Of the answers, what is shown. */
type ServerView = {
  readonly name: string;
  readonly mode: string;
  readonly version: string;
  readonly health: {
    readonly status: string;
    readonly items: readonly { readonly severity: string; readonly message: string }[];
  };
  readonly processes: {
    readonly media: { readonly running: boolean; readonly restarts: number };
    readonly memoryBytes?: number;
  };
};
type CameraView = { readonly name: string; readonly state: string; readonly lastFrameAt?: string };

function textOf({ name, mode, version, health, processes }: ServerView, cameras: readonly CameraView[]): string {
  const { media, memoryBytes } = processes;
  const memory = memoryBytes === undefined ? '' : `, ${Math.round(memoryBytes / 1e6)} MB`;
  const lines = [
    `${name}: ${health.status} (${mode}, version ${version})`,
    `recording process ${media.running ? 'running' : 'not running'}, ${media.restarts} restarts${memory}`,
    ...health.items.map(({ severity, message }) => `${severity}: ${message}`),
    ...cameras.map((camera) => `${camera.state.padEnd(10)} ${camera.name}  ${camera.lastFrameAt ?? ''}`.trimEnd()),
  ];
  return `${lines.join('\n')}\n`;
}
