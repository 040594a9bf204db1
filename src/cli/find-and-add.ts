/**
 * `understudy servers search|test|batch|allow|rename`: finding servers, looking at one before it is added, adding many, and letting one be
 * managed whose owner left that off.
 * Belongs here: these commands. Does not: adding one server (add-server.ts), what a batch is (control/batch-add.ts).
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { BatchResult, BatchRow, TestServerResult } from '../api/contract/adding.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Naming } from '../site/server-naming.ts';
import { accountOf, accountOptions, confirmedFingerprint, CONFIRMED, portIn } from './add-server.ts';
import type { AccountOptions } from './add-server.ts';
import { findServer } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, fingerprintIn, firstLineOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, plainText, print, printJson } from './text-output.ts';

const DEFAULT_PORT = 51_443;
/** Sign-ins of a hundred servers, some of which do not answer. */
const BATCH_WITHIN_MS = 600_000;
const MAX_LIST_BYTES = 256 * 1024;

export function registerFindAndAdd(servers: Command): void {
  withServerOptions(
    servers
      .command('search')
      .description('look for servers on the LAN of the server that is asked; exit 1 if there is none')
      .option('--seconds <n>', 'how long to look, 0.5 to 10', '2')
      .option('--rows', 'as lines for servers batch; compare the certificates before you use them'),
    'Anybody on the network can say the same: what is found is a hint, until its certificate was compared.',
  ).action(search);
  withServerOptions(
    accountOptions(
      servers
        .command('test')
        .description('look at a server before it is added, check by check; exit 1 if it would be refused')
        .argument('<host>', 'its name or address')
        .option('--http-port <port>', 'port of its web interface', String(DEFAULT_PORT)),
    ),
    'Without --username no secret is sent. With it, the certificate is given with --host-fingerprint.',
  ).action(test);
  withServerOptions(
    servers
      .command('batch')
      .description('add many servers at once; each is told by itself, exit 1 if one was not added')
      .argument('<file>', 'list of servers')
      .option('--username <name>', 'the account of those whose row has none: an administrator; at a host the owner')
      .option('--password-file <file>', 'file whose first line is the password')
      .option('--naming <rule>', 'model, model-number, prefix-number:PREFIX, custom; without it each keeps its name')
      .option('--lock', 'refuse local changes there while this host manages them')
      .option('--update', 'what is older gets the release of this host first, if it is kept there'),
    LIST,
  ).action(batch);
  withServerOptions(
    accountOptions(
      servers
        .command('allow')
        .description('let a host manage a server whose owner left that off; with the account of its owner')
        .argument('<host>', 'its name or address')
        .option('--http-port <port>', 'port of its web interface', String(DEFAULT_PORT)),
    ),
    CONFIRMED,
  ).action(allow);
  withServerOptions(
    servers
      .command('rename')
      .description('give a server of the site another name; at its host, while it is connected')
      .argument('<server>', 'its name or id')
      .argument('<name>', 'what it shall be called'),
  ).action(rename);
}

async function rename(meant: string, name: string, options: ServerOptions): Promise<void> {
  const api = await apiOf('servers rename', options);
  const { id, name: before } = await findServer(api, meant);
  const server = (await api.call('POST', `/servers/${id}/rename`, { name })) as { readonly name: string };
  if (options.json === true) return printJson({ server });
  print(`${before} is called ${server.name} from now on.`);
}

const LIST = `The list has a line a server: HOST[:PORT] CERTIFICATE [NAME]; lines with # in front are left out. CERTIFICATE is the SHA-256
that the server shows under Settings: compare it, for the password is sent to whoever shows it. Servers with an account of their
own go into a JSON file: [{"host": …, "httpPort": …, "httpsFingerprint": …, "username": …, "password": …, "name": …}, …].`;

type Found = {
  readonly name: string;
  readonly mode: string;
  readonly version: string;
  readonly model?: string;
  readonly addresses: readonly string[];
  readonly httpPort: number;
  readonly httpsFingerprint: string;
  readonly enabled: boolean;
  readonly known: boolean;
  readonly membership: 'undefined' | 'joined' | 'foreign';
  readonly host?: { readonly id: string; readonly name?: string };
};
type SearchOptions = ServerOptions & { readonly seconds: string; readonly rows?: boolean };

async function search(options: SearchOptions): Promise<void> {
  const seconds = Number(options.seconds);
  if (!(seconds >= 0.5 && seconds <= 10)) throw wrongUse(`--seconds takes 0.5 to 10, not ${options.seconds}`);
  const api = await apiOf('servers search', options);
  const { items } = (await api.call('POST', '/servers/search', { seconds })) as { readonly items: readonly Found[] };
  if (options.json === true) printJson({ servers: items });
  else if (options.rows === true) for (const line of items.filter(({ known }) => !known).flatMap(linesOf)) print(line);
  else if (items.length === 0) print('No server answered. Only servers in the same network segment are found.');
  else process.stdout.write(columnsOf(items.map(foundRow)));
  if (items.length === 0) process.exitCode = EXIT_PROBLEM;
}

const foundRow = ({
  name,
  mode,
  version,
  model,
  addresses,
  httpPort,
  ...rest
}: Found): readonly (string | undefined)[] => [
  name,
  mode,
  standingOf(rest),
  addresses.map((address) => `${address}:${httpPort}`).join(' '),
  version,
  model ?? '',
  rest.httpsFingerprint,
];
function standingOf({
  known,
  enabled,
  membership,
  host,
}: Pick<Found, 'known' | 'enabled' | 'membership' | 'host'>): string {
  if (known) return 'known';
  if (membership === 'foreign') return host === undefined ? 'another site' : `of the site of ${host.name ?? host.id}`;
  return enabled ? 'new' : 'management off';
}

/** For the list of `servers batch`; its name stands above, so that it is kept unless the line is given one. */
const linesOf = ({ addresses, httpPort, httpsFingerprint, name }: Found): readonly string[] => [
  `# ${name}`,
  `${addresses[0] ?? ''}:${httpPort} ${httpsFingerprint}`,
];

async function test(host: string, options: AccountOptions & { readonly httpPort: string }): Promise<void> {
  const place = { host, httpPort: portIn(options.httpPort, '--http-port') };
  const asked = { ...place, ...(await accountIn(options)) };
  const api = await apiOf('servers test', options);
  const result = (await api.call('POST', '/servers/test', asked)) as TestServerResult;
  if (options.json === true) printJson(result);
  else
    process.stdout.write(columnsOf(result.checks.map(({ ok, name, detail }) => [ok ? 'ok' : 'FAILED', name, detail])));
  if (result.checks.some(({ ok, code }) => !ok && code !== undefined)) process.exitCode = EXIT_PROBLEM;
}

async function accountIn(options: AccountOptions): Promise<object> {
  const fingerprint =
    options.hostFingerprint === undefined
      ? {}
      : { httpsFingerprint: fingerprintIn(options.hostFingerprint, '--host-fingerprint') };
  if (options.username === undefined && options.passwordFile === undefined) return fingerprint;
  if (options.hostFingerprint === undefined)
    throw wrongUse('servers test sends a password to a confirmed certificate only: give --host-fingerprint');
  return { ...fingerprint, ...(await accountOf('servers test', options)) };
}

type BatchOptions = ServerOptions & {
  readonly username?: string;
  readonly passwordFile?: string;
  readonly naming?: string;
  readonly lock?: boolean;
  readonly update?: boolean;
};
async function batch(file: string, options: BatchOptions): Promise<void> {
  const rows = await rowsIn(file);
  const { username, passwordFile, naming, lock = false, update = false } = options;
  const password = passwordFile === undefined ? {} : { password: await firstLineOf(passwordFile, '--password-file') };
  const asked = {
    rows,
    ...(username === undefined ? {} : { username }),
    ...password,
    ...(naming === undefined ? {} : { naming: namingIn(naming) }),
    lock,
    ...(update ? { updateOlder: true } : {}),
  };
  const api = await apiOf('servers batch', options);
  const result = (await api.call('POST', '/servers/batch', asked, BATCH_WITHIN_MS)) as BatchResult;
  if (options.json === true) printJson(result);
  else process.stdout.write(columnsOf(result.rows.map((row, index) => [rows[index]?.host, ...wordsOf(row)])));
  if (result.rows.some(({ ok }) => !ok)) process.exitCode = EXIT_PROBLEM;
}

const wordsOf = ({ ok, name, message }: BatchResult['rows'][number]): readonly [string, string] =>
  ok ? ['added', name ?? ''] : ['FAILED', message ?? ''];

/** @throws cli/usage */
export function namingIn(text: string): Naming {
  const [kind = '', ...rest] = text.split(':');
  const prefix = rest.join(':');
  if (kind === 'prefix-number' && prefix !== '') return { kind, prefix };
  if ((kind === 'model' || kind === 'model-number' || kind === 'custom') && rest.length === 0) return { kind };
  throw wrongUse(`--naming takes model, model-number, prefix-number:PREFIX or custom, not ${plainText(text)}`);
}

async function rowsIn(file: string): Promise<readonly Pick<BatchRow, 'host'>[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UnderstudyError('invalid', 'cli/usage', `${file} cannot be read`, { cause });
  });
  if (text.length > MAX_LIST_BYTES) throw wrongUse(`${file} is too long for a list of servers`);
  return parseList(text, file);
}

/** @throws cli/usage */
export function parseList(text: string, file: string): readonly Pick<BatchRow, 'host'>[] {
  if (text.trimStart().startsWith('[')) return parseJsonList(text, file);
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const rows = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  if (rows.length === 0) throw wrongUse(`${file} lists no server`);
  return rows.map(({ line, number }) => rowIn(line, `${file} line ${number}`));
}

/** The server checks the rest. */
function parseJsonList(text: string, file: string): readonly Pick<BatchRow, 'host'>[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.length > 0 && value.every(isRow)) return value;
  } catch {
    // Told below: the words of the parser may quote a password.
  }
  throw wrongUse(`${file} holds no JSON list of servers, each with its host`);
}
const isRow = (value: unknown): value is Pick<BatchRow, 'host'> =>
  typeof value === 'object' && value !== null && 'host' in value && typeof value.host === 'string';

function rowIn(line: string, where: string): BatchRow {
  const [place = '', certificate = '', ...name] = line.split(/\s+/);
  const { groups } = /^(?<host>\[[\da-f:.]+\]|[^:]+)(:(?<port>\d{1,5}))?$/i.exec(place) ?? {};
  if (groups?.['host'] === undefined || certificate === '')
    throw wrongUse(`${where}: expected HOST[:PORT] CERTIFICATE [NAME]`);
  return {
    host: groups['host'].replaceAll(/^\[|\]$/g, ''),
    httpPort: groups['port'] === undefined ? DEFAULT_PORT : portIn(groups['port'], where),
    httpsFingerprint: fingerprintIn(certificate, where),
    ...(name.length === 0 ? {} : { name: name.join(' ') }),
  };
}

async function allow(host: string, options: AccountOptions & { readonly httpPort: string }): Promise<void> {
  const httpPort = portIn(options.httpPort, '--http-port');
  const account = await accountOf('servers allow', options);
  const api = await apiOf('servers allow', options);
  const httpsFingerprint = await confirmedFingerprint(api, { host, httpPort }, options);
  const asked = { host, httpPort, httpsFingerprint, ...account };
  const server = (await api.call('POST', '/servers/enable', asked)) as { readonly id: string; readonly name: string };
  if (options.json === true) return printJson({ server });
  print(`${server.name} lets a host manage it from now on: add it with servers add.`);
}
