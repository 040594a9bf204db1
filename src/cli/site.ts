/**
 * `understudy site`: the servers of a site, who would cover whom, what its host decides for all of them.
 * Belongs here: what concerns the site as a whole. Does not: one server of it (servers.ts).
 */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { plan as planShape } from '../api/contract/failover.ts';
import type { siteStatus, SiteServerView, SiteView } from '../api/contract/site.ts';
import { changeTagged } from './change-tagged.ts';
import { findServer } from './find-server.ts';
import { apiOf, EXIT_PROBLEM, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { registerSiteHost } from './site-host.ts';
import { printSettings, settingsIn } from './site-settings.ts';
import { columnsOf, print, printJson } from './text-output.ts';

type Status = z.infer<typeof siteStatus>;
type Plan = z.infer<typeof planShape>;

export function registerSite(program: Command): void {
  const site = program.command('site').description('a site as its host sees it');
  withServerOptions(
    site
      .command('status', { isDefault: true })
      .description('every server of the site; exit 1 if one is offline or covered')
      .option('--state <state>', 'only those that are online, covering, covered, offline, disabled or detach-pending')
      .option('--mode <mode>', 'only those in this mode: recording, failover or host')
      .option('--text <text>', 'only those with this in name, address, model or version'),
  ).action(status);
  withServerOptions(
    site
      .command('plan')
      .description('who would cover which camera; exit 1 if one would not be covered')
      .option('--failed <server...>', 'what if these die now, by name or id; without it: every recording server'),
  ).action(plan);
  withServerOptions(
    site
      .command('policy')
      .description('show what the host decides for all servers, or change it')
      .argument(
        '[change...]',
        'such as automaticTakeover=off footagePolicy=keep standbyLevels.high=hot; footagePolicy= leaves it to each server',
      ),
  ).action(policy);
  withServerOptions(
    site
      .command('protect')
      .description('name the servers that a failover server protects, and no others')
      .argument('<failover-server>', 'its name or id')
      .argument('[server...]', 'names or ids of the servers that it protects')
      .option('--all', 'it protects all of them again')
      .option('--none', 'it protects none'),
  ).action(protect);
  withServerOptions(
    site
      .command('settings')
      .description('show how a server of the site fails over, or change it there')
      .argument('<server>', 'its name or id')
      .argument('[change...]', 'such as hotSeconds=45 timeouts.keepAlive=60 restorationLimit='),
  ).action(settings);
  registerSiteHost(site);
}

type StatusOptions = ServerOptions & { readonly state?: string; readonly mode?: string; readonly text?: string };
async function status({ state, mode, text, ...options }: StatusOptions): Promise<void> {
  const api = await apiOf('site status', options);
  const asked = Object.entries({ state, mode, text }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const query = new URLSearchParams([['limit', '1000'], ...asked] as [string, string][]);
  const answer = (await api.call('GET', `/site/status?${query.toString()}`)) as Status;
  const { counts, items } = answer;
  if (options.json === true) printJson(answer);
  else {
    const states = Object.entries(counts.states).filter(([, count]) => count > 0);
    print(`${counts.total} servers: ${states.map(([name, count]) => `${count} ${name}`).join(', ')}`);
    process.stdout.write(columnsOf(items.map(rowOf)));
  }
  if (counts.states.offline + counts.states.covered > 0) process.exitCode = EXIT_PROBLEM;
}

function rowOf(server: SiteServerView): readonly (string | undefined)[] {
  const { name, mode, state, version, model, load, channels, cameras, watches, coveredBy } = server;
  const { lastBackupAt, lastDrill, lastContactAt } = server;
  const names = (list: readonly { readonly name: string }[]): string => list.map((one) => one.name).join(', ');
  return [
    name,
    mode,
    coveredBy.length > 0 ? `${state} by ${names(coveredBy)}` : state,
    cameras === undefined ? undefined : `${cameras.recording} of ${cameras.total} cameras`,
    channels === undefined ? undefined : `${channels.free} of ${channels.max} channels free`,
    watches.length === 0 ? undefined : `watches ${watches.length > 3 ? `${watches.length} servers` : names(watches)}`,
    load === undefined ? undefined : `load ${load.toFixed(2)}`,
    version,
    model,
    lastBackupAt === undefined ? undefined : `backup ${lastBackupAt}`,
    lastDrill === undefined
      ? undefined
      : `drill ${lastDrill.at}: ${lastDrill.recorded} of ${lastDrill.cameras} cameras`,
    lastContactAt === undefined ? undefined : `heard ${lastContactAt}`,
  ];
}

type PlanOptions = ServerOptions & { readonly failed?: readonly string[] };
async function plan({ failed, ...options }: PlanOptions): Promise<void> {
  const api = await apiOf('site plan', options);
  const ids: string[] = [];
  for (const meant of failed ?? []) ids.push((await findServer(api, meant)).id);
  const made = (
    failed === undefined
      ? await api.call('GET', '/failover/plan')
      : await api.call('POST', '/failover/plan/simulate', { failed: ids })
  ) as Plan;
  const left = made.servers.flatMap(({ name, cameras }) =>
    cameras.filter(({ cause }) => cause !== undefined).map((camera) => ({ server: name, ...camera })),
  );
  if (options.json === true) printJson(made);
  else {
    const covered = made.servers.flatMap(({ cameras }) => cameras).filter(({ coveredBy }) => coveredBy !== undefined);
    print(`${covered.length} cameras of ${made.servers.length} servers would be covered, ${left.length} not.`);
    for (const { name, assigned, channels } of made.spares ?? []) print(`${name}: ${assigned} of ${channels} channels`);
    process.stdout.write(columnsOf(left.map(({ server, name, cause, detail }) => [server, name, cause, detail])));
    for (const { name } of made.servers.filter(({ unknown }) => unknown === true))
      print(`${name} has not told its cameras since the host was started.`);
  }
  if (left.some(({ priority }) => priority !== 'never')) process.exitCode = EXIT_PROBLEM;
}

async function policy(changes: readonly string[], options: ServerOptions): Promise<void> {
  const change = settingsIn(changes);
  const api = await apiOf('site policy', options);
  const site = (
    changes.length === 0 ? await api.call('GET', '/site') : await changeTagged(api, '/site', { policy: change })
  ) as SiteView;
  if (options.json === true) return printJson({ site });
  const { standbyLevels, ...rest } = site.policy;
  const levels = Object.entries(standbyLevels).map(([name, level]) => [`standbyLevels.${name}`, level]);
  const rows = [...Object.entries(rest).map(([name, value]) => [name, String(value)]), ...levels];
  print(site.host === undefined ? 'This server belongs to no site.' : `The host is ${site.host.name}.`);
  if (rows.length === 0) print('Every server decides by its own failover settings.');
  process.stdout.write(columnsOf(rows));
  for (const { name, serverIds } of site.protection) print(`${name} protects ${serverIds.length} servers only.`);
}

type ProtectOptions = ServerOptions & { readonly all?: boolean; readonly none?: boolean };
async function protect(meant: string, servers: readonly string[], options: ProtectOptions): Promise<void> {
  const said = [servers.length > 0, options.all === true, options.none === true].filter(Boolean).length;
  if (said !== 1) throw wrongUse('site protect takes the servers to protect, or --all, or --none');
  const api = await apiOf('site protect', options);
  const spare = await findServer(api, meant);
  const ids: string[] = [];
  for (const server of servers) ids.push((await findServer(api, server)).id);
  const protection = { [spare.id]: options.all === true ? null : ids };
  const site = (await changeTagged(api, '/site', { protection })) as SiteView;
  if (options.json === true) return printJson({ site });
  print(`${spare.name} protects ${options.all === true ? 'all servers' : `${ids.length} servers only`}.`);
}

async function settings(meant: string, changes: readonly string[], options: ServerOptions): Promise<void> {
  const change = settingsIn(changes);
  const api = await apiOf('site settings', options);
  const { id } = await findServer(api, meant);
  const path = `/servers/${id}/failover-settings`;
  const after = (changes.length === 0 ? await api.call('GET', path) : await changeTagged(api, path, change)) as object;
  if (options.json === true) return printJson(after);
  printSettings(after);
}
