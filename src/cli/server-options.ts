/**
 * Options of every command that talks to a running server: where it is, by which certificate it is known, with which token.
 * On its own box `--data DIR` finds address and certificate. `--at NAME` asks another server of the site through that one.
 *
 * Belongs here: those options and the client made of them. Does not: the conversation (api-client.ts), what is asked.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { UnderstudyError } from '../core/errors.ts';
import { plainFingerprint } from '../core/fingerprint.ts';
import { createApiClient } from './api-client.ts';
import type { ApiClient, ApiPlace } from './api-client.ts';
import { findServer } from './find-server.ts';

export type ServerOptions = {
  readonly server?: string;
  readonly data?: string;
  readonly fingerprint?: string;
  readonly tokenFile?: string;
  readonly at?: string;
  readonly json?: boolean;
};
export const EXIT_PROBLEM = 1;

const TRUST = `
A server makes its certificate itself, so no authority vouches for it: it is trusted by its fingerprint (SHA-256), which the server
prints when it starts and shows under Settings. With --data it is read from the data directory; at an address of this machine
(localhost, 127.0.0.1, ::1) it may be left out. The token is sent only to a server that shows the expected certificate.`;

/** Gives `command` the options; `more` stands below its help. */
export function withServerOptions(command: Command, more = ''): Command {
  return command
    .option('--server <url>', 'such as https://192.168.1.20:51443')
    .option('--data <dir>', 'data directory of a server on this machine, instead of --server')
    .option('--fingerprint <sha256>', 'certificate to expect; needed with --server unless it is on this machine')
    .option('--token-file <file>', 'file with an API token (of the page Settings)')
    .option('--at <name>', 'ask this server of the site, by name or id, through the host that --server or --data gives')
    .option('--json', 'as JSON')
    .addHelpText('after', more === '' ? TRUST : `\n${more}\n${TRUST}`);
}

/** `name`: of the command, for messages. With `--at` of another server of the site. @throws cli/usage, cli/no-server, cli/server */
export async function apiOf(name: string, options: ServerOptions): Promise<ApiClient> {
  const place = await placeOf(name, options);
  const asked = createApiClient(() => place);
  if (options.at === undefined) return asked;
  const { id } = await findServer(asked, options.at);
  return createApiClient(() => ({ ...place, through: `/servers/${id}/api` }));
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/** Of a server on which nobody has a token yet. @throws as `apiOf` */
export async function serverWithoutToken(name: string, options: ServerOptions): Promise<ApiClient> {
  const place = await serverPlaceOf(name, options, undefined);
  return createApiClient(() => place);
}

async function placeOf(name: string, options: ServerOptions): Promise<ApiPlace> {
  if (options.tokenFile === undefined)
    throw wrongUse(`${name} needs --token-file FILE: create a token on the page Settings, save it there`);
  return await serverPlaceOf(name, options, await firstLineOf(options.tokenFile, '--token-file'));
}

async function serverPlaceOf(
  name: string,
  { server, data, fingerprint }: ServerOptions,
  token: string | undefined,
): Promise<ApiPlace> {
  if (data !== undefined) {
    const found = await foundIn(data);
    return { host: found.bind ?? '127.0.0.1', port: found.port, fingerprint: found.fingerprint, token };
  }
  if (server === undefined || !URL.canParse(server))
    throw wrongUse(`${name} needs --server https://HOST:PORT, or --data DIR`);
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  if (protocol !== 'https:') throw wrongUse('--server begins with https://');
  if (fingerprint === undefined && !LOOPBACK.has(host))
    throw wrongUse('--server on another machine needs --fingerprint: a token is not sent to whoever answers');
  return {
    host,
    port: Number(port === '' ? 443 : port),
    fingerprint: fingerprint === undefined ? undefined : fingerprintIn(fingerprint, '--fingerprint'),
    token,
  };
}

/** With or without colons, in any case. @throws cli/usage */
export function fingerprintIn(text: string, option: string): string {
  const plain = plainFingerprint(text.trim());
  if (/^[0-9a-f]{64}$/.test(plain)) return plain;
  throw wrongUse(`${option} takes the 64 hexadecimal digits of a certificate's SHA-256, with or without colons`);
}

/** A longer line is no token and no password. */
const MAX_SECRET_CHARACTERS = 1024;
/** A secret in a file, so that it does not stand on a command line. @throws cli/usage */
export async function firstLineOf(path: string, option: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UnderstudyError('invalid', 'cli/usage', `${option}: ${path} cannot be read`, { cause });
  });
  const line = text.trimStart().split(/\r?\n/, 1)[0]?.trimEnd() ?? '';
  if (line !== '' && line.length <= MAX_SECRET_CHARACTERS) return line;
  throw wrongUse(`${option}: ${path} ${line === '' ? 'is empty' : 'holds something else: its first line is too long'}`);
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
/** Ends the command with exit code 2. */
export const wrongUse = (message: string): UnderstudyError => new UnderstudyError('invalid', 'cli/usage', message);
