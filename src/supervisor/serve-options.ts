/**
 * The arguments of `understudy serve`, read without the command-line library: the supervisor loads next to nothing.
 * Control reads the same ones.
 */
import { resolve } from 'node:path';
import { DEFAULT_RTMP_PORT } from '../core/push-key.ts';
import { isLogLevel } from '../core/log.ts';
import type { LogLevel } from '../core/log.ts';

const DEFAULT_HTTP_PORT = 51_443;
const DEFAULT_PEER_PORT = 51_410;
const MODES = ['recording', 'failover', 'host'] as const;

export type ServeOptions = {
  /** Absolute. */
  readonly dataDir: string;
  readonly mode: (typeof MODES)[number];
  /** 0: any free one; `run/http.json` tells which. */
  readonly httpPort: number;
  readonly peerPort: number;
  /** Cameras push RTMP here; listened at only while there is such a camera. */
  readonly rtmpPort: number;
  /** Address to listen at; undefined: all. */
  readonly bind: string | undefined;
  readonly name: string | undefined;
  readonly logLevel: LogLevel;
};
export type ParsedArguments =
  | { readonly kind: 'options'; readonly options: ServeOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const SERVE_USAGE = `usage: understudy serve --data DIR [options]
  --data DIR          everything this server remembers (or UNDERSTUDY_DATA)
  --mode MODE         recording, failover or host; only at the first start (recording)
  --http-port PORT    web interface and API (51443)
  --peer-port PORT    other servers of the site (51410)
  --rtmp-port PORT    cameras that push by RTMP (1935)
  --bind ADDR         listen at this address only
  --name NAME         name of this server; only at the first start (the host name)
  --help              this text
environment: UNDERSTUDY_DATA, UNDERSTUDY_LOG=debug|info|warn|error`;

const FLAGS = ['--data', '--mode', '--http-port', '--peer-port', '--rtmp-port', '--bind', '--name'] as const;
type Flag = (typeof FLAGS)[number];
const isFlag = (text: string): text is Flag => (FLAGS as readonly string[]).includes(text);
type Environment = Readonly<Record<string, string | undefined>>;

export function parseServeArguments(args: readonly string[], environment: Environment): ParsedArguments {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' };
  const given = valuesOf(args);
  if (typeof given === 'string') return wrong(given);
  return optionsOf(given, environment);
}

/** What stands on the command line, or what is wrong with it. */
function valuesOf(args: readonly string[]): ReadonlyMap<Flag, string> | string {
  const given = new Map<Flag, string>();
  for (let at = 0; at < args.length; at += 1) {
    const [flag, attached] = splitOnce(args[at] ?? '');
    if (!isFlag(flag)) return `serve does not know "${flag}"; see understudy serve --help`;
    const value = attached ?? args[(at += 1)];
    if (value === undefined || value === '') return `${flag} needs a value`;
    if (given.has(flag)) return `${flag} is given twice`;
    given.set(flag, value);
  }
  return given;
}

function splitOnce(argument: string): readonly [string, string | undefined] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

function optionsOf(given: ReadonlyMap<Flag, string>, environment: Environment): ParsedArguments {
  const data = given.get('--data') ?? environment['UNDERSTUDY_DATA'] ?? '';
  if (data === '') return wrong('serve needs --data DIR (or UNDERSTUDY_DATA)');
  const mode = given.get('--mode') ?? 'recording';
  if (mode !== 'recording' && mode !== 'failover' && mode !== 'host')
    return wrong(`--mode is one of ${MODES.join(', ')}, not "${mode}"`);
  const ports = portsOf(given);
  if (typeof ports === 'string') return wrong(ports);
  const logLevel = environment['UNDERSTUDY_LOG'] ?? 'info';
  if (!isLogLevel(logLevel)) return wrong(`UNDERSTUDY_LOG is one of debug, info, warn, error, not "${logLevel}"`);
  const more = { bind: given.get('--bind'), name: given.get('--name') };
  return {
    kind: 'options',
    options: { dataDir: resolve(data), mode, ...ports, logLevel, ...more },
  };
}

type Ports = Pick<ServeOptions, 'httpPort' | 'peerPort' | 'rtmpPort'>;

/** The ports, or what is wrong with one. */
function portsOf(given: ReadonlyMap<Flag, string>): Ports | string {
  const httpPort = portOf(given.get('--http-port'), DEFAULT_HTTP_PORT);
  if (httpPort === undefined) return `--http-port is a number from 0 to 65535, not "${given.get('--http-port')}"`;
  const peerPort = portOf(given.get('--peer-port'), DEFAULT_PEER_PORT);
  if (peerPort === undefined) return `--peer-port is a number from 0 to 65535, not "${given.get('--peer-port')}"`;
  // Cameras are told this one: it must stay the same.
  const rtmpPort = portOf(given.get('--rtmp-port'), DEFAULT_RTMP_PORT);
  if (rtmpPort === undefined || rtmpPort === 0)
    return `--rtmp-port is a number from 1 to 65535, not "${given.get('--rtmp-port')}"`;
  return { httpPort, peerPort, rtmpPort };
}

/** The same options as arguments, for a child. */
export function serveArgumentsOf({
  dataDir,
  mode,
  httpPort,
  peerPort,
  rtmpPort,
  bind,
  name,
}: ServeOptions): readonly string[] {
  return [
    `--data=${dataDir}`,
    `--mode=${mode}`,
    `--http-port=${httpPort}`,
    `--peer-port=${peerPort}`,
    `--rtmp-port=${rtmpPort}`,
    ...(bind === undefined ? [] : [`--bind=${bind}`]),
    ...(name === undefined ? [] : [`--name=${name}`]),
  ];
}

const wrong = (message: string): ParsedArguments => ({ kind: 'wrong', message });

function portOf(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  return port >= 0 && port <= 65_535 ? port : undefined;
}
