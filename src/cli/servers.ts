/**
 * `understudy servers`: the other servers that one knows; enables, disables, backs up, forgets them.
 * Belongs here: the command and what concerns a known server. Does not: how one becomes known (add-server.ts).
 */
import type { Command } from 'commander';
import type { KnownServer } from '../api/contract/failover.ts';
import { systemClock } from '../core/clock.ts';
import { registerAddServer } from './add-server.ts';
import type { ApiClient } from './api-client.ts';
import { planOf } from './camera-names.ts';
import type { Plan } from './camera-names.ts';
import { registerCheckServer } from './check-server.ts';
import { failedChecksOf, failedChecksWords } from './failed-checks.ts';
import type { FailedCheck } from './failed-checks.ts';
import { registerFindAndAdd } from './find-and-add.ts';
import { findServer, knownServersOf } from './find-server.ts';
import { registerRemoveServers } from './remove-servers.ts';
import { bulk, registerMembership } from './membership.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { columnsOf, print, printJson } from './text-output.ts';

export function registerServers(program: Command): void {
  const servers = program.command('servers').description('the other servers that a server knows and trusts');
  withServerOptions(
    servers.command('list', { isDefault: true }).description('list them; exit 1 if a protected one is in trouble'),
  ).action(list);
  registerAddServer(servers);
  registerFindAndAdd(servers);
  registerMembership(servers);
  action(servers, 'enable', {
    description: 'watch it again, or several at once',
    run: async (api, { id }) => (await api.call('POST', `/servers/${id}/enable`)) as KnownServer,
    words: ({ name }) => `${name} is watched.`,
    bulk: 'enable',
  });
  action(servers, 'disable', {
    description: 'watch it no more for now, or several at once; refused while footage of it is not home: see --secure',
    run: async (api, { id }) => (await api.call('POST', `/servers/${id}/disable`)) as KnownServer,
    words: ({ name }) => `${name} is not watched until it is enabled again.`,
    bulk: 'disable',
  })
    .option('--confirm <name...>', 'names of servers to which it is done although footage is not home')
    .option('--secure', 'do it when their footage is home; understudy servers enable takes that back');
  action(servers, 'backup', { description: 'back up its settings now', run: backUp, words: backupWords });
  registerRemoveServers(servers);
  registerCheckServer(servers);
}

export const backUp = async (api: ApiClient, { id }: KnownServer): Promise<KnownServer> =>
  (await api.call('POST', `/servers/${id}/backup`)) as KnownServer;
export const backupWords = ({ name, watch }: KnownServer): string =>
  `The settings of ${name} were backed up${watch === undefined ? '' : `: ${watch.cameras} cameras`}.`;

type Action = {
  readonly description: string;
  readonly run: (api: ApiClient, server: KnownServer) => Promise<KnownServer>;
  readonly words: (server: KnownServer) => string;
  /** It may be done to several at once. */
  readonly bulk?: 'enable' | 'disable';
};
type ActionOptions = ServerOptions & { readonly confirm?: readonly string[]; readonly secure?: boolean };
function action(parent: Command, name: string, { description, run, words, bulk: several }: Action): Command {
  const argument = several === undefined ? '<server>' : '<server...>';
  const command = parent.command(name).description(description).argument(argument, 'name or id');
  return withServerOptions(command).action(async (meant: string | readonly string[], options: ActionOptions) => {
    const all = typeof meant === 'string' ? [meant] : meant;
    const { confirm, secure = false } = options;
    if (several !== undefined && (all.length > 1 || confirm !== undefined || secure))
      return await bulk(all, several, options, { confirm: confirm ?? [], ...(secure ? { secure } : {}) });
    const api = await apiOf(`servers ${name}`, options);
    const server = await run(api, await findServer(api, all[0] ?? ''));
    if (options.json === true) printJson({ server });
    else print(words(server));
  });
}

/** Of a protected server: footage is, or soon may be, missing there. */
const TROUBLE: ReadonlySet<string> = new Set(['suspected', 'failed', 'taken-over']);

async function list(options: ServerOptions): Promise<void> {
  const api = await apiOf('servers', options);
  const servers = await knownServersOf(api);
  if (options.json === true) printJson({ servers });
  else if (servers.length === 0) print('No other server is known.');
  else {
    const watches = servers.some(({ watch }) => watch !== undefined);
    const plan = watches ? await planOf(api) : { servers: [] };
    const failed = watches ? await failedChecksOf(api) : [];
    process.stdout.write(columnsOf(servers.map((server) => rowOf(server, plan, failed))));
  }
  if (servers.some(({ watch }) => watch !== undefined && TROUBLE.has(watch.state))) process.exitCode = EXIT_PROBLEM;
}

function rowOf(known: KnownServer, plan: Plan, failed: readonly FailedCheck[]): readonly (string | undefined)[] {
  const { id, name, mode, host, clientAddress, watch, detachPending, unsuited, securing, ...server } = known;
  const covered = watch === undefined ? undefined : `${watch.covered} of ${watch.cameras} cameras covered`;
  const backup = watch?.backupProblem === undefined ? undefined : `settings not backed up: ${watch.backupProblem}`;
  const unfit = failedChecksWords(failed, id, systemClock.now());
  const trouble = [
    leftOutOf(plan, id),
    watch?.reason,
    unsuited?.message,
    backup,
    unfit,
    detachPending?.problem,
    waitingOf(securing),
  ]
    .filter((part) => part !== undefined)
    .join('; ');
  const place = placeOf(host, clientAddress);
  return [name, mode, stateOf(known), rolesOf(server), place, id, covered, readinessOf(watch?.standby), trouble];
}

function stateOf({ connected, watch, detachPending, securing, forgottenSince }: KnownServer): string {
  if (forgottenSince !== undefined) return 'removed, footage here';
  const calm = watch?.state ?? (connected ? 'connected' : 'not connected');
  const pending = detachPending === undefined ? securing?.action : 'detach';
  return pending === undefined ? calm : `${calm}, ${pending} pending`;
}

const waitingOf = (securing: KnownServer['securing']): string | undefined =>
  securing && `when its footage is home${securing.problem === undefined ? '' : `: ${securing.problem}`}`;

/** Where it is dialled, and where browsers are sent if that is another address. */
function placeOf(host = 'dials in', forBrowsers = host): string {
  return forBrowsers === host ? host : `${host} (browsers: ${forBrowsers})`;
}

type Standby = NonNullable<NonNullable<KnownServer['watch']>['standby']>;
/** Cameras named in a list of servers; `--json` has more of them. */
const MAX_NAMED = 3;
/** `2 of 3 hot, 4 of 4 warm ready; not Door (warm instead of hot: …)`. */
function readinessOf(standby: Standby | undefined): string | undefined {
  if (standby === undefined || standby.hot.wanted + standby.warm.wanted === 0) return undefined;
  const { hot, warm, notReady } = standby;
  const counts = Object.entries({ hot, warm })
    .filter(([, { wanted }]) => wanted > 0)
    .map(([level, { ready, wanted }]) => `${ready} of ${wanted} ${level}`);
  const missing = hot.wanted + warm.wanted - hot.ready - warm.ready;
  const whyOf = ({ level, actual, reason }: Standby['notReady'][number]): string =>
    `${actual} instead of ${level}${reason ? `: ${reason}` : ''}`;
  const named = notReady.slice(0, MAX_NAMED);
  const groups = [...Map.groupBy(named, whyOf)].map(([why, cameras]) => `${namesIn(cameras)} (${why})`);
  const more = missing > named.length ? [`${missing - named.length} more`] : [];
  return `${counts.join(', ')} ready${missing > 0 ? `; not ${[...groups, ...more].join(', ')}` : ''}`;
}

/** Cameras that no failover server would record: it looks protected, and is not. One of priority never is left out on purpose. */
function leftOutOf({ servers }: Plan, serverId: string): string | undefined {
  const cameras = servers.find((server) => server.serverId === serverId)?.cameras ?? [];
  const left = cameras.filter(
    ({ coveredBy, cause, priority }) => coveredBy === undefined && cause !== undefined && priority !== 'never',
  );
  if (left.length === 0) return undefined;
  const named = left.slice(0, MAX_NAMED);
  const groups = [...Map.groupBy(named, ({ cause }) => cause ?? '')].map(
    ([cause, ones]) => `${namesIn(ones)} (${cause.replaceAll('-', ' ')})`,
  );
  const more = left.length > named.length ? [`${left.length - named.length} more`] : [];
  return `${left.length} would not be covered: ${[...groups, ...more].join(', ')}`;
}

const namesIn = (cameras: readonly { readonly name: string }[]): string => cameras.map(({ name }) => name).join(', ');

function rolesOf({
  watched,
  watcher,
  managesUs,
  locked = false,
}: Pick<KnownServer, 'watched' | 'watcher' | 'managesUs' | 'locked'>): string {
  const lock = managesUs ? 'locks this server' : 'locked';
  const roles = [watched && 'protected', watcher && 'protects', managesUs && 'manages', locked && lock];
  return roles.filter((role) => role !== false).join(', ');
}
