/** `understudy status`: how a server is, from its API. On its own box `--data DIR` finds address and certificate. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { UnderstudyError } from '../core/errors.ts';
import { createApiClient } from './api-client.ts';
import type { ApiPlace } from './api-client.ts';

type StatusOptions = {
  readonly server?: string;
  readonly data?: string;
  readonly fingerprint?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
};
const EXIT_PROBLEM = 1;

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('how a server is: health, processes, cameras; exit 1 if something needs attention')
    .option('--server <url>', 'such as https://192.168.1.20:51443')
    .option('--data <dir>', 'data directory of a server on this machine, instead of --server')
    .option('--fingerprint <sha256>', 'certificate to expect; needed with --server unless it is on this machine')
    .option('--token-file <file>', 'file with an API token')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
A server makes its certificate itself, so no authority vouches for it: it is trusted by its fingerprint (SHA-256), which the server
prints when it starts and shows under Settings. With --data it is read from the data directory; at an address of this machine
(localhost, 127.0.0.1, ::1) it may be left out. The token is sent only to a server that shows the expected certificate.`,
    )
    .action(async (options: StatusOptions) => await status(options));
}

async function status(options: StatusOptions): Promise<void> {
  const place = await placeOf(options);
  const api = createApiClient(() => place);
  const server = (await api.call('GET', '/server')) as ServerView;
  const cameras = ((await api.call('GET', '/cameras')) as { readonly items: readonly CameraView[] }).items;
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

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

async function placeOf({ server, data, fingerprint, tokenFile }: StatusOptions): Promise<ApiPlace> {
  if (tokenFile === undefined) throw wrong('status needs --token-file FILE: make a token under Users, save it there');
  const token = (await readFile(tokenFile, 'utf8')).trim();
  if (data !== undefined) {
    const found = await foundIn(data);
    return { host: found.bind ?? '127.0.0.1', port: found.port, fingerprint: found.fingerprint, token };
  }
  if (server === undefined || !URL.canParse(server))
    throw wrong('status needs --server https://HOST:PORT, or --data DIR');
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  if (protocol !== 'https:') throw wrong('--server begins with https://');
  if (fingerprint === undefined && !LOOPBACK.has(host))
    throw wrong('--server on another machine needs --fingerprint: a token is not sent to whoever answers');
  return {
    host,
    port: Number(port === '' ? 443 : port),
    fingerprint: fingerprint?.replaceAll(':', '').toLowerCase(),
    token,
  };
}

async function foundIn(data: string): Promise<Found> {
  try {
    return JSON.parse(await readFile(join(data, 'run', 'http.json'), 'utf8')) as Found;
  } catch (cause) {
    throw new UnderstudyError(
      'unavailable',
      'cli/no-server',
      `No server has said in ${data} where it listens: it is not running, or its data directory is another one.`,
      { cause },
    );
  }
}

type Found = { readonly port: number; readonly fingerprint: string; readonly bind?: string };
const wrong = (message: string): UnderstudyError => new UnderstudyError('invalid', 'cli/usage', message);
