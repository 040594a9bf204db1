/**
 * `understudy servers add|authorize|code|pair`: how another server becomes known and trusted. No credential is sent to it
 * before somebody has confirmed its certificate, and no secret stands on the command line.
 */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { KnownServer } from '../api/contract/failover.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';
import { findServer } from './find-server.ts';
import { apiOf, fingerprintIn, firstLineOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { plainText, print, printJson } from './text-output.ts';

export type AccountOptions = ServerOptions & {
  readonly username?: string;
  readonly passwordFile?: string;
  readonly hostFingerprint?: string;
};
type AddOptions = AccountOptions & { readonly httpPort: string };

export function registerAddServer(servers: Command): void {
  withServerOptions(
    accountOptions(
      servers
        .command('add')
        .description('authorize another server with the account of one of its administrators (at a host: of its owner)')
        .argument('<host>', 'its name or address')
        .option('--http-port <port>', 'port of its web interface', '51443'),
    ),
    CONFIRMED,
  ).action(add);
  withServerOptions(
    accountOptions(
      servers
        .command('authorize')
        .description('authorize a known server again, for instance after its key has changed')
        .argument('<server>', 'its name or id'),
    ),
    CONFIRMED,
  ).action(authorize);
  withServerOptions(
    servers.command('code').description('a code with which another server can join this one: once, for five minutes'),
  ).action(code);
  withServerOptions(
    servers
      .command('pair')
      .description('join a server that showed a code')
      .argument('<host>', 'its name or address')
      .option('--peer-port <port>', 'port on which it listens to other servers', '51410')
      .option('--code-file <file>', 'file whose first line is the code'),
  ).action(pair);
}

export const CONFIRMED = `The certificate of the other server is shown first and must be confirmed: compare it with the one that server shows under
Settings, then give it with --host-fingerprint (or say yes, in a terminal). The password is sent to that certificate only.`;

/** Of a person at another server. */
export const accountOptions = (command: Command): Command =>
  command
    .option('--username <name>', 'an administrator of the other server; at a host its owner')
    .option('--password-file <file>', 'file whose first line is the password')
    .option('--host-fingerprint <sha256>', 'certificate of the other server, as compared');

async function add(host: string, options: AddOptions): Promise<void> {
  const httpPort = portIn(options.httpPort, '--http-port');
  const account = await accountOf('servers add', options);
  const api = await apiOf('servers add', options);
  const httpsFingerprint = await confirmedFingerprint(api, { host, httpPort }, options);
  const server = await api.call('POST', '/servers', { host, httpPort, httpsFingerprint, ...account });
  show(server as KnownServer, options);
}

async function authorize(meant: string, options: AccountOptions): Promise<void> {
  const account = await accountOf('servers authorize', options);
  const api = await apiOf('servers authorize', options);
  const { id, name, host, httpPort } = await findServer(api, meant);
  if (host === undefined || httpPort === undefined)
    throw new UnderstudyError('conflict', 'cli/dials-in', `${name} dials in: pair it with a new code.`);
  const httpsFingerprint = await confirmedFingerprint(api, { host, httpPort }, options);
  const server = await api.call('POST', `/servers/${id}/authorize`, { httpsFingerprint, ...account });
  show(server as KnownServer, options);
}

async function code(options: ServerOptions): Promise<void> {
  const api = await apiOf('servers code', options);
  const issued = (await api.call('POST', '/servers/pairing-code')) as {
    readonly code: string;
    readonly expiresAt: string;
    readonly fingerprint: string;
  };
  if (options.json === true) return printJson(issued);
  print(issued.code);
  print(`Enter it on the other server before ${issued.expiresAt}. This server's key is ${issued.fingerprint}.`);
}

async function pair(
  host: string,
  options: ServerOptions & { readonly peerPort: string; readonly codeFile?: string },
): Promise<void> {
  const peerPort = portIn(options.peerPort, '--peer-port');
  if (options.codeFile === undefined)
    throw wrongUse('servers pair needs --code-file FILE with the code that the other server showed');
  const typed = await firstLineOf(options.codeFile, '--code-file');
  const api = await apiOf('servers pair', options);
  show((await api.call('POST', '/servers/pair', { host, peerPort, code: typed })) as KnownServer, options);
}

function show(server: KnownServer, { json }: ServerOptions): void {
  if (json === true) return printJson({ server });
  const { name, id, watched, watcher, managesUs } = server;
  const role = watched
    ? 'is protected'
    : watcher
      ? 'protects this server'
      : managesUs
        ? 'manages this server'
        : 'is known';
  print(`${name} ${role} from now on (${id}).`);
}

export type Account = { readonly username: string; readonly password: string };
export async function accountOf(name: string, { username, passwordFile }: AccountOptions): Promise<Account> {
  if (username === undefined || passwordFile === undefined)
    throw wrongUse(
      `${name} needs --username NAME and --password-file FILE of an administrator of the other server (at a host: its owner)`,
    );
  return { username, password: await firstLineOf(passwordFile, '--password-file') };
}

/** @throws cli/usage */
export function portIn(text: string, option: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw wrongUse(`${option} takes a number from 1 to 65535, not ${text}`);
}

type Place = { readonly host: string; readonly httpPort: number };
type Tested = {
  readonly checks: readonly { readonly ok: boolean; readonly detail: string }[];
  readonly httpsFingerprint?: string;
};

/** As given, else as shown there and confirmed by a person. @throws cli/usage when nobody can be asked */
export async function confirmedFingerprint(api: ApiClient, place: Place, options: AccountOptions): Promise<string> {
  if (options.hostFingerprint !== undefined) return fingerprintIn(options.hostFingerprint, '--host-fingerprint');
  const { checks, httpsFingerprint } = (await api.call('POST', '/servers/test', place)) as Tested;
  if (httpsFingerprint === undefined) {
    const why = checks.find(({ ok }) => !ok)?.detail ?? 'it shows no certificate';
    throw new UnderstudyError('unavailable', 'cli/no-certificate', `${place.host}: ${plainText(why)}`);
  }
  const shown = `${place.host} port ${place.httpPort} shows the certificate ${httpsFingerprint}`;
  const again = `compare it with what that server shows under Settings, then give --host-fingerprint ${httpsFingerprint}`;
  if (options.json === true || !process.stdin.isTTY) throw wrongUse(`${shown}: ${again}`);
  if (await agreed(`${shown}.\nIs it the one that server shows under Settings? [y/N] `)) return httpsFingerprint;
  throw new UnderstudyError('conflict', 'cli/not-confirmed', 'The certificate was not confirmed; nothing was sent.');
}

async function agreed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
